#include "core/commands/permissions.hpp"

#include <utility>

#include "base/strings.hpp"

namespace drawbridge::core {

Permissions::Permissions(const config::Permissions& config, const std::set<std::string>& also)
    : trusts_unverified_(config.trust_offline_admins), has_server_command_(config.server_command) {
  const auto add = [this](const std::string& admin) {
    if (const auto uuid = Uuid::parse(admin))
      uuids_.insert(*uuid);
    else
      names_.insert(lowered(admin));
  };
  for (const std::string& admin : config.admins) add(admin);
  for (const std::string& admin : also) add(admin);
  admins_.set("drawbridge.*", true);
  for (const std::string& command : config.player_commands)
    everybody_.set("drawbridge.command." + command, true);
}

bool Permissions::is_admin(const api::Caller& caller) const {
  if (caller.is_console()) return true;
  if (!caller.verified && !trusts_unverified_) return false;
  return names_.contains(lowered(caller.name)) || (caller.uuid && uuids_.contains(*caller.uuid));
}

bool Permissions::may_use(const api::Caller& caller, const api::Command& command) const {
  if (caller.is_console()) return true;
  if (command.in_game == api::Availability::console) return false;
  if (is_admin(caller)) return admins_.allows(command.node());
  return command.in_game == api::Availability::may_be_opened && everybody_.allows(command.node());
}

void PermissionBook::set(std::shared_ptr<const Permissions> permissions) {
  const std::scoped_lock lock(mutex_);
  permissions_ = std::move(permissions);
}

std::shared_ptr<const Permissions> PermissionBook::now() const {
  const std::scoped_lock lock(mutex_);
  return permissions_;
}

}  // namespace drawbridge::core
