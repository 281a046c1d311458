// A session is known by our own number. What a client claims to be identifies nobody, so it can
// disturb nobody.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

TEST(ForwardingIdentity, peers_fault_1_a_claimed_name_and_uuid_ends_no_other_session) {
  Door door;
  Player real(door.rig.endpoint(), door.backend);
  Player thief(door.rig.endpoint(), door.backend);
  EXPECT_EQ(real.hello.hello.claimed_uuid, thief.hello.hello.claimed_uuid);
  EXPECT_TRUE(real.plays());
  EXPECT_TRUE(thief.plays());
  thief.leave();
  EXPECT_TRUE(door.rig.logged({"left", "player=Steve"}));
  EXPECT_TRUE(real.plays());
  EXPECT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 1; }));
  // Nor is the next one kept out by those that are there.
  Player again(door.rig.endpoint(), door.backend);
  EXPECT_TRUE(again.plays());
  EXPECT_TRUE(real.plays());
}

TEST(ForwardingIdentity, each_session_has_a_number_of_its_own_in_the_log) {
  Door door;
  Player first(door.rig.endpoint(), door.backend);
  Player second(door.rig.endpoint(), door.backend);
  first.leave();
  second.leave();
  EXPECT_TRUE(door.rig.logged({"left", "session=1 "}));
  EXPECT_TRUE(door.rig.logged({"left", "session=2 "}));
}

}  // namespace
}  // namespace drawbridge::kit
