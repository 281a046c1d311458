#include "core/auth/session_server.hpp"

#include <gtest/gtest.h>

#include <string>

namespace drawbridge::core {
namespace {

SessionQuestion question(const std::string& url) {
  return {.url = url, .player = "Steve", .hash = "-1f", .address = std::nullopt};
}

TEST(SessionRequest, CarriesNameAndHash) {
  EXPECT_EQ(session_request_url(question("https://s.example/hasJoined")),
            "https://s.example/hasJoined?username=Steve&serverId=-1f");
  EXPECT_EQ(session_request_url(question("https://s.example/hasJoined?realm=a")),
            "https://s.example/hasJoined?realm=a&username=Steve&serverId=-1f");
  SessionQuestion odd = question("https://s.example/");
  odd.player = "a&b c";
  EXPECT_EQ(session_request_url(odd), "https://s.example/?username=a%26b%20c&serverId=-1f");
}

TEST(SessionRequest, CarriesTheAddressWhereItIsWanted) {
  SessionQuestion asked = question("https://s.example/");
  asked.address = IpAddress::parse("2001:db8::7");
  EXPECT_TRUE(session_request_url(asked).ends_with("&ip=2001%3Adb8%3A%3A7"))
      << session_request_url(asked);
}

TEST(SessionAnswer, IsAProfileOrNobody) {
  const std::string json = R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"STEVE"})";
  const auto vouched = read_session_answer({.status = 200, .headers = {}, .body = json}, "Steve");
  ASSERT_TRUE(vouched && vouched->has_value());
  EXPECT_EQ((*vouched)->name, "STEVE") << "as the account writes it";
  for (const unsigned status : {200U, 204U}) {
    const auto nobody = read_session_answer({.status = status, .headers = {}, .body = ""}, "Steve");
    ASSERT_TRUE(nobody);
    EXPECT_FALSE(nobody->has_value());
  }
}

TEST(SessionAnswer, IsNeverTakenForAnotherPlayer) {
  const std::string json = R"({"id":"4566e69fc90748ee8d71d7ba5aa00d20","name":"Alex"})";
  EXPECT_FALSE(read_session_answer({.status = 200, .headers = {}, .body = json}, "Steve"));
}

TEST(SessionAnswer, ThatIsNoneIsAnError) {
  for (const unsigned status : {100U, 301U, 403U, 404U, 429U, 500U, 503U})
    EXPECT_FALSE(read_session_answer({.status = status, .headers = {}, .body = "{}"}, "Steve"))
        << status;
  EXPECT_FALSE(read_session_answer({.status = 200, .headers = {}, .body = "<html>"}, "Steve"));
}

}  // namespace
}  // namespace drawbridge::core
