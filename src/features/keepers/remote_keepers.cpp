#include "features/keepers/remote_keepers.hpp"

#include <fmt/format.h>

#include <utility>

#include "config/secret_text.hpp"
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

Result<webhook::WebhookKeeper::Secrets> secrets_of(const config::ServerManager& settings) {
  webhook::WebhookKeeper::Secrets out;
  if (settings.secret) {
    auto secret = config::read_secret_text(*settings.secret);
    if (!secret) return std::unexpected(std::move(secret.error()));
    out.signing = std::move(*secret);
  }
  for (const auto& [name, text] : settings.headers) {
    auto value = config::read_secret_text(text);
    if (!value) return std::unexpected(std::move(value.error()));
    out.headers.push_back({name, std::move(*value)});
  }
  return out;
}

std::unique_ptr<api::Keeper> make_webhook(const KeeperTools& tools,
                                          const config::ServerConfig& server) {
  auto secrets = secrets_of(*server.server_manager);
  if (!secrets) return std::make_unique<UnusableKeeper>(tools.control, std::move(secrets.error()));
  return std::make_unique<webhook::WebhookKeeper>(tools.control, tools.http, server,
                                                  std::move(*secrets));
}

template <typename Panel>
std::unique_ptr<api::Keeper> make_panel(const KeeperTools& tools,
                                        const config::ServerManager& settings) {
  auto key = config::read_secret_text(settings.api_key);
  if (!key) return std::make_unique<UnusableKeeper>(tools.control, std::move(key.error()));
  return std::make_unique<Panel>(tools.control, tools.http, settings, *key);
}

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
      return make_panel<panels::PterodactylKeeper>(tools, settings);
    case config::KeeperType::crafty:
      return make_panel<panels::CraftyKeeper>(tools, settings);
    case config::KeeperType::webhook:
      return make_webhook(tools, order.server);
    case config::KeeperType::local:
    case config::KeeperType::kubernetes:
      break;
  }
  return nullptr;
}

}  // namespace drawbridge::features::keepers
