// Servers from the labels of containers, kept up to date by the engine's events.
//
// After every connect to the engine, and now and then besides, all containers are compared; an
// event makes its container be read again. While the engine is away what was known stays.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/global.hpp"
#include "control/control_thread.hpp"
#include "control/docker_container.hpp"
#include "control/docker_engine.hpp"
#include "features/docker/labels.hpp"

namespace drawbridge::features::docker {

struct DockerBatch {
  std::map<std::string, config::LoadedServer> described;  // by server id; new ones and changed ones
  std::vector<std::string> gone;                          // server ids
  std::string default_server;                             // id, or empty
};

class DockerProvider {
 public:
  // Never called inside a call of ours. The first comes when all containers have been read,
  // whatever they are; later ones only with something new.
  using OnBatch = std::function<void(DockerBatch)>;

  // Control context, as all that follows. `control` and `engine` outlive the provider. `own_id`:
  // the container that we run in, or empty.
  DockerProvider(control::ControlThread& control, control::DockerEngine& engine,
                 config::Docker settings, std::string own_id, OnBatch on_batch);
  DockerProvider(const DockerProvider&) = delete;
  DockerProvider& operator=(const DockerProvider&) = delete;

  // Reads everything anew (SIGHUP, a command).
  void resync();

 private:
  void heard(const control::DockerEvent& event);
  void link_changed(bool up);
  void listed(Result<control::HttpResponse> answer, std::uint64_t round);
  void read_soon(const std::string& id);
  void read(const std::string& id);
  void has_read(const std::string& id, Result<control::HttpResponse> answer);
  void read_own_container();
  void plan_comparison();
  void settle();
  void publish();

  control::ControlThread& control_;
  control::DockerEngine& engine_;
  const config::Docker settings_;
  const std::string own_id_;
  OnBatch on_batch_;
  LabelSettings labels_;
  std::map<std::string, control::DockerContainer> containers_;  // those with our labels, by id
  std::set<std::string> unread_;                                // ids to read again
  std::size_t reading_ = 0;
  std::uint64_t rounds_ = 0;  // comparisons begun
  std::map<std::string, Described> published_;
  std::string published_default_;
  bool has_published_ = false;
  std::string fault_;  // the last complaint about a comparison
  control::Timer read_timer_, comparison_timer_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  control::DockerEngine::Listening listening_;
};

}  // namespace drawbridge::features::docker
