#include "core/commands/permissions.hpp"

#include <gtest/gtest.h>

namespace drawbridge::core {
namespace {

using api::Availability;
using api::Caller;
using api::Command;

Caller player(std::string name, bool verified) {
  return {.kind = Caller::Kind::player,
          .name = std::move(name),
          .uuid = Uuid::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5"),
          .verified = verified};
}
config::Permissions of(std::vector<std::string> admins, std::vector<std::string> opened = {}) {
  config::Permissions out;
  out.admins = std::move(admins);
  out.player_commands = std::move(opened);
  return out;
}
Command command(std::string name, Availability in_game) {
  Command out;
  out.name = std::move(name);
  out.in_game = in_game;
  return out;
}
const Command kick = command("kick", Availability::admin);
const Command list = command("list", Availability::may_be_opened);
const Command drain = command("drain", Availability::console);

TEST(Permissions, an_admin_is_who_the_session_server_vouched_for) {
  const Permissions some(of({"Notch"}), {});
  EXPECT_TRUE(some.may_use(player("nOtch", true), kick));
  EXPECT_FALSE(some.may_use(player("Notch", false), kick)) << "anybody may claim a name";
  EXPECT_FALSE(some.may_use(player("Steve", true), kick));
  EXPECT_FALSE(some.may_use(player("Notch", true), drain)) << "the console's alone";
  EXPECT_TRUE(some.may_use({}, drain)) << "the console itself";
}

TEST(Permissions, unverified_admins_must_be_trusted_explicitly) {
  config::Permissions trusting = of({"Notch"});
  trusting.trust_offline_admins = true;
  const Permissions some(trusting, {});
  EXPECT_TRUE(some.may_use(player("Notch", false), kick));
  EXPECT_FALSE(some.may_use(player("Steve", false), kick));
}

TEST(Permissions, admins_may_be_named_by_uuid_and_until_the_next_start) {
  const Permissions some(of({"069a79f444e94726a5befca90e38aaf5"}), {"Alex"});
  EXPECT_TRUE(some.is_admin(player("Anybody", true)));
  const Caller alex{.kind = Caller::Kind::player, .name = "Alex", .verified = true};
  EXPECT_TRUE(some.is_admin(alex));
}

TEST(Permissions, player_commands_open_what_may_be_opened_and_nothing_else) {
  const Permissions closed({}, {});
  EXPECT_FALSE(closed.may_use(player("Steve", true), list));
  const Permissions one(of({}, {"list"}), {});
  EXPECT_TRUE(one.may_use(player("Steve", false), list));
  EXPECT_FALSE(one.may_use(player("Steve", false), command("find", Availability::may_be_opened)));
  const Permissions all(of({}, {"*"}), {});
  EXPECT_TRUE(all.may_use(player("Steve", false), list));
  EXPECT_FALSE(all.may_use(player("Steve", false), kick));
}

}  // namespace
}  // namespace drawbridge::core
