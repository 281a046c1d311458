// Address filters of the proxy and of one server, from keys and from files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/gate/country_database_for_tests.hpp"
#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_view_literals;

const IpAddress here = *IpAddress::parse("127.0.0.1");
const IpAddress there = *IpAddress::parse("127.0.0.7");

std::string kick(Door& door, const IpAddress& from, std::string_view host = "play.example") {
  FakeClient client = door.client(from);
  client.log_in(host, "Steve");
  return client.kicked().value_or("(no kick)");
}

bool joins(Door& door, const IpAddress& from) {
  return Player(door.rig.endpoint(), door.backend, "play.example", "Steve", from).plays();
}

constexpr std::string_view words = "kick_messages.ip_filtered = \"not from there\"\n";

std::string with_words(std::string_view lines) {
  return std::string(words) + std::string(lines);
}

TEST(GateFilters, the_blacklist_refuses_before_anything_is_dialled) {
  Door door("play.example",
            {.server = {}, .global = with_words("ip_filter.blacklist = [\"127.0.0.7\"]")});
  EXPECT_EQ(kick(door, there), "not from there");
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
  EXPECT_TRUE(joins(door, here));
}

TEST(GateFilters, deny_wins_over_the_whitelist) {
  Door door("play.example", {.server = {},
                             .global = with_words("ip_filter.whitelist = [\"127.0.0.0/28\"]\n"
                                                  "ip_filter.blacklist = [\"127.0.0.7\"]")});
  EXPECT_EQ(kick(door, there), "not from there");
  EXPECT_EQ(kick(door, *IpAddress::parse("127.0.0.16")), "not from there");
  EXPECT_TRUE(joins(door, here));
}

// The operator does what the error said, and nothing else.
TEST(GateFilters, a_list_that_was_missing_makes_its_server_good_when_it_comes) {
  FakeServer backend;
  ProxyRig rig({.global = std::string(words), .servers = {}});
  const auto file = [&](const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories((rig.folder().path() / path).parent_path());
    std::ofstream(rig.folder().path() / path) << text;
  };
  file("servers/lobby.toml", server_file("play.example", backend.address(),
                                         "ip_filter.blacklist_file = \"lists/bad.txt\""));
  ASSERT_TRUE(rig.logged({"server file not used", "lobby.toml"}));
  rig.await_change([&] { file("servers/lists/bad.txt", "127.0.0.7\n"); });
  EXPECT_TRUE(Player(rig.endpoint(), backend, "play.example", "Steve", here).plays());
  FakeClient client(rig.endpoint(), there);
  client.log_in("play.example", "Steve");
  EXPECT_EQ(client.kicked(), "not from there");
}

TEST(GateFilters, the_filter_of_a_server_is_for_that_server) {
  FakeServer lobby;
  FakeServer staff;
  ProxyRig rig({.global = std::string(words),
                .servers = {{"lobby", server_file("play.example", lobby.address())},
                            {"staff", server_file("staff.example", staff.address(),
                                                  "ip_filter.whitelist = [\"127.0.0.1\"]")}}});
  FakeClient client(rig.endpoint(), there);
  client.log_in("staff.example", "Steve");
  EXPECT_EQ(client.kicked(), "not from there");
  EXPECT_FALSE(staff.accept(milliseconds(20)).open());
  EXPECT_TRUE(Player(rig.endpoint(), lobby, "play.example", "Steve", there).plays());
  EXPECT_TRUE(Player(rig.endpoint(), staff, "staff.example", "Steve", here).plays());
}

TEST(GateFilters, a_server_that_stands_in_keeps_its_filter) {
  FakeServer staff;
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby", server_file("play.example", "127.0.0.1:1", "fallback = [\"staff\"]")},
                   {"staff", server_file("staff.example", staff.address(),
                                         "ip_filter.whitelist = [\"127.0.0.1\"]")}}});
  FakeClient client(rig.endpoint(), there);
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(client.kicked());
  EXPECT_FALSE(staff.accept(milliseconds(20)).open());
  EXPECT_TRUE(Player(rig.endpoint(), staff, "play.example", "Steve", here).plays());
}

// The closest peer lets old clients past the filter of a server.
TEST(GateFilters, peers_fault_5_old_clients_meet_the_filters_too) {
  Door door("play.example", {.server = {},
                             .global = with_words("ip_filter.blacklist = "
                                                  "[\"127.0.0.7\"]")});
  FakeClient ping = door.client(there);
  ping.wire.send("\xFE\x01"sv);
  const auto answer = ping.legacy_answer();
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("not from there"), std::string::npos) << *answer;
  FakeClient login = door.client(there);
  login.wire.send(legacy_login_bytes("play.example", "Steve"));
  EXPECT_EQ(login.legacy_answer(), "not from there");
  FakeClient transfer = door.client(there);
  transfer.wire.send(login_bytes("play.example", "Steve", mc::v1_21_4, mc::Intent::transfer));
  EXPECT_EQ(transfer.kicked(), "not from there");
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
}

TEST(GateFilters, a_ping_reads_why_and_no_backend_is_asked) {
  Door door("play.example",
            {.server = "ip_filter.blacklist = [\"127.0.0.7\"]", .global = std::string(words)});
  FakeClient client = door.client(there);
  const auto json = client.status("play.example");
  ASSERT_TRUE(json);
  EXPECT_NE(json->find("not from there"), std::string::npos) << *json;
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
}

TEST(GateFilters, whoever_is_filtered_and_says_nothing_is_not_waited_for) {
  Door door("play.example",
            {.server = {},
             .global = "limits.setup_timeout = \"60s\"\nip_filter.blacklist = [\"127.0.0.7\"]"});
  Wire silent = Wire::connect(door.rig.endpoint(), there);
  EXPECT_TRUE(silent.ends()) << "it was read for as long as anybody else";
}

TEST(GateFilters, a_mapped_address_is_the_ipv4_address) {
  FakeServer backend;
  ProxyRig rig({.global = with_words("ip_filter.blacklist = [\"127.0.0.7\"]"),
                .servers = {{"lobby", server_file("play.example", backend.address())}},
                .bind = "[::]:0"});
  ASSERT_EQ(rig.start_code(), 0);
  const Endpoint mapped{here, rig.endpoint().port};
  FakeClient client(mapped, there);
  client.log_in("play.example", "Steve");
  EXPECT_EQ(client.kicked(), "not from there");
}

TEST(GateFilters, the_address_is_that_of_the_proxy_header) {
  Door door(
      "play.example",
      {.server = {},
       .global = with_words("receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\n"
                            "ip_filter.blacklist = [\"203.0.113.0/24\"]")});
  FakeClient bad = door.client(here);
  bad.wire.send("PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n"sv);
  bad.log_in("play.example", "Steve");
  EXPECT_EQ(bad.kicked(), "not from there");
  FakeClient good = door.client(here);
  good.wire.send("PROXY TCP4 198.51.100.9 10.0.0.1 1 2\r\n"sv);
  good.log_in("play.example", "Steve");
  EXPECT_TRUE(door.backend.accept().open());
}

TEST(GateFilters, lists_come_from_files_and_change_live) {
  TempFolder lists;
  lists.write("bad.txt", "# nobody yet\n");
  Door door("play.example", {.server = {},
                             .global = with_words("ip_filter.blacklist_file = \"" +
                                                  (lists.path() / "bad.txt").string() + "\"")});
  EXPECT_TRUE(joins(door, there));
  std::string thousands;
  for (int i = 0; i < 5000; ++i) thousands += fmt::format("10.{}.{}.0/24\n", i / 256, i % 256);
  door.rig.await_change([&] { lists.write("bad.txt", thousands + "127.0.0.7 # the one\n"); });
  EXPECT_EQ(kick(door, there), "not from there");
  EXPECT_TRUE(joins(door, here));
}

TEST(GateFilters, a_servers_list_from_a_file_changes_live) {
  TempFolder lists;
  lists.write("good.txt", "127.0.0.1\n");
  Door door("play.example", {.server = "ip_filter.whitelist_file = \"" +
                                       (lists.path() / "good.txt").string() + "\"",
                             .global = std::string(words)});
  EXPECT_EQ(kick(door, there), "not from there");
  door.rig.await_change([&] { lists.write("good.txt", "127.0.0.1\n127.0.0.7\n"); });
  EXPECT_TRUE(joins(door, there));
}

// An empty whitelist would let everybody in.
TEST(GateFilters, a_whitelist_that_turns_bad_stays_as_it_was) {
  TempFolder lists;
  lists.write("good.txt", "127.0.0.1\n");
  Door door("play.example", {.server = {},
                             .global = with_words("ip_filter.whitelist_file = \"" +
                                                  (lists.path() / "good.txt").string() + "\"")});
  EXPECT_EQ(kick(door, there), "not from there");
  lists.write("good.txt", "# all gone\n");
  EXPECT_TRUE(door.rig.logged({"good.txt", "lists nobody"}));
  EXPECT_EQ(kick(door, there), "not from there");
  lists.write("good.txt", "127.0.0.1\nnonsense\n");
  EXPECT_TRUE(door.rig.logged({"good.txt:2", "nonsense", "is no network"}));
  EXPECT_EQ(kick(door, there), "not from there");
}

// Countries, by a database that is read again when it changes.
TEST(GateFilters, countries_are_refused_by_a_database_that_changes_live) {
  TempFolder data;
  const auto database = [&](std::string_view network) {
    data.write("countries.mmdb", core::CountryDatabaseWriter::write({{network, "XX"}}));
  };
  database("127.0.0.7/32");
  Door door("play.example",
            {.server = {},
             .global = with_words("ip_filter.country_blacklist = [\"XX\"]\ngeoip.database = \"" +
                                  (data.path() / "countries.mmdb").string() + "\"")});
  EXPECT_EQ(kick(door, there), "not from there");
  EXPECT_FALSE(door.backend.accept(milliseconds(20)).open());
  EXPECT_TRUE(joins(door, here));
  door.rig.await_change([&] { database("127.0.0.1/32"); });
  EXPECT_EQ(kick(door, here), "not from there");
  EXPECT_TRUE(joins(door, there));
  data.write("countries.mmdb", "no database");
  EXPECT_TRUE(door.rig.logged({"the one that was read before is used"}));
  EXPECT_EQ(kick(door, here), "not from there");
}

TEST(GateFilters, only_countries_of_a_servers_whitelist_get_in) {
  TempFolder data;
  data.write("countries.mmdb",
             core::CountryDatabaseWriter::write({{"127.0.0.7/32", "XX"}, {"127.0.0.8/32", "YY"}}));
  Door door("play.example",
            {.server = "ip_filter.country_whitelist = [\"XX\"]\n"
                       "ip_filter.whitelist = [\"127.0.0.9\"]",
             .global = with_words("geoip.database = \"" +
                                  (data.path() / "countries.mmdb").string() + "\"")});
  EXPECT_TRUE(joins(door, there));
  EXPECT_EQ(kick(door, *IpAddress::parse("127.0.0.8")), "not from there") << "another country";
  EXPECT_EQ(kick(door, here), "not from there") << "in no country that is known";
  EXPECT_TRUE(joins(door, *IpAddress::parse("127.0.0.9"))) << "by its address";
}

TEST(GateFilters, trusted_proxies_from_a_file_change_live) {
  TempFolder lists;
  lists.write("proxies.txt", "127.0.0.1\n");
  Door door("play.example",
            {.server = {},
             .global = with_words("receive_proxy_protocol = true\ntrusted_proxies_file = \"" +
                                  (lists.path() / "proxies.txt").string() + "\"")});
  const auto through = [&] {
    FakeClient client = door.client(there);
    client.wire.send("PROXY TCP4 198.51.100.9 10.0.0.1 1 2\r\n"sv);
    client.log_in("play.example", "Steve");
    return door.backend.accept(milliseconds(100)).open();
  };
  EXPECT_FALSE(through());
  door.rig.await_change([&] { lists.write("proxies.txt", "127.0.0.1\n127.0.0.7\n"); });
  EXPECT_TRUE(through());
}

}  // namespace
}  // namespace drawbridge::kit
