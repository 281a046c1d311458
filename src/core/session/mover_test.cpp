// Which kicks tell of the server; how players are moved is in the scenarios.
#include "core/session/mover.hpp"

#include <gtest/gtest.h>

#include "config/global.hpp"

namespace drawbridge::core {
namespace {

TEST(FallbackOnKick, TheDefaultTellsStopsFromBans) {
  const std::vector<std::string> usual = config::GlobalConfig().fallback_on_kick;
  for (const char* reason : {"Server closed", "multiplayer.disconnect.server_shutdown",
                             "The server is RESTARTING now", "Shutting down for the night"})
    EXPECT_TRUE(has_words_of(reason, usual)) << reason;
  for (const char* reason :
       {"You are banned", "Flying is not enabled on this server", "Kicked", ""})
    EXPECT_FALSE(has_words_of(reason, usual)) << reason;
}

TEST(FallbackOnKick, AStarStandsForAnything) {
  EXPECT_TRUE(has_words_of("anything", {"*"}));
  EXPECT_TRUE(has_words_of("", {"*"}));
  EXPECT_TRUE(has_words_of("a map RESET of the spawn", {"map*spawn"}));
  EXPECT_FALSE(has_words_of("the spawn has a new map", {"map*spawn"}));
  EXPECT_FALSE(has_words_of("map", {"map*map"}));
  EXPECT_FALSE(has_words_of("anything", {}));
}

}  // namespace
}  // namespace drawbridge::core
