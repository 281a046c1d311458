// However the bytes of a login are cut into segments, the backend gets all of them, once and in
// order.
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

ByteBuffer joined(const ByteBuffer& a, std::string_view b) {
  ByteBuffer out = a;
  const ByteView more = as_bytes(b);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// Sends `bytes` cut at `cut` and answers what the backend got.
ByteBuffer through(Door& door, const ByteBuffer& bytes, std::size_t cut) {
  FakeClient client = door.client();
  client.wire.send(ByteView(bytes).first(cut));
  client.wire.send(ByteView(bytes).subspan(cut));
  Wire backend = door.backend.accept();
  return backend.receive(bytes.size());
}

TEST(HelloFraming, one_byte_a_segment) {
  Door door;
  const ByteBuffer login = login_bytes("play.example", "Steve");
  FakeClient client = door.client();
  ASSERT_TRUE(client.wire.send_byte_by_byte(login));
  Wire backend = door.backend.accept();
  EXPECT_EQ(backend.receive(login.size()), login);
  // And the way is open in both directions.
  ASSERT_TRUE(backend.send("from the backend"));
  EXPECT_EQ(as_text(client.wire.receive(16)), "from the backend");
  ASSERT_TRUE(client.wire.send("from the client"));
  EXPECT_EQ(as_text(backend.receive(15)), "from the client");
}

// The closest peer loses what came in the segment of the login start; its players hang there.
TEST(HelloFraming, peers_fault_12_bytes_after_login_start) {
  Door door;
  const ByteBuffer all = joined(login_bytes("play.example", "Steve"), "said in the same breath");
  FakeClient client = door.client();
  ASSERT_TRUE(client.wire.send(all));
  Wire backend = door.backend.accept();
  EXPECT_EQ(backend.receive(all.size()), all);
  ASSERT_TRUE(client.wire.send(", and after it"));
  EXPECT_EQ(as_text(backend.receive(14)), ", and after it");
}

TEST(HelloFraming, more_than_a_buffer_after_login_start) {
  Door door;
  // More than is read ahead before login: the rest waits in the kernel until the relay takes it.
  std::string much;
  for (int i = 0; much.size() < 200'000; ++i) much += std::to_string(i) + ' ';
  const ByteBuffer all = joined(login_bytes("play.example", "Steve"), much);
  FakeClient client = door.client();
  std::thread sending([&] { client.wire.send(all); });
  Wire backend = door.backend.accept();
  const ByteBuffer got = backend.receive(all.size());
  sending.join();
  EXPECT_TRUE(got == all) << got.size() << " of " << all.size() << " bytes";
}

TEST(HelloFraming, cut_at_every_boundary_between_packets) {
  Door door;
  const ByteBuffer handshake =
      handshake_bytes("play.example", mc::v1_21_4, mc::Intent::login, 25565);
  const ByteBuffer login = login_bytes("play.example", "Steve");
  const ByteBuffer all = joined(login, "next");
  for (const std::size_t cut : {std::size_t{1}, handshake.size() - 1, handshake.size(),
                                handshake.size() + 1, login.size() - 1, login.size()})
    EXPECT_EQ(through(door, all, cut), all) << "cut at " << cut;
}

// A client that says all it has and closes its side: the backend hears it, and its answer arrives.
TEST(HelloFraming, half_closed_right_after_login_start) {
  Door door;
  const ByteBuffer login = login_bytes("play.example", "Steve");
  FakeClient client = door.client();
  client.wire.send(login);
  client.wire.half_close();
  Wire backend = door.backend.accept();
  EXPECT_EQ(backend.receive_all(), login);
  backend.send("goodbye");
  backend.close();
  const auto answer = client.wire.receive_all();
  ASSERT_TRUE(answer);
  EXPECT_EQ(as_text(*answer), "goodbye");
}

// A login start of a version that nobody has seen yet goes through as it came.
TEST(HelloFraming, unknown_future_version_is_relayed_untouched) {
  Door door;
  ByteBuffer login = handshake_bytes("play.example", mc::Version{4321}, mc::Intent::login);
  // Name, and then fields of a layout that only that version knows.
  const ByteBuffer start{0x0B, 0x00, 0x03, 'A', 'm', 'y', 0xDE, 0xAD, 0xBE, 0xEF, 0x01, 0x02};
  login.insert(login.end(), start.begin(), start.end());
  FakeClient client = door.client();
  client.wire.send(login);
  Wire backend = door.backend.accept();
  EXPECT_EQ(backend.receive(login.size()), login);
}

}  // namespace
}  // namespace drawbridge::kit
