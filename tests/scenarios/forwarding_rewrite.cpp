// The host name that a backend reads, when the server's file says that it is not the one that the
// player typed.
#include <gtest/gtest.h>

#include "kit/door.hpp"
#include "kit/player.hpp"
#include "net/proxy_protocol.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

std::string host_at_backend(std::string_view more, std::string_view sent) {
  Door door("play.example", {.server = std::string(more), .global = {}});
  Player player(door.rig.endpoint(), door.backend, sent);
  EXPECT_EQ(player.hello.hello.player, "Steve");
  EXPECT_EQ(player.hello.hello.port, 25565);
  EXPECT_EQ(player.hello.hello.version, mc::v1_21_4);
  EXPECT_TRUE(player.plays());
  return player.hello.hello.host;
}

TEST(ForwardingRewrite, without_it_the_backend_reads_what_was_typed) {
  EXPECT_EQ(host_at_backend("", "Play.Example."), "Play.Example.");
}

TEST(ForwardingRewrite, explicit_puts_the_configured_name) {
  EXPECT_EQ(host_at_backend("domain_rewrite = { explicit = \"inner.lan\" }", "play.example"),
            "inner.lan");
}

TEST(ForwardingRewrite, from_backend_puts_the_host_of_the_address) {
  EXPECT_EQ(host_at_backend("domain_rewrite = \"from_backend\"", "play.example"), "127.0.0.1");
}

TEST(ForwardingRewrite, from_backend_puts_the_host_of_the_address_that_answered) {
  FakeServer backend;
  const std::string port = backend.address().substr(backend.address().find(':'));
  ProxyRig rig({.global = {},
                .servers = {{"lobby", fmt::format("domains = [\"play.example\"]\n"
                                                  "addresses = [\"127.0.0.1:1\", \"localhost{}\"]\n"
                                                  "domain_rewrite = \"from_backend\"",
                                                  port)}}});
  Player player(rig.endpoint(), backend);
  EXPECT_EQ(player.hello.hello.host, "localhost");
}

TEST(ForwardingRewrite, the_mod_marker_stays_behind_the_new_name) {
  EXPECT_EQ(
      host_at_backend("domain_rewrite = { explicit = \"inner.lan\" }", "play.example\0FML2\0"s),
      "inner.lan\0FML2\0"s);
}

TEST(ForwardingRewrite, what_came_along_follows_the_new_handshake) {
  Door door("play.example",
            {.server = "domain_rewrite = { explicit = \"inner.lan\" }", .global = {}});
  FakeClient client = door.client();
  ByteBuffer all = login_bytes("play.example", "Steve");
  all.insert(all.end(), {1, 2, 3});
  client.wire.send(all);
  Wire server = door.backend.accept();
  const auto arrived = FakeServer::read_hello(server);
  ASSERT_TRUE(arrived.has_value());
  EXPECT_EQ(arrived->bytes, login_bytes("inner.lan", "Steve"));
  EXPECT_EQ(server.receive(3), (ByteBuffer{1, 2, 3}));
}

TEST(ForwardingRewrite, a_proxy_header_goes_before_the_new_handshake) {
  for (const std::string_view version : {"v1", "v2"}) {
    Door door("play.example",
              {.server = fmt::format("domain_rewrite = {{ explicit = \"inner.lan\" }}\n"
                                     "send_proxy_protocol = \"{}\"",
                                     version),
               .global = {}});
    FakeClient client = door.client();
    ASSERT_TRUE(client.log_in("play.example", "Steve"));
    Wire server = door.backend.accept();
    const ByteBuffer header =
        net::proxy_header(version == "v1" ? net::ProxyForm::v1 : net::ProxyForm::v2,
                          client.wire.local(), door.rig.endpoint());
    EXPECT_EQ(server.receive(header.size()), header) << version;
    const auto arrived = FakeServer::read_hello(server);
    ASSERT_TRUE(arrived.has_value());
    EXPECT_EQ(arrived->hello.host, "inner.lan");
  }
}

}  // namespace
}  // namespace drawbridge::kit
