// What a backend asks the client during login: the handshakes of mod loaders (Forge's FML2 and
// FML3, NeoForge of 1.20.1) and cookies. The proxy passes questions and answers on and understands
// neither.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/backend_door.hpp"
#include "kit/pattern.hpp"

namespace drawbridge::kit {
namespace {

using namespace std::string_literals;

bool ask(LoginBackend& backend, std::int32_t id, ByteBuffer data,
         std::string channel = "fml:loginwrapper") {
  return backend.link.write(
      mc::LoginPluginRequest{.id = id, .channel = std::move(channel), .data = std::move(data)});
}
bool answer(LoginClient& client, std::int32_t id, std::optional<ByteBuffer> data) {
  return client.link.write(mc::LoginPluginResponse{.id = id, .data = std::move(data)});
}

// The client's next packet is this question.
void expect_question(LoginClient& client, std::int32_t id, const ByteBuffer& data) {
  const auto request = client.link.expect<mc::LoginPluginRequest>();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, id);
  EXPECT_EQ(request->channel, "fml:loginwrapper");
  EXPECT_EQ(request->data, data);
}
void expect_answer(LoginBackend& backend, std::int32_t id, const std::optional<ByteBuffer>& data) {
  const auto response = backend.link.expect<mc::LoginPluginResponse>();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->id, id);
  EXPECT_EQ(response->data, data);
}

class BackendQuestions : public ::testing::TestWithParam<std::string> {};

TEST_P(BackendQuestions, a_mod_loader_negotiates_as_if_nobody_were_between) {
  BackendDoor door({.mode = GetParam()});
  LoginClient::Settings player = door.player(mc::v1_20);
  player.host = "play.example\0FML3\0"s;
  LoginClient client = door.client(player);
  LoginBackend backend = door.backend();
  EXPECT_EQ(backend.hello.host, "play.example\0FML3\0"s) << "the marker makes the backend ask";
  ASSERT_TRUE(ask(backend, 0, {1, 2, 3}));
  expect_question(client, 0, {1, 2, 3});
  ASSERT_TRUE(answer(client, 0, ByteBuffer{4, 5}));
  expect_answer(backend, 0, ByteBuffer{4, 5});
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in);
}

INSTANTIATE_TEST_SUITE_P(Modes, BackendQuestions, ::testing::Values("offline", "client_only"),
                         [](const auto& mode) { return mode.param; });

// Forge asks once a tick, whether answers have come or not; they come in the client's own order.
TEST(BackendQuestionsMany, are_not_held_back_for_answers) {
  BackendDoor door({});
  LoginClient client = door.client(mc::v1_16_4);
  LoginBackend backend = door.backend();
  for (std::int32_t id = 0; id < 100; ++id)
    ASSERT_TRUE(ask(backend, id, pattern(1000, static_cast<std::uint64_t>(id))));
  for (std::int32_t id = 0; id < 100; ++id)
    expect_question(client, id, pattern(1000, static_cast<std::uint64_t>(id)));
  for (std::int32_t id = 99; id >= 0; --id)
    ASSERT_TRUE(answer(client, id, pattern(50, static_cast<std::uint64_t>(id))));
  for (std::int32_t id = 99; id >= 0; --id)
    expect_answer(backend, id, pattern(50, static_cast<std::uint64_t>(id)));
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in);
}

TEST(BackendQuestionsMany, mod_lists_of_a_mebibyte_go_through_both_ways) {
  BackendDoor door({});
  LoginClient client = door.client(mc::v1_18_2);
  LoginBackend backend = door.backend();
  const ByteBuffer list = pattern(mc::max_plugin_data);
  ASSERT_TRUE(backend.link.write(mc::Compress{.threshold = 256}));
  backend.link.threshold = {256};
  std::thread sends([&] { ask(backend, 5, list); });
  expect_question(client, 5, list);
  sends.join();
  std::thread answers([&] { answer(client, 5, list); });
  expect_answer(backend, 5, list);
  answers.join();
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in);
}

TEST(BackendQuestionsMany, not_understood_is_an_answer) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask(backend, 3, {}, "some:plugin"));
  ASSERT_TRUE(client.link.expect<mc::LoginPluginRequest>());
  ASSERT_TRUE(answer(client, 3, std::nullopt));
  expect_answer(backend, 3, std::nullopt);
}

TEST(BackendQuestionsMany, the_question_who_the_player_is_stands_between_them_unseen) {
  BackendDoor door({.forwarding = "velocity"});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask(backend, 0, {1}));
  ASSERT_TRUE(ask_who(backend.link, reads_up_to(4), door.secret));
  ASSERT_TRUE(ask(backend, 1, {2}));
  expect_question(client, 0, {1});
  expect_question(client, 1, {2});
}

// --- Cookies ---

TEST(BackendCookies, are_asked_for_and_answered_during_login) {
  BackendDoor door({.mode = "client_only"});
  LoginClient client = door.client(mc::v1_20_5);
  LoginBackend backend = door.backend();
  ASSERT_TRUE(backend.link.write(mc::CookieRequest{.key = "shop:basket"}));
  ASSERT_TRUE(backend.link.write(mc::CookieRequest{.key = "shop:missing"}));
  for (const char* key : {"shop:basket", "shop:missing"}) {
    const auto request = client.link.expect<mc::CookieRequest>();
    ASSERT_TRUE(request);
    EXPECT_EQ(request->key, key);
  }
  const ByteBuffer basket = pattern(mc::max_cookie);
  ASSERT_TRUE(client.link.write(mc::CookieResponse{.key = "shop:basket", .value = basket}));
  ASSERT_TRUE(client.link.write(mc::CookieResponse{.key = "shop:missing", .value = {}}));
  const auto first = backend.link.expect<mc::CookieResponse>();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->value, basket);
  const auto second = backend.link.expect<mc::CookieResponse>();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->key, "shop:missing");
  EXPECT_FALSE(second->value);
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in);
}

// --- Clients that answer what nobody asked ---

TEST(BackendQuestionsHostile, an_answer_to_no_question_ends_that_login) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask(backend, 1, {1}));
  expect_question(client, 1, {1});
  ASSERT_TRUE(answer(client, 2, ByteBuffer{9}));
  EXPECT_TRUE(backend.link.wire.ends());
  EXPECT_TRUE(door.rig().logged({"left during login", "nobody asked"}));
}

TEST(BackendQuestionsHostile, an_answer_given_twice_ends_that_login) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask(backend, 1, {1}));
  ASSERT_TRUE(ask(backend, 2, {1}));
  expect_question(client, 1, {1});
  expect_question(client, 2, {1});
  ASSERT_TRUE(answer(client, 1, ByteBuffer{9}));
  expect_answer(backend, 1, ByteBuffer{9});
  ASSERT_TRUE(answer(client, 1, ByteBuffer{9}));
  EXPECT_TRUE(backend.link.wire.ends());
}

TEST(BackendQuestionsHostile, a_cookie_that_nobody_asked_for_ends_that_login) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(client.link.write(mc::CookieResponse{.key = "x:y", .value = ByteBuffer{1}}));
  EXPECT_TRUE(backend.link.wire.ends());
}

// Nothing of that size is expected, so it is refused by its length.
TEST(BackendQuestionsHostile, a_large_packet_that_nobody_asked_for_is_not_even_received) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  ASSERT_TRUE(client.link.write_raw({0xFF, 0xFF, 0x3F, 0x02}));
  EXPECT_TRUE(backend.link.wire.ends());
  EXPECT_TRUE(door.rig().logged({"left during login", "that is the limit"}));
}

TEST(BackendQuestionsHostile, a_client_that_leaves_meanwhile_leaves_the_backend_too) {
  BackendDoor door({});
  LoginClient client = door.client();
  LoginBackend backend = door.backend();
  client.link.wire.close();
  EXPECT_TRUE(backend.link.wire.ends());
  EXPECT_TRUE(door.rig().logged({"left during login"}));
  EXPECT_TRUE(eventually([&] { return door.rig().daemon().proxy().connections() == 0; }));
}

// --- Time ---

// A player who downloads a mod list does not run out of the time for logging in.
TEST(BackendQuestionsTime, that_answers_take_is_not_counted) {
  BackendDoor door({.global = "limits.login_timeout = \"5s\""});
  LoginClient client = door.client(mc::v1_16_4);
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask(backend, 1, {1}));
  expect_question(client, 1, {1});
  EXPECT_TRUE(client.link.wire.stays_quiet(seconds(6))) << "nothing ends while it is asked";
  ASSERT_TRUE(answer(client, 1, ByteBuffer{2}));
  expect_answer(backend, 1, ByteBuffer{2});
  ASSERT_TRUE(say_success(backend));
  EXPECT_TRUE(client.log_in().in);
}

TEST(BackendQuestionsTime, silence_ends_it) {
  BackendDoor door({.server = "timeouts.read = \"100ms\""});
  LoginClient client = door.client(mc::v1_16_4);
  LoginBackend backend = door.backend();
  ASSERT_TRUE(ask(backend, 1, {1}));
  expect_question(client, 1, {1});
  EXPECT_TRUE(client.link.wire.ends());
  EXPECT_TRUE(backend.link.wire.ends());
  EXPECT_TRUE(door.rig().logged({"left during login", "no answer"}));
}

// --- A second backend ---

struct Two {
  explicit Two(std::string_view more = {})
      : rig({.global = {},
             .servers = {
                 {"first", server_file("play.example", first.address(),
                                       "proxy_mode = \"offline\"\nfallback = [\"second\"]\n" +
                                           std::string(more))},
                 {"second",
                  server_file("second.example", second.address(), "proxy_mode = \"offline\"")}}}) {}
  FakeServer first, second;
  ProxyRig rig;
};

TEST(BackendQuestionsFallback, a_later_backend_is_told_that_nothing_is_understood) {
  Two two;
  LoginClient client(two.rig.endpoint(), {.version = mc::v1_18_2});
  LoginBackend first(two.first.accept());
  ASSERT_TRUE(ask(first, 1, {1}));
  expect_question(client, 1, {1});
  ASSERT_TRUE(say_no(first, R"({"text":"no"})"));
  LoginBackend second(two.second.accept());
  ASSERT_TRUE(ask(second, 1, {2}));
  expect_answer(second, 1, std::nullopt);
  // The answer to the first one comes late, and must not be taken for one to the second.
  ASSERT_TRUE(answer(client, 1, ByteBuffer{9}));
  ASSERT_TRUE(ask(second, 2, {3}));
  expect_answer(second, 2, std::nullopt);
  ASSERT_TRUE(say_success(second));
  EXPECT_TRUE(client.log_in().in);
}

TEST(BackendQuestionsFallback, a_later_backend_may_ask_if_the_first_did_not) {
  Two two;
  LoginClient client(two.rig.endpoint(), {.version = mc::v1_18_2});
  LoginBackend first(two.first.accept());
  ASSERT_TRUE(say_no(first, R"({"text":"no"})"));
  LoginBackend second(two.second.accept());
  ASSERT_TRUE(ask(second, 1, {2}));
  expect_question(client, 1, {2});
  ASSERT_TRUE(answer(client, 1, ByteBuffer{9}));
  expect_answer(second, 1, ByteBuffer{9});
}

TEST(BackendQuestionsFallback, late_cookies_of_the_first_backend_do_not_reach_the_second) {
  Two two;
  LoginClient client(two.rig.endpoint(), {.version = mc::v1_21});
  LoginBackend first(two.first.accept());
  ASSERT_TRUE(first.link.write(mc::CookieRequest{.key = "a:first"}));
  ASSERT_TRUE(client.link.expect<mc::CookieRequest>());
  ASSERT_TRUE(say_no(first, R"({"text":"no"})"));
  LoginBackend second(two.second.accept());
  ASSERT_TRUE(second.link.write(mc::CookieRequest{.key = "a:second"}));
  ASSERT_TRUE(client.link.expect<mc::CookieRequest>());
  ASSERT_TRUE(client.link.write(mc::CookieResponse{.key = "a:first", .value = ByteBuffer{1}}));
  ASSERT_TRUE(client.link.write(mc::CookieResponse{.key = "a:second", .value = ByteBuffer{2}}));
  const auto cookie = second.link.expect<mc::CookieResponse>();
  ASSERT_TRUE(cookie);
  EXPECT_EQ(cookie->key, "a:second");
}

}  // namespace
}  // namespace drawbridge::kit
