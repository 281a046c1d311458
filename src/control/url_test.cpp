#include "control/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace drawbridge::control {
namespace {

TEST(Url, IsTakenApart) {
  const auto url = Url::parse("https://Session.Example:8443/a/hasJoined?x=1#part");
  ASSERT_TRUE(url) << url.error().what;
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "session.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/hasJoined?x=1");
  EXPECT_EQ(url->authority(), "session.example:8443");
  EXPECT_EQ(url->origin(), "https://session.example:8443");
}

TEST(Url, KnowsWhatIsUsual) {
  const auto secure = Url::parse("HTTPS://a.example");
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->port, 443);
  EXPECT_EQ(secure->target, "/");
  EXPECT_EQ(secure->authority(), "a.example");
  const auto plain = Url::parse("http://[::1]:80?q");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "::1");
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->target, "/?q");
  EXPECT_EQ(plain->authority(), "[::1]");
}

TEST(Url, KeepsCredentialsOutOfWhatIsShown) {
  const auto url = Url::parse("http://user:pa%40ss%zz@127.0.0.1:9/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->credentials, "user:pa@ss%zz");
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->origin(), "http://127.0.0.1:9");
}

TEST(Url, RefusesWhatItCannotUse) {
  for (const std::string_view bad :
       {"", "example.com", "ftp://example.com", "http://", "http:///x", "http://:80", "http://a:0",
        "http://a:65536", "http://a:b", "http://[::1", "http://[::1]x", "http://a b",
        "http://a/\r\nHost: evil", "http://a/\xc3\xa4"})
    EXPECT_FALSE(Url::parse(bad)) << bad;
}

TEST(Url, EscapesWhatGoesIntoAQuery) {
  EXPECT_EQ(url_escaped("Steve_1-a.b~"), "Steve_1-a.b~");
  EXPECT_EQ(url_escaped("a b&c=d\xc3\xa4"), "a%20b%26c%3Dd%C3%A4");
}

}  // namespace
}  // namespace drawbridge::control
