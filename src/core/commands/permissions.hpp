// The built-in answer to "who may do that": admins hold every node of the game's commands,
// everybody else what permissions.player_commands opens.
//
// Names of admins are compared with the name that the session server has vouched for. An
// unverified player's name proves nothing, so it makes an admin only with trust_offline_admins.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "api/command.hpp"
#include "api/permission.hpp"
#include "base/uuid.hpp"
#include "config/global.hpp"

namespace drawbridge::core {

class Permissions {
 public:
  // `also`: admins until the next start, by name or UUID.
  Permissions(const config::Permissions& config, const std::set<std::string>& also);

  [[nodiscard]] bool is_admin(const api::Caller& caller) const;
  [[nodiscard]] bool may_use(const api::Caller& caller, const api::Command& command) const;
  // Whether `/server` is ours where its caller may use it.
  [[nodiscard]] bool has_server_command() const { return has_server_command_; }

 private:
  std::set<std::string, std::less<>> names_;  // lower case
  std::set<Uuid> uuids_;
  bool trusts_unverified_;
  bool has_server_command_;
  api::PermissionSet admins_;
  api::PermissionSet everybody_;
};

// The permissions of this moment. Thread-safe: one short lock a question, and questions come with
// commands and log-ins.
class PermissionBook {
 public:
  void set(std::shared_ptr<const Permissions> permissions);
  [[nodiscard]] std::shared_ptr<const Permissions> now() const;  // never null

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Permissions> permissions_ =
      std::make_shared<const Permissions>(config::Permissions{}, std::set<std::string>{});
};

}  // namespace drawbridge::core
