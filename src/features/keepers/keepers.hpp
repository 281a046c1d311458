// Which keeper a server gets: one function for each `server_manager.type`, each in a folder of its
// own. What outlives single keepers (processes, connections to a panel) belongs to this.
//
// Control context only.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "api/keeper.hpp"
#include "config/server.hpp"
#include "control/control_thread.hpp"
#include "control/docker_engine.hpp"
#include "control/http_client.hpp"

namespace drawbridge::features::keepers {

namespace local {
class Processes;
}

// What keepers work with; all of it outlives them.
struct KeeperTools {
  control::ControlThread& control;
  control::HttpClient& http;
  std::filesystem::path state_dir;  // what keepers remember over restarts; may not exist yet
  control::DockerEngine* docker = nullptr;  // null: this build has no keepers of containers
};

// For whom a keeper is made; good for the call only.
struct KeeperOrder {
  const config::ServerConfig& server;  // has a server_manager
  const config::GlobalConfig& global;
  // For keepers that push; callable for as long as the keeper lives.
  api::KeeperReports on_report;
};

class Keepers {
 public:
  explicit Keepers(KeeperTools tools);
  ~Keepers();
  Keepers(const Keepers&) = delete;
  Keepers& operator=(const Keepers&) = delete;

  // Null: this build has none of that type.
  std::unique_ptr<api::Keeper> make(const KeeperOrder& order);
  // After the keepers' own proxy_ends(): ends what no keeper speaks for any more. `done` is called
  // when that has happened.
  void proxy_ends(const std::function<void()>& done);

 private:
  KeeperTools tools_;
  std::unique_ptr<local::Processes> processes_;
};

}  // namespace drawbridge::features::keepers
