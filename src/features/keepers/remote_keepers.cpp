#include "features/keepers/remote_keepers.hpp"

#include <utility>

#include "features/keepers/docker/docker_keeper.hpp"
#include "features/keepers/panels/crafty_keeper.hpp"
#include "features/keepers/panels/pterodactyl_keeper.hpp"
#include "features/keepers/webhook/webhook_keeper.hpp"

namespace drawbridge::features::keepers {

namespace {

// Something that it needs is missing; every question gets that as its answer.
class UnusableKeeper final : public api::Keeper {
 public:
  UnusableKeeper(control::ControlThread& control, Error error)
      : control_(control), error_(std::move(error)) {}

  [[nodiscard]] api::KeeperAbilities abilities() const override { return {}; }
  void start(api::WakeRequest, StartDone done) override { refuse(std::move(done)); }
  void stop(api::StopRequest, StopDone done) override { refuse(std::move(done)); }
  void query(QueryDone done) override { refuse(std::move(done)); }
  void proxy_ends(std::function<void()> done) override { control_.post(std::move(done)); }

 private:
  template <typename Done>
  void refuse(Done done) {
    control_.post([done = std::move(done), error = error_, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) done(std::unexpected(error));
    });
  }

  control::ControlThread& control_;
  const Error error_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

std::unique_ptr<api::Keeper> make_docker(const KeeperTools& tools, const KeeperOrder& order) {
  if (tools.docker == nullptr) return nullptr;
  if (!order.server.server_manager->container)
    return std::make_unique<UnusableKeeper>(
        tools.control, Error{"server_manager.container is not set", Fault::proxy});
  return std::make_unique<docker::DockerKeeper>(tools.control, *tools.docker,
                                                *order.server.server_manager, order.on_report);
}

}  // namespace

std::unique_ptr<api::Keeper> make_remote(const KeeperTools& tools, const KeeperOrder& order) {
  const config::ServerManager& settings = *order.server.server_manager;
  switch (settings.type) {
    case config::KeeperType::docker:
      return make_docker(tools, order);
    case config::KeeperType::pterodactyl:
      return std::make_unique<panels::PterodactylKeeper>(tools.control, tools.http, settings);
    case config::KeeperType::crafty:
      return std::make_unique<panels::CraftyKeeper>(tools.control, tools.http, settings);
    case config::KeeperType::webhook:
      return std::make_unique<webhook::WebhookKeeper>(tools.control, tools.http, order.server);
    case config::KeeperType::local:
    case config::KeeperType::kubernetes:
      break;
  }
  return nullptr;
}

}  // namespace drawbridge::features::keepers
