// What strangers may make the proxy hold has an end: the oldest go, players stay, and who wants to
// join gets in.
#include <gtest/gtest.h>

#include <fstream>

#include "kit/backend_door.hpp"
#include "kit/door.hpp"
#include "kit/player.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

// Sources of their own, so that no limit of one source stands in the way.
IpAddress nth_source(std::uint32_t n) {
  return IpAddress::v4(0x7F010000U + n);
}

TEST(GateStrangers, the_oldest_go_when_their_memory_is_used_up) {
  Door door("play.example", {.server = {},
                             .global = "worker_threads = 1\nlimits.stranger_memory = \"1MiB\"\n"
                                       "limits.setup_timeout = \"60s\"\n"});
  Player plays(door.rig.endpoint(), door.backend);
  std::vector<Wire> strangers;
  // 12 KiB each: about 85 of them fill a MiB.
  for (std::uint32_t n = 0; n < 300; ++n) {
    strangers.push_back(Wire::connect(door.rig.endpoint(), nth_source(n)));
    strangers.back().send("\x20");
  }
  EXPECT_TRUE(strangers.front().ends());
  EXPECT_TRUE(strangers[200].ends());
  EXPECT_FALSE(strangers.back().ends(Duration::zero())) << "the newest stay";
  EXPECT_TRUE(door.rig.logged({"dropped before login", "memory of strangers"}));
  EXPECT_TRUE(plays.plays());
  EXPECT_TRUE(Player(door.rig.endpoint(), door.backend, "play.example", "Alex").plays());
}

TEST(GateStrangers, the_limit_changes_live) {
  Door door("play.example",
            {.server = {}, .global = "worker_threads = 1\nlimits.setup_timeout = \"60s\"\n"});
  std::vector<Wire> strangers;
  for (std::uint32_t n = 0; n < 300; ++n)
    strangers.push_back(Wire::connect(door.rig.endpoint(), nth_source(n)));
  ASSERT_TRUE(eventually([&] { return door.rig.daemon().proxy().connections() == 300; }));
  door.rig.write_global(
      "worker_threads = 1\nlimits.setup_timeout = \"60s\"\nlimits.stranger_memory = \"1MiB\"\n");
  EXPECT_TRUE(strangers.front().ends());
  EXPECT_FALSE(strangers.back().ends(Duration::zero()));
}

// A sanitizer keeps what was freed, and shadows of all.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

std::size_t resident(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::string line;
  while (std::getline(in, line))
    if (line.starts_with("Rss:")) return std::stoul(line.substr(4)) * 1024;
  return 0;
}

// A botnet: 100,000 hellos that are begun and never ended, each from an address of its own. The
// process grows by no more than the budget and a fifth, and an honest join takes its ordinary time.
TEST(GateStrangers, a_hundred_thousand_half_open_hellos_stay_within_the_budget) {
  FakeServer backend;
  TempFolder folder;
  folder.write("drawbridge.toml",
               "bind = \"127.0.0.1:0\"\nworker_threads = 2\nlimits.stranger_memory = \"4MiB\"\n"
               "limits.setup_timeout = \"60s\"\n");
  folder.write("servers/lobby.toml", server_file("play.example", backend.address()));
  Program proxy(DRAWBRIDGE_PROGRAM, {.arguments = {"run", "-c", "drawbridge.toml"},
                                     .folder = folder.path(),
                                     .descriptors = 4000});
  const Endpoint at = proxy.endpoint();
  Player plays(at, backend);
  EXPECT_TRUE(plays.plays());
  const std::size_t before = resident(proxy.pid());
  constexpr std::uint32_t total = 100'000;
  constexpr std::size_t at_once = 2'500;
  std::vector<Wire> strangers(at_once);
  std::size_t most = 0;
  for (std::uint32_t n = 0; n < total; ++n) {
    Wire& place = strangers[n % at_once];
    place = Wire::connect(at, nth_source(n));
    place.send("\x20\x00");
    if (n % 20'000 == 19'999) {
      most = std::max(most, resident(proxy.pid()));
      const TimePoint began = Clock::now();
      EXPECT_TRUE(Player(at, backend, "play.example", "Honest").plays());
      const Duration joined = Clock::now() - began;
      EXPECT_LT(joined, seconds(2)) << "of those who wait, the honest one has to come first";
      RecordProperty("join_ms_" + std::to_string(n + 1),
                     static_cast<int>(joined / milliseconds(1)));
    }
  }
  if (!sanitized) EXPECT_LE(most - before, (std::size_t{4} << 20) * 12 / 10) << most - before;
  RecordProperty("growth_kib", static_cast<int>((most - before) >> 10));
  EXPECT_TRUE(plays.plays()) << "a player went for strangers";
}

// In `offline` mode a stranger stays one until it plays: what it answers to a modded server's
// questions counts.
TEST(GateStrangers, long_answers_during_the_login_count) {
  BackendDoor door({.global = "worker_threads = 1\nlimits.stranger_memory = \"1MiB\"\n"});
  LoginClient greedy = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(
      backend.link.write(mc::LoginPluginRequest{.id = 1, .channel = "fml:handshake", .data = {1}}));
  ASSERT_TRUE(greedy.link.read());
  Wire other = Wire::connect(door.rig().endpoint());
  ASSERT_TRUE(other.send("\x20"));
  ByteBuffer part(700'000, 0);
  part[0] = 0x80 | 0x20;  // a frame of 900,000 bytes, most of which come
  part[1] = 0x80 | 0x77;
  part[2] = 0x36;
  greedy.link.wire.send(part);
  EXPECT_TRUE(greedy.link.wire.ends());
  EXPECT_TRUE(door.rig().logged({"dropped before login", "memory of strangers"}));
  EXPECT_FALSE(other.ends(Duration::zero()));
}

}  // namespace
}  // namespace drawbridge::kit
