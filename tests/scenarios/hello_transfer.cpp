// Clients that come by a transfer packet (intent 3) are routed like any login. Backends refuse that
// intent by default, so a client that we sent away ourselves arrives there as a plain login.
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

ByteBuffer transfer_bytes(std::string_view player) {
  return login_bytes("play.example", player, mc::v1_21_4, mc::Intent::transfer);
}

TEST(HelloTransfer, goes_on_as_it_came) {
  Door door;
  FakeClient client = door.client();
  client.wire.send(transfer_bytes("Steve"));
  Wire backend = door.backend.accept();
  const auto arrived = FakeServer::read_hello(backend);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.kind, mc::HelloKind::transfer);
  EXPECT_EQ(arrived->bytes, transfer_bytes("Steve"));
}

TEST(HelloTransfer, one_that_we_asked_for_arrives_as_a_login_once) {
  Door door;
  const IpAddress here = *IpAddress::parse("127.0.0.1");
  door.rig.daemon().proxy().services().transfers.note(here, "Steve", Clock::now());
  const auto kind_at_backend = [&](std::string_view player) {
    FakeClient client = door.client();
    client.wire.send(transfer_bytes(player));
    Wire backend = door.backend.accept();
    const auto arrived = FakeServer::read_hello(backend);
    EXPECT_TRUE(arrived);
    return arrived ? arrived->hello.kind : mc::HelloKind::status;
  };
  EXPECT_EQ(kind_at_backend("Alex"), mc::HelloKind::transfer);
  EXPECT_EQ(kind_at_backend("Steve"), mc::HelloKind::login);
  EXPECT_EQ(kind_at_backend("Steve"), mc::HelloKind::transfer);
}

TEST(HelloTransfer, from_another_address_the_note_does_not_count) {
  Door door;
  door.rig.daemon().proxy().services().transfers.note(*IpAddress::parse("127.0.0.9"), "Steve",
                                                      Clock::now());
  FakeClient client = door.client();
  client.wire.send(transfer_bytes("Steve"));
  Wire backend = door.backend.accept();
  const auto arrived = FakeServer::read_hello(backend);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.kind, mc::HelloKind::transfer);
}

TEST(HelloTransfer, to_an_unknown_host_is_kicked_like_a_login) {
  Door door;
  FakeClient client = door.client();
  client.wire.send(login_bytes("other.example", "Steve", mc::v1_21_4, mc::Intent::transfer));
  const auto words = client.kicked();
  ASSERT_TRUE(words);
  EXPECT_NE(words->find("other.example"), std::string::npos) << *words;
}

}  // namespace
}  // namespace drawbridge::kit
