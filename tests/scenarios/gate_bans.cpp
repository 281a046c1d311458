// Bans: whom they keep out, that they hold at once for those who play, and that nobody's change of
// the file is lost.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/bans/ban_file.hpp"
#include "kit/door.hpp"
#include "kit/player.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_view_literals;

const IpAddress here = *IpAddress::parse("127.0.0.1");
const IpAddress there = *IpAddress::parse("127.0.0.7");

// What a ban may take to reach somebody who plays.
constexpr Duration at_once = seconds(1);

constexpr std::string_view words = "kick_messages.banned = \"banned: {reason} ({remaining})\"\n";

// A ban file of its own, and a door that reads it.
struct BannedDoor {
  explicit BannedDoor(std::string_view file_text = {}, std::string_view more = {},
                      std::string_view server = {})
      : door("play.example", {.server = std::string(server), .global = prepare(file_text, more)}) {}

  std::string prepare(std::string_view text, std::string_view more) {
    if (!text.empty()) folder.write("bans.json", text);
    return fmt::format("{}ban.file = \"{}\"\n{}", words, path().string(), more);
  }
  [[nodiscard]] std::filesystem::path path() const { return folder.path() / "bans.json"; }

  // As another process does it.
  void ban(std::string_view target, std::optional<core::UnixSeconds> expires = std::nullopt) {
    core::BanFile file(path());
    EXPECT_TRUE(file.edit([&](core::BanDocument& document) {
      core::Ban wish;
      wish.target = *core::BanTarget::parse(target);
      wish.reason = "grief";
      wish.expires_at = expires;
      wish.created_at = core::unix_now();
      document.add(std::move(wish), true);
      return true;
    }));
  }
  void unban(std::string_view target) {
    core::BanFile file(path());
    EXPECT_TRUE(file.edit([&](core::BanDocument& document) {
      return !document.remove(*core::BanTarget::parse(target), {}, core::unix_now(), true).empty();
    }));
  }
  // Waits until the proxy has read that many bans.
  void await_bans(std::size_t count) {
    EXPECT_TRUE(door.rig.logged({"bans read", fmt::format("bans={} ", count)}));
    door.rig.daemon().settle();
  }
  std::string kick(std::string_view player, const IpAddress& from = here,
                   std::optional<Uuid> claimed = std::nullopt) {
    FakeClient client = door.client(from);
    client.wire.send(handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login));
    client.wire.send(login_start_bytes(player, mc::v1_21_4, claimed));
    return client.kicked().value_or("(no kick)");
  }
  bool joins(std::string_view player, const IpAddress& from = here) {
    return Player(door.rig.endpoint(), door.backend, "play.example", player, from).plays();
  }
  [[nodiscard]] std::string text() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TempFolder folder;
  Door door;
};

// A file as the other program leaves it behind.
constexpr std::string_view theirs =
    R"({"bans": [
  {"target": {"type": "username", "value": "Griefer"}, "reason": "grief", "expires_at": null,
   "created_at": 1700000000, "source": "console"},
  {"target": {"type": "ip", "value": "127.0.0.9"}, "reason": null, "expires_at": null,
   "created_at": 1700000000, "source": "console"},
  {"target": {"type": "ip_range", "value": "127.0.5.0/24"}, "reason": "range",
   "expires_at": null, "created_at": 1700000000, "source": "console"},
  {"target": {"type": "uuid", "value": "069a79f4-44e9-4726-a5be-fca90e38aaf5"}, "reason": "u",
   "expires_at": null, "created_at": 1700000000, "source": "console"},
  {"target": {"type": "username", "value": "Forgiven"}, "reason": "old", "expires_at": 1700000001,
   "created_at": 1700000000, "source": "console"}
], "audit_log": []})";

TEST(GateBans, a_file_of_the_other_program_holds_as_it_is) {
  BannedDoor setup(theirs);
  EXPECT_EQ(setup.kick("Griefer"), "banned: grief (for ever)");
  EXPECT_EQ(setup.kick("gRIEFER"), "banned: grief (for ever)") << "names have no case";
  EXPECT_EQ(setup.kick("Steve", *IpAddress::parse("127.0.0.9")),
            "banned: no reason was given (for ever)");
  EXPECT_EQ(setup.kick("Steve", *IpAddress::parse("127.0.5.200")), "banned: range (for ever)");
  EXPECT_FALSE(setup.door.backend.accept(milliseconds(20)).open());
  EXPECT_TRUE(setup.joins("Steve"));
  EXPECT_TRUE(setup.joins("Forgiven")) << "that ban has run out";
}

// The closest peer says that it enforces them, and never asks.
TEST(GateBans, peers_fault_3_bans_by_uuid_are_enforced) {
  BannedDoor setup(theirs);
  const auto banned = Uuid::parse("069a79f444e94726a5befca90e38aaf5");
  EXPECT_EQ(setup.kick("Steve", here, banned), "banned: u (for ever)") << "as claimed";
  setup.ban(offline_uuid("Alex").text());
  setup.await_bans(6);
  EXPECT_EQ(setup.kick("Alex"), "banned: grief (for ever)") << "made from the name";
  EXPECT_EQ(setup.kick("Alex", here, Uuid::parse("00000000-0000-4000-8000-000000000001")),
            "banned: grief (for ever)")
      << "whatever is claimed";
  EXPECT_TRUE(setup.joins("Steve"));
}

TEST(GateBans, a_banned_address_reads_it_in_the_server_list_too) {
  BannedDoor setup(theirs);
  FakeClient client = setup.door.client(IpAddress::parse("127.0.0.9"));
  const auto json = client.status("play.example");
  ASSERT_TRUE(json);
  EXPECT_NE(json->find("no reason was given"), std::string::npos) << *json;
  EXPECT_FALSE(setup.door.backend.accept(milliseconds(20)).open());
}

TEST(GateBans, peers_fault_5_old_clients_and_transfers_are_banned_too) {
  BannedDoor setup(theirs);
  FakeClient old = setup.door.client();
  old.wire.send(legacy_login_bytes("play.example", "Griefer"));
  EXPECT_EQ(old.legacy_answer(), "banned: grief (for ever)");
  FakeClient ping = setup.door.client(IpAddress::parse("127.0.0.9"));
  ping.wire.send("\xFE\x01"sv);
  const auto answer = ping.legacy_answer();
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("no reason was given"), std::string::npos);
  FakeClient transfer = setup.door.client();
  transfer.wire.send(login_bytes("play.example", "Griefer", mc::v1_21_4, mc::Intent::transfer));
  EXPECT_EQ(transfer.kicked(), "banned: grief (for ever)");
  EXPECT_FALSE(setup.door.backend.accept(milliseconds(20)).open());
}

TEST(GateBans, peers_fault_3_the_address_is_that_of_the_proxy_header) {
  BannedDoor setup({}, "receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]\n");
  setup.ban("203.0.113.0/24");
  setup.await_bans(1);
  FakeClient bad = setup.door.client();
  bad.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n"sv);
  bad.log_in("play.example", "Steve");
  EXPECT_EQ(bad.kicked(), "banned: grief (for ever)");
  FakeClient good = setup.door.client();
  good.wire.send("PROXY TCP4 198.51.100.9 10.0.0.1 1 2\r\n"sv);
  good.log_in("play.example", "Steve");
  EXPECT_TRUE(setup.door.backend.accept().open());
}

class GateBansInMode : public ::testing::TestWithParam<std::string_view> {};

TEST_P(GateBansInMode, a_new_ban_throws_out_whom_it_means_and_nobody_else) {
  BannedDoor setup({}, {}, fmt::format("proxy_mode = \"{}\"", GetParam()));
  struct Victim {
    std::string_view target, name;
    IpAddress from;
  };
  Player stays(setup.door.rig.endpoint(), setup.door.backend, "play.example", "Stays");
  for (const Victim& victim : {Victim{"byname", "ByName", here}, Victim{"127.0.0.7", "ByIp", there},
                               Victim{"127.0.9.0/24", "ByRange", *IpAddress::parse("127.0.9.1")}}) {
    Player player(setup.door.rig.endpoint(), setup.door.backend, "play.example", victim.name,
                  victim.from);
    EXPECT_TRUE(player.plays());
    setup.ban(victim.target);
    EXPECT_TRUE(player.client.wire.ends(at_once)) << victim.target;
    EXPECT_TRUE(player.server.ends());
    EXPECT_TRUE(setup.door.rig.logged({"thrown out", victim.name, "grief"}));
  }
  Player by_uuid(setup.door.rig.endpoint(), setup.door.backend, "play.example", "ByUuid");
  setup.ban(offline_uuid("ByUuid").text());
  EXPECT_TRUE(by_uuid.client.wire.ends(at_once));
  EXPECT_TRUE(stays.plays());
}

INSTANTIATE_TEST_SUITE_P(Forwarding, GateBansInMode,
                         ::testing::Values("passthrough", "zero_copy", "server_only"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST(GateBans, a_pardon_lets_in_again_at_once) {
  BannedDoor setup;
  setup.ban("Steve");
  setup.await_bans(1);
  EXPECT_EQ(setup.kick("Steve"), "banned: grief (for ever)");
  setup.unban("steve");
  setup.await_bans(0);
  EXPECT_TRUE(setup.joins("Steve"));
}

TEST(GateBans, an_edit_by_hand_holds_too_and_a_bad_one_changes_nothing) {
  BannedDoor setup;
  setup.ban("Steve");
  setup.await_bans(1);
  std::ofstream(setup.path(), std::ios::binary) << R"({"bans": [)";
  EXPECT_TRUE(setup.door.rig.logged({"bans.json", "still hold"}));
  EXPECT_EQ(setup.kick("Steve"), "banned: grief (for ever)");
  EXPECT_FALSE(std::filesystem::exists(setup.path().string() + ".bak"))
      << "somebody is in the middle of editing it";
  std::ofstream(setup.path(), std::ios::binary)
      << R"({"bans": [{"target": {"type": "username", "value": "Alex"}},
                      {"target": {"type": "username", "value": "Bert"}}]})";
  setup.await_bans(2);
  EXPECT_NE(setup.kick("Alex"), "(no kick)");
  EXPECT_TRUE(setup.joins("Steve"));
}

TEST(GateBans, a_corrupt_file_at_the_start_is_moved_away_and_kept) {
  BannedDoor setup("{ corrupt");
  ASSERT_EQ(setup.door.rig.start_code(), 0);
  EXPECT_TRUE(setup.door.rig.logged({"corrupt", "moved away"}));
  std::ifstream in(setup.path().string() + ".bak");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "{ corrupt");
  EXPECT_TRUE(setup.joins("Steve"));
  setup.ban("Steve");
  setup.await_bans(1);
  EXPECT_NE(setup.kick("Steve"), "(no kick)");
}

TEST(GateBans, a_file_that_cannot_be_read_stops_the_start) {
  TempFolder folder;
  std::filesystem::create_directory(folder.path() / "bans.json");
  Door door(
      "play.example",
      {.server = {}, .global = "ban.file = \"" + (folder.path() / "bans.json").string() + "\""});
  EXPECT_EQ(door.rig.start_code(), 2);
  EXPECT_TRUE(door.rig.logged({"would not hold", "bans.json"}));
}

TEST(GateBans, what_has_run_out_is_taken_out_and_written_down) {
  BannedDoor setup(theirs, "ban.purge_interval = \"50ms\"\n");
  EXPECT_TRUE(eventually([&] { return setup.text().find("\"expired\"") != std::string::npos; }));
  const auto read = core::BanFile(setup.path()).read();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->document.bans().size(), 4U);
  ASSERT_EQ(read->document.audit().size(), 1U);
  EXPECT_EQ(read->document.audit()[0].target.value, "Forgiven");
  EXPECT_EQ(read->document.audit()[0].source.type, "system");
}

TEST(GateBans, no_provider_means_no_bans) {
  BannedDoor setup(theirs, "ban.provider = \"none\"\n");
  EXPECT_TRUE(setup.joins("Griefer"));
}

TEST(GateBans, a_server_that_stands_in_keeps_the_banned_out) {
  BannedDoor setup(theirs);
  FakeServer second;
  setup.door.rig.write_server("second", server_file("second.example", second.address()));
  setup.door.rig.write_server(
      "lobby", server_file("play.example", "127.0.0.1:1", "fallback = [\"second\"]"));
  EXPECT_EQ(setup.kick("Griefer"), "banned: grief (for ever)");
  EXPECT_FALSE(second.accept(milliseconds(20)).open());
}

}  // namespace
}  // namespace drawbridge::kit
