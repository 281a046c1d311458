// Starts and stops (or pauses) a container that exists: by its name, or by a Compose project and
// service. Told by the engine's events, so that what others do to the container is known at once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/keeper.hpp"
#include "config/server.hpp"
#include "control/control_thread.hpp"
#include "control/docker_container.hpp"
#include "control/docker_engine.hpp"

namespace drawbridge::features::keepers::docker {

class DockerKeeper final : public api::Keeper {
 public:
  // A server that ended badly counts as crashed for so long, then as stopped.
  static constexpr Duration crash_shown = seconds(30);

  // `control` and `engine` outlive the keeper. `settings.container` must be set.
  DockerKeeper(control::ControlThread& control, control::DockerEngine& engine,
               const config::ServerManager& settings, api::KeeperReports on_report);

  [[nodiscard]] api::KeeperAbilities abilities() const override { return {.pushes = true}; }
  void start(api::WakeRequest request, StartDone done) override;
  void stop(api::StopRequest request, StopDone done) override;
  void query(QueryDone done) override;
  void proxy_ends(std::function<void()> done) override { control_.post(std::move(done)); }

 private:
  using Found = std::function<void(Result<std::string>)>;
  using Inspected = std::function<void(Result<control::DockerContainer>)>;
  void find(Found found);
  void inspect(Inspected inspected);
  void order(const std::string& what, Duration timeout, const StopDone& done);
  void heard(const control::DockerEvent& event);
  void died(const control::DockerEvent& event);
  void report_soon();
  [[nodiscard]] api::KeeperReport report_of(const control::DockerContainer& container) const;
  // The function, doing nothing once the keeper is gone.
  template <typename F>
  auto guarded(F function) {
    return [alive = std::weak_ptr(alive_), function = std::move(function)](auto answer) mutable {
      if (!alive.expired()) function(std::move(answer));
    };
  }

  control::ControlThread& control_;
  control::DockerEngine& engine_;
  const std::string container_;  // as configured
  const config::IdleAction idle_action_;
  const Duration stop_time_;
  api::KeeperReports on_report_;
  std::string id_;     // of the container that was seen last
  std::string crash_;  // why it ended, while that is shown
  control::Timer crash_timer_, report_timer_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  control::DockerEngine::Listening listening_;
};

}  // namespace drawbridge::features::keepers::docker
