// PROXY headers from balancers: who may send them, which of them are read, and what the proxy then
// takes for the player's address. The backend gets a header too, so that each test sees what was
// understood.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "net/proxy_protocol.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

// Trusted: this address and no other of loopback.
constexpr std::string_view from_one_source =
    "receive_proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]";
const IpAddress stranger = *IpAddress::parse("127.0.0.5");

Door::More more(std::string_view global) {
  return {.server = "send_proxy_protocol = \"v2\"", .global = std::string(global)};
}

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

// A version 2 header: command and family bytes, then what the length counts.
std::string v2(char command, char family, const std::string& rest) {
  std::string out = signature;
  out += command;
  out += family;
  out += static_cast<char>(rest.size() >> 8);
  out += static_cast<char>(rest.size() & 0xFF);
  return out + rest;
}

const std::string ipv4_addresses = "\xCB\x00\x71\x09\x0A\x00\x00\x01\x30\x39\x63\xDD"s;
const std::string ipv6_addresses = "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x09"s +
                                   "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01"s +
                                   "\x30\x39\x63\xDD"s;

// Reads the header that we send to the backend, and leaves what follows.
std::optional<net::ProxyHeader> read_header(Wire& wire) {
  ByteBuffer bytes;
  for (;;) {
    const auto header = net::parse_proxy_header(bytes);
    if (!header) return std::nullopt;
    if (header->has_value()) return *header;
    const ByteBuffer one = wire.receive(1);
    if (one.empty()) return std::nullopt;
    bytes.push_back(one[0]);
  }
}

// The player's address as the backend hears it when this header comes before a login.
std::string source_for(Door& door, const std::string& header, bool in_pieces = false) {
  FakeClient client = door.client();
  const ByteBuffer login = login_bytes("play.example", "Steve");
  const std::string all = header + std::string(as_text(login));
  if (in_pieces)
    client.wire.send_byte_by_byte(as_bytes(all));
  else
    client.wire.send(all);
  Wire backend = door.backend.accept();
  const auto seen = read_header(backend);
  if (!seen || !seen->source) return "(none)";
  EXPECT_EQ(backend.receive(login.size()), login) << "the login after the header";
  // What the connection's own address would be.
  if (*seen->source == client.wire.local()) return "its own";
  return seen->source->text();
}

TEST(ProxyProtocolReceive, addresses_of_both_versions_and_families_are_the_players) {
  Door door("play.example", more(from_one_source));
  EXPECT_EQ(source_for(door, "PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n"),
            "203.0.113.9:12345");
  EXPECT_EQ(source_for(door, "PROXY TCP6 2001:db8::9 2001:db8::1 12345 25565\r\n"),
            "[2001:db8::9]:12345");
  EXPECT_EQ(source_for(door, v2('\x21', '\x11', ipv4_addresses)), "203.0.113.9:12345");
  EXPECT_EQ(source_for(door, v2('\x21', '\x21', ipv6_addresses)), "[2001:db8::9]:12345");
  // The log names the player's address as well.
  EXPECT_TRUE(door.rig.logged({"left", "203.0.113.9:12345"}));
}

TEST(ProxyProtocolReceive, peers_fault_4_health_checks_without_addresses_are_taken) {
  Door door("play.example", more(from_one_source));
  EXPECT_EQ(source_for(door, "PROXY UNKNOWN\r\n"), "its own");
  EXPECT_EQ(source_for(door, "PROXY UNKNOWN 203.0.113.9 10.0.0.1 1 2\r\n"), "its own");
  EXPECT_EQ(source_for(door, v2('\x20', '\x00', "")), "its own");
  EXPECT_EQ(source_for(door, v2('\x20', '\x11', ipv4_addresses)), "its own");
  EXPECT_EQ(source_for(door, v2('\x21', '\x00', "")), "its own");
  EXPECT_EQ(source_for(door, v2('\x21', '\x31', std::string(216, 'u'))), "its own");
}

// HAProxy's `check` does so every two seconds, for ever.
TEST(ProxyProtocolReceive, the_checks_of_a_balancer_do_not_fill_the_log) {
  Door door("play.example", more(from_one_source));
  const auto debug_lines = [&] { return door.rig.log_lines({"DEBUG", "dropped before login"}); };
  std::size_t checks = 0;
  for (const std::string& header : {std::string(), v2('\x20', '\x00', ""), "PROXY UNKNOWN\r\n"s}) {
    FakeClient client = door.client();
    client.wire.send(header);
    client.wire.close();
    ++checks;
    EXPECT_TRUE(eventually([&] { return debug_lines() == checks; })) << door.rig.whole_log();
  }
  EXPECT_EQ(door.rig.log_lines({"INFO", "dropped before login"}), 0U);
  // A player who turns back is told.
  FakeClient client = door.client();
  client.wire.send(v2('\x21', '\x11', ipv4_addresses));
  client.wire.close();
  EXPECT_TRUE(door.rig.logged({"INFO", "dropped before login", "203.0.113.9"}));
}

TEST(ProxyProtocolReceive, extras_behind_the_addresses_are_skipped) {
  Door door("play.example", more(from_one_source));
  const std::string authority = "\x02\0\x0Cplay.example"s;
  const std::string padding = "\x04\x01\x00"s + std::string(256, '\0');
  EXPECT_EQ(source_for(door, v2('\x21', '\x11', ipv4_addresses + authority + padding)),
            "203.0.113.9:12345");
}

TEST(ProxyProtocolReceive, one_byte_a_segment) {
  Door door("play.example", more(from_one_source));
  EXPECT_EQ(source_for(door, "PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n", true),
            "203.0.113.9:12345");
  EXPECT_EQ(source_for(door, v2('\x21', '\x21', ipv6_addresses), true), "[2001:db8::9]:12345");
}

TEST(ProxyProtocolReceive, peers_fault_4_a_header_from_an_untrusted_source_is_refused) {
  Door door("play.example", more(from_one_source));
  FakeClient client = door.client(stranger);
  client.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n");
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(client.wire.ends());
  EXPECT_TRUE(door.rig.logged({"127.0.0.5", "trusted_proxies"}));
  EXPECT_FALSE(door.backend.accept(Duration{}).open());
}

TEST(ProxyProtocolReceive, a_trusted_source_without_a_header_is_refused) {
  Door door("play.example", more(from_one_source));
  FakeClient client = door.client();
  client.log_in("play.example", "Steve");
  EXPECT_TRUE(client.wire.ends());
  EXPECT_TRUE(door.rig.logged({"dropped before login", "PROXY"}));
  EXPECT_FALSE(door.backend.accept(Duration{}).open());
}

TEST(ProxyProtocolReceive, a_header_where_none_is_expected_is_refused_and_said) {
  Door door;
  for (const std::string& header :
       {"PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n"s, v2('\x21', '\x11', ipv4_addresses)}) {
    FakeClient client = door.client();
    client.wire.send(header + std::string(as_text(login_bytes("play.example", "Steve"))));
    EXPECT_TRUE(client.wire.ends());
  }
  EXPECT_TRUE(eventually(
      [&] { return door.rig.log_lines({"a PROXY header came", "receive_proxy_protocol"}) == 2; }));
  EXPECT_FALSE(door.backend.accept(Duration{}).open());
}

TEST(ProxyProtocolReceive, optional_reads_headers_of_trusted_sources_and_takes_others_directly) {
  Door door("play.example", more("receive_proxy_protocol = \"optional\"\n"
                                 "trusted_proxies = [\"127.0.0.1\"]"));
  EXPECT_EQ(source_for(door, "PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n"),
            "203.0.113.9:12345");
  {
    FakeClient direct = door.client(stranger);
    direct.log_in("play.example", "Steve");
    Wire backend = door.backend.accept();
    const auto seen = read_header(backend);
    ASSERT_TRUE(seen && seen->source);
    EXPECT_EQ(*seen->source, direct.wire.local());
  }
  FakeClient liar = door.client(stranger);
  liar.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n");
  EXPECT_TRUE(liar.wire.ends());
  EXPECT_TRUE(door.rig.logged({"127.0.0.5", "a PROXY header came"}));
  FakeClient forgetful = door.client();
  forgetful.log_in("play.example", "Steve");
  EXPECT_TRUE(forgetful.wire.ends());
}

TEST(ProxyProtocolReceive, broken_headers_are_refused) {
  Door door("play.example", more(from_one_source));
  const std::vector<std::string> broken{
      "PROXY TCP4 203.0.113.9 10.0.0.1 12345\r\n",
      "PROXY TCP4 2001:db8::9 10.0.0.1 12345 25565\r\n",
      "PROXY TCP4 203.0.113.9 10.0.0.1 12345 99999\r\n",
      "PROXY " + std::string(110, 'x'),
      v2('\x31', '\x11', ipv4_addresses),               // version 3
      v2('\x21', '\x11', ipv4_addresses.substr(0, 8)),  // too short for its family
      v2('\x21', '\x12', ipv4_addresses),               // UDP
      v2('\x21', '\x11', std::string(4000, '\0')),      // longer than any balancer's
  };
  for (const std::string& header : broken) {
    FakeClient client = door.client();
    client.wire.send(header);
    EXPECT_TRUE(client.wire.ends()) << header;
  }
}

// The closest peer waits for the header where it accepts: one silent client stops all others.
TEST(ProxyProtocolReceive, peers_fault_4_a_silent_client_blocks_nobody) {
  Door door("play.example",
            more(std::string(from_one_source) + "\nlimits.setup_timeout = \"60s\""));
  std::vector<FakeClient> silent;
  for (int i = 0; i < 40; ++i) {
    silent.push_back(door.client());
    if (i % 2 == 0) silent.back().wire.send("PROXY TC");
  }
  EXPECT_EQ(source_for(door, "PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n"),
            "203.0.113.9:12345");
  EXPECT_TRUE(silent.front().wire.stays_quiet(Duration{}));
}

TEST(ProxyProtocolReceive, a_header_that_does_not_come_meets_the_deadline) {
  Door door("play.example", more(std::string(from_one_source) + "\nlimits.setup_timeout = \"1s\""));
  FakeClient silent = door.client();
  silent.wire.send("PROXY TCP4 ");
  EXPECT_TRUE(silent.wire.ends());
}

TEST(ProxyProtocolReceive, a_listener_may_differ_from_the_others) {
  FakeServer backend;
  ProxyRig rig({.global = "[[listener]]\nbind = \"127.0.0.2:0\"\nreceive_proxy_protocol = true\n"
                          "trusted_proxies = [\"127.0.0.1\"]",
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "send_proxy_protocol = \"v2\"")}}});
  const auto addresses = rig.daemon().addresses();
  ASSERT_EQ(addresses.size(), 2U);
  for (const Endpoint& address : addresses) {
    const bool behind_proxy = address.address == *IpAddress::parse("127.0.0.2");
    FakeClient client(address, IpAddress::parse("127.0.0.1"));
    if (behind_proxy) client.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n");
    client.log_in("play.example", "Steve");
    Wire wire = backend.accept();
    const auto seen = read_header(wire);
    ASSERT_TRUE(seen && seen->source);
    EXPECT_EQ(seen->source->text(),
              behind_proxy ? "203.0.113.9:12345" : client.wire.local().text());
  }
}

// --- A protection service that is not set up to the end ---

TEST(ProxyProtocolReceive, a_real_ip_tail_without_a_header_is_explained_once) {
  Door door;
  for (int i = 0; i < 3; ++i) {
    FakeClient client = door.client();
    client.log_in("play.example///203.0.113.9:12345///1700000000///c2ln", "Steve");
    Wire backend = door.backend.accept();
    EXPECT_TRUE(FakeServer::read_hello(backend));
  }
  EXPECT_EQ(door.rig.log_lines({"real-IP tail", "receive_proxy_protocol"}), 1U);
}

TEST(ProxyProtocolReceive, a_real_ip_tail_behind_a_header_needs_no_explanation) {
  Door door("play.example", more(from_one_source));
  FakeClient client = door.client();
  client.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n");
  client.log_in("play.example///203.0.113.9:12345///1700000000///c2ln", "Steve");
  Wire backend = door.backend.accept();
  EXPECT_TRUE(read_header(backend));
  EXPECT_EQ(door.rig.log_lines({"real-IP tail"}), 0U);
}

TEST(ProxyProtocolReceive, the_sources_of_a_file_are_trusted_and_no_others) {
  const TempFolder folder;
  folder.write("proxies.txt", "# balancers\n127.0.0.5\n198.51.100.0/24\n");
  Door door("play.example",
            more(fmt::format("receive_proxy_protocol = true\ntrusted_proxies_file = \"{}\"",
                             (folder.path() / "proxies.txt").string())));
  const std::string login(as_text(login_bytes("play.example", "Steve")));
  FakeClient trusted = door.client(stranger);
  trusted.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n" + login);
  Wire server = door.backend.accept();
  const auto header = read_header(server);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->source->text(), "203.0.113.9:12345");
  // Loopback is trusted by default, but not beside a list.
  FakeClient other = door.client();
  other.wire.send("PROXY TCP4 203.0.113.9 10.0.0.1 12345 25565\r\n" + login);
  EXPECT_TRUE(other.wire.ends());
  EXPECT_TRUE(door.rig.logged({"dropped before login", "not among trusted_proxies"}));
}

}  // namespace
}  // namespace drawbridge::kit
