// Keys of features that this build does not have are accepted, and the program says so when it
// starts and when a file brings one along.
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view sleeping =
    "[server_manager]\ntype = \"kubernetes\"\nobject = \"survival\"\n";

TEST(RunningInactive, keys_of_both_kinds_of_files_are_named) {
  Door door("play.example",
            {.server = std::string(sleeping), .global = "[cluster]\nurl = \"redis://127.0.0.1\""});
  ASSERT_EQ(door.rig.start_code(), 0) << door.rig.whole_log();
  EXPECT_TRUE(door.rig.logged({"WARN", "accepted, not active yet", "key=cluster"}));
  EXPECT_TRUE(
      door.rig.logged({"WARN", "accepted, not active yet", "lobby.toml", "server_manager"}));
  door.rig.write_server("other", server_file("other.example", door.backend.address(), sleeping));
  EXPECT_TRUE(
      door.rig.logged({"WARN", "accepted, not active yet", "other.toml", "server_manager"}));
}

}  // namespace
}  // namespace drawbridge::kit
