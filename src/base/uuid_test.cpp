#include "base/uuid.hpp"

#include <gtest/gtest.h>

namespace drawbridge {
namespace {

// Computed with Python's hashlib and uuid; the first is also in many servers' user caches.
TEST(Uuid, OfflineUuidIsThatOfVanillaServers) {
  EXPECT_EQ(offline_uuid("Notch").text(), "b50ad385-829d-3141-a216-7e7d7539ba7f");
  EXPECT_EQ(offline_uuid("jeb_").text(), "a762f560-4fce-3236-812a-b80efff0b62b");
  EXPECT_EQ(offline_uuid("Dinnerbone").text(), "4d258a81-2358-3084-8166-05b9faccad80");
  EXPECT_NE(offline_uuid("notch"), offline_uuid("Notch"));
}

TEST(Uuid, ReadsBothFormsInAnyCase) {
  const auto dashed = Uuid::parse("B50AD385-829d-3141-a216-7e7d7539ba7f");
  const auto undashed = Uuid::parse("b50ad385829d3141a2167e7d7539BA7F");
  ASSERT_TRUE(dashed);
  EXPECT_EQ(dashed, undashed);
  EXPECT_EQ(dashed->undashed(), "b50ad385829d3141a2167e7d7539ba7f");
}

TEST(Uuid, RefusesEverythingElse) {
  for (const char* bad :
       {"", "b50ad385829d3141a2167e7d7539ba7", "b50ad385829d3141a2167e7d7539ba7f0",
        "b50ad385829d-3141-a216-7e7d-7539ba7f", "b50ad385-829d-3141-a216-7e7d7539ba7g",
        "b50ad385-829d-3141-a2167-e7d7539ba7f", "{50ad385-829d-3141-a216-7e7d7539ba7}"})
    EXPECT_FALSE(Uuid::parse(bad)) << bad;
}

}  // namespace
}  // namespace drawbridge
