// Every refusal reaches the player as words that the client's version reads: a login disconnect
// with a JSON component (in every version since 1.7.2), and then a polite end.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

namespace json = boost::json;

class KicksReadable : public ::testing::TestWithParam<mc::Version> {
 protected:
  // Reads the packet by hand, as the game's login phase does: id 0 and one string that is JSON.
  static std::string read_kick(FakeClient& client) {
    const auto body = client.wire.receive_frame();
    if (!body || body->empty() || body->front() != 0x00) return "(no disconnect packet)";
    std::size_t at = 1, length = 0;
    for (int shift = 0; at < body->size(); shift += 7) {
      const Byte byte = (*body)[at++];
      length |= static_cast<std::size_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    if (body->size() - at != length) return "(the string does not fill the packet)";
    boost::system::error_code error;
    const json::value component = json::parse(as_text(ByteView(*body).subspan(at)), error);
    if (error) return "(not JSON)";
    EXPECT_TRUE(client.wire.closes()) << "it must end after the kick, and not by a reset";
    return text_of(component);
  }

  void expect_kick(FakeClient& client, std::string_view host, std::string_view words) {
    client.log_in(host, "Steve", GetParam());
    const std::string said = read_kick(client);
    EXPECT_NE(said.find(words), std::string::npos) << said;
  }

 private:
  static std::string text_of(const json::value& component) {
    if (const auto* text = component.if_string()) return std::string(*text);
    std::string out;
    if (const auto* list = component.if_array())
      for (const json::value& part : *list) out += text_of(part);
    if (const auto* object = component.if_object()) {
      if (const auto* text = object->if_contains("text")) out += text_of(*text);
      if (const auto* extra = object->if_contains("extra")) out += text_of(*extra);
    }
    return out;
  }
};

TEST_P(KicksReadable, unknown_host) {
  Door door;
  FakeClient client = door.client();
  expect_kick(client, "nobody.example", "There is no server at nobody.example.");
}

TEST_P(KicksReadable, offline) {
  ProxyRig rig({.global = {}, .servers = {{"lobby", server_file("play.example", "127.0.0.1:1")}}});
  FakeClient client(rig.endpoint());
  expect_kick(client, "play.example", "Server is currently unreachable.");
}

TEST_P(KicksReadable, full) {
  Door door("play.example", {.server = "max_players = 1", .global = {}});
  FakeClient first = door.client();
  first.log_in("play.example", "Alex", GetParam());
  Wire backend = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(backend));
  FakeClient second = door.client();
  expect_kick(second, "play.example", "The server is full (1 players).");
}

TEST_P(KicksReadable, proxy_full) {
  Door door("play.example", {.server = {}, .global = "max_connections = 1"});
  FakeClient first = door.client();
  first.log_in("play.example", "Alex", GetParam());
  Wire backend = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(backend));
  FakeClient second = door.client();
  expect_kick(second, "play.example", "Too many connections.");
}

TEST_P(KicksReadable, withheld) {
  Door door("play.example", {.server = "ip_filter.country_blacklist = [\"DE\"]", .global = {}});
  FakeClient client = door.client();
  expect_kick(client, "play.example", "geoip.database");
}

TEST_P(KicksReadable, shutdown) {
  Door door;
  FakeClient client = door.client();
  const ByteBuffer login = login_bytes("play.example", "Steve", GetParam());
  client.wire.send(ByteView(login).first(3));
  // The player is being set up when the end begins, and says the rest afterwards.
  core::Proxy& proxy = door.rig.daemon().proxy();
  ASSERT_TRUE(eventually([&] { return proxy.connections() == 1; }));
  door.rig.daemon().stop();
  ASSERT_TRUE(eventually([&] { return proxy.services().stopping.load(); }));
  client.wire.send(ByteView(login).subspan(3));
  EXPECT_EQ(read_kick(client), "The proxy is shutting down.");
}

// Bytes that nobody reads must not turn the words into "connection reset".
TEST_P(KicksReadable, although_the_client_goes_on_talking) {
  Door door;
  FakeClient client = door.client();
  ByteBuffer all = login_bytes("nobody.example", "Steve", GetParam());
  all.resize(all.size() + 8000, 0x55);
  client.wire.send(all);
  const std::string said = read_kick(client);
  EXPECT_NE(said.find("There is no server"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(Versions, KicksReadable,
                         ::testing::Values(mc::v1_7_2, mc::v1_8, mc::v1_16, mc::v1_20_3, mc::v26_1),
                         [](const auto& version) {
                           return "protocol_" + std::to_string(mc::number(version.param));
                         });

// Whoever is refused, drops out or leaves gives the seat back.
TEST(KicksReadableSeats, refused_connections_do_not_count_on) {
  Door door("play.example", {.server = "max_players = 1", .global = "max_connections = 50"});
  core::Proxy& proxy = door.rig.daemon().proxy();
  for (int i = 0; i < 60; ++i) {
    FakeClient client = door.client();
    client.log_in("nobody.example", "Steve");
    EXPECT_TRUE(client.kicked());
  }
  FakeClient half = door.client();
  half.wire.send("\x10");
  half.wire.reset();
  for (int i = 0; i < 3; ++i) {
    FakeClient player = door.client();
    player.log_in("play.example", "Steve");
    Wire backend = door.backend.accept();
    ASSERT_TRUE(FakeServer::read_hello(backend)) << "the one place of the server is free again";
    backend.close();
    EXPECT_TRUE(player.wire.closes());
    player.wire.close();
    EXPECT_TRUE(eventually([&] { return proxy.connections() == 0; }));
  }
}

// --- Clients from before 1.7 ---

// The login packet of a 1.5 or 1.6 client.
ByteBuffer old_login(std::string_view host) {
  ByteBuffer out{0x02, 74};
  const auto string = [&out](std::string_view text) {
    out.push_back(0);
    out.push_back(static_cast<Byte>(text.size()));
    for (const char c : text) {
      out.push_back(0);
      out.push_back(static_cast<Byte>(c));
    }
  };
  string("Steve");
  string(host);
  const ByteBuffer port{0x00, 0x00, 0x63, 0xDD};
  out.insert(out.end(), port.begin(), port.end());
  return out;
}

TEST(KicksReadableOld, an_old_client_gets_an_old_kick) {
  ProxyRig rig({.global = "kick_messages.unknown_host = \"§cnothing at {host}, {player}\"",
                .servers = {{"lobby", server_file("play.example", "127.0.0.1:1")},
                            {"new", server_file("new.example", "127.0.0.1:1",
                                                "proxy_mode = \"client_only\"")}}});
  const auto kick = [&](std::string_view host) {
    FakeClient client(rig.endpoint());
    client.wire.send(old_login(host));
    const auto words = client.legacy_answer();
    EXPECT_TRUE(client.wire.closes());
    return words.value_or("(no kick)");
  };
  EXPECT_EQ(kick("nobody.example"), "§cnothing at nobody.example, Steve");
  EXPECT_EQ(kick("new.example"), "Your game version is not supported here.");
  EXPECT_EQ(kick("play.example"), "Server is currently unreachable. Please try again later.");
}

TEST(KicksReadableOld, one_byte_a_segment) {
  ProxyRig rig({.global = "kick_messages.unknown_host = \"no\"", .servers = {}});
  FakeClient client(rig.endpoint());
  client.wire.send_byte_by_byte(old_login("nobody.example"));
  EXPECT_EQ(client.legacy_answer(), "no");
}

// In the forwarding modes all versions of the game go through, the old ones too, and nothing in
// their log-ins is rewritten.
TEST(KicksReadableOld, a_server_that_is_there_gets_the_old_login_as_it_came) {
  Door door("play.example", {.server = "domain_rewrite = \"from_backend\"", .global = {}});
  FakeClient client = door.client();
  const ByteBuffer login = old_login("play.example");
  client.wire.send(login);
  client.wire.send("more");
  Wire backend = door.backend.accept();
  EXPECT_EQ(backend.receive(login.size()), login);
  EXPECT_EQ(as_text(backend.receive(4)), "more");
  backend.send("\xFF answer");
  EXPECT_EQ(as_text(client.wire.receive(8)), "\xFF answer");
}

}  // namespace
}  // namespace drawbridge::kit
