#include "config/diff.hpp"

#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

GlobalConfig global(std::string_view text) {
  const Loaded loaded = load_global(text, "g.toml");
  EXPECT_TRUE(loaded.config) << text_of(loaded.problems);
  return loaded.config.value_or(GlobalConfig());
}

TEST(Diff, SortsChangesByWhenTheyTakeEffect) {
  const Changes changes = diff(global("worker_threads = 1\n[keepalive]\ntime = '5s'"),
                               global("worker_threads = 2\nmax_connections = 5\nconnect_timeout = "
                                      "'1s'\n[kick_messages]\nfull = 'x'"));
  EXPECT_THAT(changes.live, ElementsAre("max_connections", "kick_messages", "connect_timeout"));
  EXPECT_THAT(changes.new_connections, ElementsAre("keepalive.time"));
  EXPECT_THAT(changes.restart, ElementsAre("worker_threads"));
  EXPECT_TRUE(diff(GlobalConfig(), GlobalConfig()).empty());
}

TEST(Diff, ListsAndTablesByName) {
  const GlobalConfig one =
      global("[[listener]]\nbind = '127.0.0.1:1'\n[plugins.a]\nenabled = true");
  const GlobalConfig renamed =
      global("[[listener]]\nbind = '127.0.0.1:1'\nname = 'x'\n[plugins.a]\nenabled = false");
  EXPECT_THAT(diff(one, renamed).live, ElementsAre("listener[0].name", "plugins.a.enabled"));
  const GlobalConfig other = global(
      "[[listener]]\nbind = '127.0.0.1:1'\n[[listener]]\nbind = "
      "'127.0.0.1:2'\n[plugins.b]\nenabled = true");
  EXPECT_THAT(diff(one, other).live, ElementsAre("listener", "plugins"));
  EXPECT_THAT(diff(one, global("[cluster]\nurl = 'redis://x'")).restart, ElementsAre("cluster"));
}

TEST(Diff, AReloadKeepsWhatNeedsARestart) {
  const GlobalConfig running =
      global("worker_threads = 1\nmax_connections = 1\n[ban]\nfile = 'a.json'");
  const GlobalConfig next = global(
      "worker_threads = 2\nmax_connections = 2\n[ban]\nfile = 'b.json'\npurge_interval = "
      "'1s'\n[cluster]\nurl = 'redis://x'");
  const GlobalConfig live = without_restart_keys(running, next);
  EXPECT_EQ(live.worker_threads, 1u);
  EXPECT_EQ(live.ban.file, "a.json");
  EXPECT_FALSE(live.cluster);
  EXPECT_EQ(live.max_connections, 2u);
  EXPECT_EQ(live.ban.purge_interval, Duration(seconds(1)));
  EXPECT_THAT(diff(running, live).restart, IsEmpty());
}

}  // namespace
}  // namespace drawbridge::config
