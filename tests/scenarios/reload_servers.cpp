// Server files edited while players are on: added, changed, broken, removed, replaced the way
// editors do it.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

// A ping that leads to the file with these words, as soon as its world has reached the workers.
bool leads_to(ProxyRig& rig, std::string_view host, std::string_view words) {
  return eventually([&] { return where(rig, host) == words; });
}

const std::string sign_a = signpost("[\"a.example\"]", "this is a");

TEST(ReloadServers, a_file_that_is_added_is_served) {
  FakeServer backend;
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}}});
  rig.write_server("lobby", server_file("play.example", backend.address()));
  EXPECT_TRUE(rig.logged({"servers changed", "added=lobby"}));
  Player player(rig.endpoint(), backend);
  EXPECT_TRUE(player.plays());
  EXPECT_EQ(where(rig, "a.example"), "this is a");
}

// Not an error: what leads there (a route, a fallback, another file) may come in the next moment.
TEST(ReloadServers, a_server_that_nothing_leads_to_is_served_with_a_warning) {
  FakeServer backend;
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server_file("play.example", backend.address())}}});
  rig.write_server("lobby", fmt::format("addresses = [\"{}\"]\n", backend.address()));
  EXPECT_TRUE(rig.logged({"WARN", "lobby.toml", "nothing leads to this server"}));
  EXPECT_EQ(rig.log_lines({"ERROR"}), 0U);
  FakeClient client(rig.endpoint());
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(client.kicked().has_value()) << "as the file says";
  rig.write_global("default_server = \"lobby\"");
  EXPECT_TRUE(Player(rig.endpoint(), backend).plays());
}

TEST(ReloadServers, a_file_that_is_changed_leads_newcomers_elsewhere_and_disturbs_nobody) {
  FakeServer before;
  FakeServer after;
  ProxyRig rig(
      {.global = {}, .servers = {{"lobby", server_file("play.example", before.address())}}});
  Player stays(rig.endpoint(), before, "play.example", "Stays");
  rig.write_server("lobby", server_file("play.example", after.address()));
  EXPECT_TRUE(rig.logged({"servers changed", "updated=lobby"}));
  Player comes(rig.endpoint(), after, "play.example", "Comes");
  EXPECT_TRUE(comes.plays());
  EXPECT_TRUE(stays.plays());
  stays.leave();
  EXPECT_TRUE(rig.logged({"left", "player=Stays", "backend=" + before.address()}));
}

TEST(ReloadServers, a_file_that_was_bad_for_want_of_another_is_read_again_on_reload) {
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}}});
  rig.write_server("a", signpost("[\"a.example\"]", "guarded",
                                 "[ip_filter]\nblacklist_file = \"strangers.txt\""));
  EXPECT_TRUE(rig.logged({"ERROR", "strangers.txt does not exist"}));
  EXPECT_EQ(rig.daemon().reload().errors, 1U) << "it is as bad as before, and counts";
  EXPECT_EQ(where(rig, "a.example"), "this is a");
  rig.folder().write("servers/strangers.txt", "203.0.113.7\n");
  EXPECT_EQ(rig.daemon().reload().errors, 0U);
  EXPECT_EQ(where(rig, "a.example"), "guarded");
  EXPECT_EQ(rig.daemon().reload().updated.size(), 0U) << "it is good now, and is not read anew";
}

TEST(ReloadServers, a_file_that_is_broken_keeps_its_last_good_version) {
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}}});
  EXPECT_EQ(where(rig, "a.example"), "this is a");
  rig.write_server("a",
                   "domains = [\"a.example\"]\naddresses = [\"127.0.0.1:1\"]\nmax_playrs = 3\n");
  EXPECT_TRUE(rig.logged({"ERROR", "a.toml:3", "max_playrs", "max_players"}));
  EXPECT_TRUE(rig.logged({"ERROR", "last good version"}));
  EXPECT_EQ(where(rig, "a.example"), "this is a");
  rig.write_server("a", "domains = [");
  EXPECT_EQ(where(rig, "a.example"), "this is a");
  rig.write_server("a", signpost("[\"a.example\"]", "mended"));
  EXPECT_TRUE(leads_to(rig, "a.example", "mended"));
}

TEST(ReloadServers, a_broken_file_at_start_is_left_out_and_the_others_run) {
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}, {"b", "domains = 7"}}});
  EXPECT_EQ(rig.start_code(), 0);
  EXPECT_TRUE(rig.logged({"ERROR", "b.toml:1"}));
  EXPECT_EQ(where(rig, "a.example"), "this is a");
}

TEST(ReloadServers, players_on_a_server_whose_file_goes_stay_there) {
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", backend.address())},
                            {"other", server_file("other.example", backend.address())}}});
  Player stays(rig.endpoint(), backend);
  rig.remove_server("lobby");
  EXPECT_TRUE(rig.logged({"servers changed", "removed=lobby"}));
  EXPECT_TRUE(eventually([&] {
    FakeClient late(rig.endpoint());
    late.log_in("play.example", "Late");
    const auto words = late.kicked();
    if (!words) backend.accept(Duration::zero());
    return words.has_value();
  }));
  EXPECT_TRUE(stays.plays());
}

TEST(ReloadServers, a_file_that_is_replaced_the_way_editors_do_is_seen) {
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}}});
  const auto file = rig.folder().path() / "servers" / "a.toml";
  const auto text = [](std::string_view words) { return signpost("[\"a.example\"]", words); };
  // In place.
  rig.await_change([&] { std::ofstream(file, std::ios::trunc) << text("in place"); });
  EXPECT_TRUE(leads_to(rig, "a.example", "in place"));
  // Moved away, written anew, the old one removed.
  rig.await_change([&] {
    const auto backup = file.string() + "~";
    std::filesystem::rename(file, backup);
    std::ofstream(file) << text("moved away");
    std::filesystem::remove(backup);
  });
  EXPECT_TRUE(leads_to(rig, "a.example", "moved away"));
  // Written beside and renamed over it.
  rig.write_server("a", text("renamed over"));
  EXPECT_TRUE(leads_to(rig, "a.example", "renamed over"));
}

TEST(ReloadServers, only_toml_files_of_the_top_level_count) {
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}}});
  rig.folder().write("servers/b.toml.bak", signpost("[\"b.example\"]", "backup"));
  rig.folder().write("servers/deeper/c.toml", signpost("[\"c.example\"]", "deeper"));
  rig.write_server("d", signpost("[\"d.example\"]", "this is d"));
  EXPECT_TRUE(leads_to(rig, "d.example", "this is d"));
  EXPECT_NE(where(rig, "b.example"), "backup");
  EXPECT_NE(where(rig, "c.example"), "deeper");
}

TEST(ReloadServers, peers_fault_22_a_folder_that_is_missing_at_boot_is_watched_when_it_comes) {
  ProxyRig rig({});
  EXPECT_EQ(rig.start_code(), 0);
  rig.write_server("a", sign_a);
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  rig.write_server("a", signpost("[\"a.example\"]", "and again"));
  EXPECT_TRUE(leads_to(rig, "a.example", "and again"));
}

// Whatever moment of the start an edit falls into, the last one counts.
TEST(ReloadServers, peers_fault_22_an_edit_between_load_and_watch_is_not_lost) {
  ProxyRig rig({.global = {}, .servers = {{"a", sign_a}}, .bind = "127.0.0.1:0", .start = false});
  std::atomic<bool> started = false;
  int edits = 0;
  std::jthread editor([&] {
    do {
      rig.folder().write("servers/a.toml",
                         signpost("[\"a.example\"]", fmt::format("edit {}", ++edits)));
    } while (!started);
  });
  EXPECT_EQ(rig.daemon().start(), 0);
  started = true;
  editor.join();
  EXPECT_TRUE(leads_to(rig, "a.example", fmt::format("edit {}", edits)));
}

TEST(ReloadServers, peers_fault_22_what_did_not_change_keeps_its_status_cache) {
  StatusServer backend(R"({"version":{"name":"1.21.4","protocol":769},)"
                       R"("players":{"max":20,"online":3},"description":"hello"})");
  ProxyRig rig({.global = "status_cache.ttl = \"60s\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  EXPECT_EQ(where(rig, "play.example"), "hello");
  rig.write_server("a", sign_a);
  EXPECT_TRUE(leads_to(rig, "a.example", "this is a"));
  rig.write_global("status_cache.ttl = \"60s\"\nmax_connections = 500");
  EXPECT_EQ(where(rig, "play.example"), "hello");
  EXPECT_EQ(backend.pings(), 1);
  // What did change asks again.
  rig.write_server("lobby", server_file("play.example", backend.address(), "max_players = 5"));
  EXPECT_TRUE(eventually([&] {
    where(rig, "play.example");
    return backend.pings() == 2;
  }));
}

TEST(ReloadServers, ten_thousand_files_start_and_one_edit_is_served) {
  ProxyRig rig({.global = {}, .servers = {}, .bind = "127.0.0.1:0", .start = false});
  constexpr int files = 10'000;
  const auto folder = rig.folder().path() / "servers";
  std::filesystem::create_directories(folder);
  for (int i = 0; i < files; ++i)
    std::ofstream(folder / fmt::format("s{}.toml", i))
        << signpost(fmt::format("[\"s{}.example\"]", i), fmt::format("this is {}", i));
  ASSERT_EQ(rig.daemon().start(), 0);
  EXPECT_TRUE(rig.logged({"ready", "servers=10000"}));
  EXPECT_EQ(where(rig, "s0.example"), "this is 0");
  EXPECT_EQ(where(rig, "s9999.example"), "this is 9999");
  rig.write_server("s5000", signpost("[\"s5000.example\"]", "edited"));
  EXPECT_TRUE(leads_to(rig, "s5000.example", "edited"));
  EXPECT_TRUE(rig.logged({"servers changed", "updated=s5000"}));
}

}  // namespace
}  // namespace drawbridge::kit
