#include "core/backend_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::core {
namespace {

using config::ForwardingMode;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(BackendWords, a_wrong_secret_is_explained) {
  for (const char* reason :
       {R"({"text":"Unable to verify player details"})", R"("Unable to verify player details")",
        R"({"color":"red","text":"Invalid proxy response!"})",
        R"({"text":"","extra":[{"text":"Unable to verify "},"player details"]})"})
    EXPECT_THAT(explain_refusal(reason, ForwardingMode::velocity), HasSubstr("another forwarding"))
        << reason;
  EXPECT_THAT(
      explain_refusal(R"({"text":"Unable to authenticate."})", ForwardingMode::bungee_guard),
      HasSubstr("token"));
  EXPECT_THAT(
      explain_refusal(
          R"({"text":"Invalid connection, please connect through the BungeeCord proxy. If you"})",
          ForwardingMode::bungee_guard),
      HasSubstr("token"));
}

TEST(BackendWords, what_the_backend_wants_is_named) {
  EXPECT_THAT(explain_refusal(R"({"text":"This server requires you to connect with Velocity."})",
                              ForwardingMode::none),
              HasSubstr("'velocity'"));
  EXPECT_THAT(explain_refusal(R"({"text":"If you wish to use IP forwarding, please enable it in )"
                              R"(your BungeeCord config as well!"})",
                              ForwardingMode::none),
              HasSubstr("'bungee_cord'"));
  EXPECT_THAT(
      explain_refusal(R"({"text":"Unable to authenticate - no data was forwarded by the proxy."})",
                      ForwardingMode::bungee_cord),
      HasSubstr("'bungee_guard'"));
  EXPECT_THAT(explain_refusal(R"({"text":"Unknown data in login hostname, did you forget to )"
                              R"(enable BungeeCord in spigot.yml?"})",
                              ForwardingMode::bungee_cord),
              HasSubstr("turn it on there"));
}

TEST(BackendWords, keys_for_signing_chat_are_explained) {
  for (const char* key :
       {"missing_public_key", "invalid_public_key_signature", "expired_public_key"})
    EXPECT_THAT(
        explain_refusal(std::string(R"({"translate":"multiplayer.disconnect.)") + key + "\"}",
                        ForwardingMode::none),
        HasSubstr("enforce-secure-profile"));
}

TEST(BackendWords, other_words_are_left_alone) {
  for (const char* reason :
       {R"({"text":"You are banned"})", R"({"translate":"multiplayer.disconnect.server_full"})", "",
        "not JSON", "{", R"({"text":"Unable to authenticate."})"})
    EXPECT_THAT(explain_refusal(reason, ForwardingMode::none), IsEmpty()) << reason;
}

TEST(BackendWords, the_log_gets_one_harmless_line) {
  EXPECT_EQ(readable_reason(R"({"text":"You are ","extra":[{"text":"banned","color":"red"}]})"),
            "You are banned");
  EXPECT_EQ(readable_reason("\"plain\""), "plain");
  EXPECT_THAT(readable_reason(R"({"translate":"multiplayer.disconnect.server_full"})"),
              HasSubstr("server_full"));
  EXPECT_EQ(readable_reason("\x1b[31mbytes\xff"), "?[31mbytes?");
  EXPECT_EQ(readable_reason(R"({"text":"banned\nfor \"x\\"})"), "banned / for 'x'");
  EXPECT_LE(readable_reason("\"" + std::string(5000, 'x') + "\"").size(), 130U);
}

}  // namespace
}  // namespace drawbridge::core
