// Players of the intercepted modes get in, at a version of each form of the login, whatever the
// backend compresses: who they are is right at both ends, and what is said afterwards arrives.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "kit/door.hpp"
#include "kit/login_client.hpp"

namespace drawbridge::kit {
namespace {

// Each is the first or last with a form of its own.
constexpr mc::Version versions[] = {mc::v1_7_2,  mc::v1_7_6,  mc::v1_8,    mc::v1_12_2, mc::v1_13,
                                    mc::v1_15_2, mc::v1_16,   mc::v1_18_2, mc::v1_19,   mc::v1_19_1,
                                    mc::v1_19_3, mc::v1_20,   mc::v1_20_2, mc::v1_20_3, mc::v1_20_5,
                                    mc::v1_21_2, mc::v1_21_5, mc::v26_1,   mc::v26_3};

using Case = std::tuple<mc::Version, std::int32_t>;  // and the backend's threshold

class Login : public ::testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static mc::Version version() { return std::get<0>(GetParam()); }
  // 1.7 has no compression.
  [[nodiscard]] static std::int32_t threshold() {
    return version() < mc::v1_8 ? -1 : std::get<1>(GetParam());
  }
};

// A small and a large packet each way, in the phase that the login ends in.
void expect_talk(PacketWire& client, PacketWire& backend) {
  const bool configures = client.version >= mc::v1_20_2;
  for (const std::size_t size : {std::size_t{8}, std::size_t{3000}}) {
    ByteBuffer body;
    mc::Writer writer(body, client.version);
    const auto& down = mc::id_map(client.version, client.state, mc::Bound::client);
    writer.varint(down.id(mc::Kind::custom_payload).value_or(0x3F));
    writer.string("test:down");
    writer.raw(ByteBuffer(size, 'd'));
    ASSERT_TRUE(backend.write_body(body));
    const auto got = client.read();
    ASSERT_TRUE(got) << "nothing came down";
    EXPECT_EQ(got->body, body);
  }
  for (const std::size_t size : {std::size_t{8}, std::size_t{3000}}) {
    ByteBuffer body;
    mc::Writer writer(body, client.version);
    const auto& up = mc::id_map(client.version, client.state, mc::Bound::server);
    writer.varint(up.id(mc::Kind::custom_payload).value_or(0x17));
    writer.string("test:up");
    writer.raw(ByteBuffer(size, 'u'));
    ASSERT_TRUE(client.write_body(body));
    const auto got = backend.read();
    ASSERT_TRUE(got) << "nothing went up";
    EXPECT_EQ(got->body, body);
  }
  EXPECT_EQ(configures, client.state == mc::State::configuration);
}

TEST_P(Login, offline_players_get_in) {
  Door door("play.example", {.server = "proxy_mode = \"offline\"", .global = {}});
  LoginClient client(door.rig.endpoint(), {.version = version()});
  LoginBackend backend(door.backend.accept());
  EXPECT_EQ(backend.hello.kind, mc::HelloKind::login);
  EXPECT_EQ(backend.hello.player, "Steve");
  ASSERT_TRUE(client.link.wire.open());
  // The backend reads the acknowledgement only when the client has had its success.
  std::thread letting_in([&] { EXPECT_TRUE(backend.let_in(threshold())); });
  const auto outcome = client.log_in();
  letting_in.join();
  ASSERT_TRUE(outcome.in) << outcome.kicked;
  EXPECT_FALSE(client.link.is_encrypted());
  EXPECT_EQ(client.success->uuid, offline_uuid("Steve"));
  EXPECT_EQ(client.success->player, "Steve");
  EXPECT_EQ(client.link.threshold.bytes, threshold());
  expect_talk(client.link, backend.link);
}

TEST_P(Login, client_only_players_are_verified_and_get_in) {
  SessionServer session;
  Door door("play.example", {.server = "proxy_mode = \"client_only\"", .global = session.config()});
  LoginClient client(door.rig.endpoint(), {.version = version(), .session = &session});
  ASSERT_TRUE(client.answer_encryption());
  LoginBackend backend(door.backend.accept());
  std::thread letting_in([&] { EXPECT_TRUE(backend.let_in(threshold())); });
  const auto outcome = client.log_in();
  letting_in.join();
  ASSERT_TRUE(outcome.in) << outcome.kicked;
  EXPECT_TRUE(client.link.is_encrypted());
  EXPECT_TRUE(client.request->should_authenticate);
  EXPECT_EQ(client.request->server_id, "");
  EXPECT_EQ(client.success->player, "Steve");
  EXPECT_EQ(client.link.threshold.bytes, threshold());
  EXPECT_EQ(session.requests().size(), 1U);
  expect_talk(client.link, backend.link);
}

INSTANTIATE_TEST_SUITE_P(Versions, Login,
                         ::testing::Combine(::testing::ValuesIn(versions),
                                            ::testing::Values(-1, 256)),
                         [](const auto& info) {
                           return fmt::format("protocol_{}_{}", mc::number(std::get<0>(info.param)),
                                              std::get<1>(info.param) < 0 ? "plain" : "compressed");
                         });

}  // namespace
}  // namespace drawbridge::kit
