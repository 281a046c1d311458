// PROXY headers to backends, byte for byte: before a player's handshake with the player's address,
// before a status ping of our own as our own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

constexpr std::string_view json =
    R"({"version":{"name":"x","protocol":769},"players":{"max":20,"online":3},"description":"hi"})";

void append_port(std::string& out, std::uint16_t port) {
  out += static_cast<char>(port >> 8);
  out += static_cast<char>(port & 0xFF);
}

std::string v2_header(const Endpoint& source, const Endpoint& destination) {
  const bool v4 = source.address.is_v4();
  std::string out = "\r\n\r\n\0\r\nQUIT\n\x21"s;
  out += v4 ? '\x11' : '\x21';
  out += '\0';
  out += v4 ? '\x0C' : '\x24';
  out += as_text(source.address.bytes());
  out += as_text(destination.address.bytes());
  append_port(out, source.port);
  append_port(out, destination.port);
  return out;
}

// What comes before the login at the backend, which must follow unchanged.
void expect_before_login(FakeServer& server, FakeClient& client, const std::string& header) {
  const ByteBuffer login = login_bytes("play.example", "Steve");
  client.wire.send(login);
  Wire backend = server.accept();
  const ByteBuffer got = backend.receive(header.size());
  EXPECT_EQ(as_text(got), header);
  EXPECT_EQ(backend.receive(login.size()), login);
}

TEST(ProxyProtocolSend, version_1_names_player_and_listener) {
  Door door("play.example", {.server = "send_proxy_protocol = \"v1\"", .global = {}});
  FakeClient client = door.client(IpAddress::parse("127.0.0.7"));
  expect_before_login(door.backend, client,
                      fmt::format("PROXY TCP4 127.0.0.7 127.0.0.1 {} {}\r\n",
                                  client.wire.local().port, client.wire.remote().port));
}

TEST(ProxyProtocolSend, version_2_names_player_and_listener) {
  Door door("play.example", {.server = "send_proxy_protocol = \"v2\"", .global = {}});
  FakeClient client = door.client(IpAddress::parse("127.0.0.7"));
  expect_before_login(door.backend, client, v2_header(client.wire.local(), client.wire.remote()));
}

TEST(ProxyProtocolSend, true_means_version_2) {
  Door door("play.example", {.server = "send_proxy_protocol = true", .global = {}});
  FakeClient client = door.client();
  expect_before_login(door.backend, client, v2_header(client.wire.local(), client.wire.remote()));
}

// Another implementation than the program's: a table, as zlib's.
std::uint32_t crc32c(std::string_view bytes) {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ 0x82F63B78U : value >> 1;
    table.at(i) = value;
  }
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) crc = table.at((crc ^ static_cast<Byte>(c)) & 0xFF) ^ crc >> 8;
  return ~crc;
}

// A version 2 header with the checksum behind it, computed with zeros in its place.
std::string with_checksum(std::string header) {
  header[15] = static_cast<char>(header[15] + 7);
  header += "\x03\0\x04\0\0\0\0"s;
  const std::uint32_t sum = crc32c(header);
  for (std::size_t i = 0; i < 4; ++i)
    header[header.size() - 4 + i] = static_cast<char>(sum >> (24 - 8 * i));
  return header;
}

TEST(ProxyProtocolSend, version_2_with_a_checksum) {
  ASSERT_EQ(crc32c("123456789"), 0xE3069283U) << "the check value of the algorithm";
  Door door("play.example", {.server = "send_proxy_protocol = \"v2_crc32c\"", .global = {}});
  FakeClient client = door.client(IpAddress::parse("127.0.0.7"));
  expect_before_login(door.backend, client,
                      with_checksum(v2_header(client.wire.local(), client.wire.remote())));
}

TEST(ProxyProtocolSend, players_on_ipv6_and_on_ipv4_through_a_dual_stack_listener) {
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "send_proxy_protocol = \"v1\"")}},
                .bind = "[::]:0"});
  const std::uint16_t port = rig.endpoint().port;
  FakeClient six(Endpoint{*IpAddress::parse("::1"), port});
  ASSERT_TRUE(six.wire.open());
  expect_before_login(backend, six,
                      fmt::format("PROXY TCP6 ::1 ::1 {} {}\r\n", six.wire.local().port, port));
  FakeClient four(Endpoint{*IpAddress::parse("127.0.0.1"), port});
  ASSERT_TRUE(four.wire.open());
  expect_before_login(
      backend, four,
      fmt::format("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n", four.wire.local().port, port));
}

// What the backend reads before the ping that we send in a client's stead.
std::string before_status(std::string_view kind, std::size_t size) {
  Door door("play.example",
            {.server = fmt::format("send_proxy_protocol = \"{}\"", kind), .global = {}});
  FakeClient client = door.client();
  client.wire.send(status_bytes("play.example"));
  Wire backend = door.backend.accept();
  const std::string header(as_text(backend.receive(size)));
  const auto arrived = FakeServer::read_hello(backend);
  EXPECT_TRUE(arrived && arrived->hello.wants_status());
  backend.send(mc::status_response_frame(json));
  EXPECT_TRUE(client.wire.receive_frame());
  return header;
}

TEST(ProxyProtocolSend, status_pings_of_our_own_speak_for_ourselves) {
  EXPECT_EQ(before_status("v1", 15), "PROXY UNKNOWN\r\n");
  const std::string local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;
  EXPECT_EQ(before_status("v2", 16), local);
  EXPECT_EQ(before_status("v2_crc32c", 23), with_checksum(local));
}

}  // namespace
}  // namespace drawbridge::kit
