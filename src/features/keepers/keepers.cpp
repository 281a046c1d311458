#include "features/keepers/keepers.hpp"

#include <utility>

namespace drawbridge::features::keepers {

Keepers::Keepers(KeeperTools tools) : tools_(std::move(tools)) {}

Keepers::~Keepers() = default;

std::unique_ptr<api::Keeper> Keepers::make(const KeeperOrder& order) {
  switch (order.server.server_manager->type) {
    case config::KeeperType::local:
    case config::KeeperType::docker:
    case config::KeeperType::pterodactyl:
    case config::KeeperType::crafty:
    case config::KeeperType::webhook:
    case config::KeeperType::kubernetes:
      break;
  }
  return nullptr;
}

}  // namespace drawbridge::features::keepers
