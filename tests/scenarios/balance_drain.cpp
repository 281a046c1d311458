// Addresses taken out of service by hand: no new players, those who are there stay, and a restart
// changes nothing.
#include <gtest/gtest.h>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

struct Two {
  Two()
      : rig({.global = {},
             .servers = {{"lobby", fmt::format("domains = [\"play.example\"]\n"
                                               "addresses = [\"{}\", \"{}\"]",
                                               first.address(), second.address())}}}) {}
  FakeServer first;
  FakeServer second;
  ProxyRig rig;
};

TEST(BalanceDrain, a_drained_address_gets_no_new_players_and_keeps_those_it_has) {
  Two at;
  Player stays(at.rig.endpoint(), at.first);
  ASSERT_TRUE(at.rig.daemon().drain("lobby", at.first.address(), true));
  EXPECT_TRUE(Player(at.rig.endpoint(), at.second).plays());
  EXPECT_TRUE(stays.plays());
  ASSERT_TRUE(at.rig.daemon().drain("lobby", at.first.address(), false));
  EXPECT_TRUE(Player(at.rig.endpoint(), at.first).plays());
}

TEST(BalanceDrain, with_every_address_drained_players_are_told_so) {
  Two at;
  for (const auto* server : {&at.first, &at.second})
    ASSERT_TRUE(at.rig.daemon().drain("lobby", server->address(), true));
  FakeClient client(at.rig.endpoint());
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(client.kicked().has_value());
  EXPECT_TRUE(at.rig.logged({"backend unreachable", "every address is drained"}));
}

TEST(BalanceDrain, is_kept_over_a_restart) {
  Two at;
  ASSERT_TRUE(at.rig.daemon().drain("lobby", at.first.address(), true));
  at.rig.restart();
  EXPECT_TRUE(Player(at.rig.endpoint(), at.second).plays());
  EXPECT_FALSE(at.first.accept(Duration::zero()).open());
}

TEST(BalanceDrain, the_file_may_be_written_by_hand_while_it_runs) {
  Two at;
  at.rig.folder().write("drained.txt", fmt::format("lobby {} # update\n", at.first.address()));
  ASSERT_TRUE(at.rig.logged({"address drained", "server=lobby", at.first.address()}));
  EXPECT_TRUE(Player(at.rig.endpoint(), at.second).plays());
  at.rig.folder().remove("drained.txt");
  ASSERT_TRUE(at.rig.logged({"address no longer drained", at.first.address()}));
  EXPECT_TRUE(Player(at.rig.endpoint(), at.first).plays());
}

TEST(BalanceDrain, a_slip_in_the_file_is_told_and_not_confirmed) {
  Two at;
  at.rig.folder().write("drained.txt",
                        fmt::format("lobby 1.2.3.4:25566\nlater {}\n", at.first.address()));
  EXPECT_TRUE(at.rig.logged({"a line drains nothing", "lobby has no address 1.2.3.4:25566 (yet)"}));
  EXPECT_TRUE(at.rig.logged({"a line drains nothing", "there is no server later (yet)"}));
  EXPECT_EQ(at.rig.log_lines({"address drained"}), 0U);
  at.rig.write_server("later", server_file("later.example", at.first.address()));
  EXPECT_TRUE(at.rig.logged({"address drained", "server=later", at.first.address()}));
  FakeClient client(at.rig.endpoint());
  client.log_in("later.example", "Steve");
  EXPECT_TRUE(client.kicked().has_value());
  EXPECT_EQ(at.rig.log_lines({"a line drains nothing"}), 2U) << "once each";
}

TEST(BalanceDrain, what_does_not_exist_cannot_be_drained) {
  Two at;
  EXPECT_FALSE(at.rig.daemon().drain("lobby", "127.0.0.9:1", true));
  EXPECT_FALSE(at.rig.daemon().drain("nobody", at.first.address(), true));
  EXPECT_FALSE(at.rig.daemon().drain("lobby", "http://x", true));
}

}  // namespace
}  // namespace drawbridge::kit
