#include "features/keepers/keepers.hpp"

#include <utility>

#include "features/keepers/local/processes.hpp"
#include "features/keepers/remote_keepers.hpp"

namespace drawbridge::features::keepers {

Keepers::Keepers(KeeperTools tools)
    : tools_(std::move(tools)),
      processes_(std::make_unique<local::Processes>(tools_.control, tools_.state_dir)) {}

Keepers::~Keepers() = default;

std::unique_ptr<api::Keeper> Keepers::make(const KeeperOrder& order) {
  switch (order.server.server_manager->type) {
    case config::KeeperType::local:
      return processes_->make(order);
    case config::KeeperType::docker:
    case config::KeeperType::pterodactyl:
    case config::KeeperType::crafty:
    case config::KeeperType::webhook:
      return make_remote(tools_, order);
    case config::KeeperType::kubernetes:
      break;
  }
  return nullptr;
}

void Keepers::proxy_ends(const std::function<void()>& done) {
  processes_->end_all(done);
}

}  // namespace drawbridge::features::keepers
