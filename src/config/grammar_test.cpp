#include "config/grammar.hpp"

#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

using testing::HasSubstr;

TEST(Durations, UnitsAddUp) {
  EXPECT_EQ(parse_duration("200ms"), Duration(milliseconds(200)));
  EXPECT_EQ(parse_duration("5s"), Duration(seconds(5)));
  EXPECT_EQ(parse_duration("2m30s"), Duration(seconds(150)));
  EXPECT_EQ(parse_duration("7d"), Duration(hours(7 * 24)));
  EXPECT_EQ(parse_duration("50us"), Duration(microseconds(50)));
  EXPECT_EQ(parse_duration("50\xC2\xB5s"), Duration(microseconds(50)));
  EXPECT_EQ(parse_duration("1h 30min"), Duration(minutes(90)));
  EXPECT_EQ(parse_duration("30 minutes"), Duration(minutes(30)));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
}

TEST(Durations, BareNumbersAndNonsenseAreErrors) {
  for (const std::string_view text : {"", "5", "s", "5x", "5s3", "-5s", "1.5s", "ms5", "5 5s",
                                      "99999999999999999999s", "300y", "9223372036s1s"})
    EXPECT_FALSE(parse_duration(text)) << text;
  EXPECT_THAT(parse_duration("30").error().what, HasSubstr("\"30s\""));
}

TEST(Durations, TextReadsBack) {
  for (const Duration duration : {Duration(0), Duration(seconds(150)), Duration(milliseconds(1500)),
                                  Duration(hours(49)), Duration(7)}) {
    EXPECT_EQ(parse_duration(duration_text(duration)), duration) << duration_text(duration);
  }
  EXPECT_EQ(duration_text(seconds(300)), "5m");
}

TEST(Sizes, StepsOf1024OnlyWithTheI) {
  EXPECT_EQ(parse_size("64KiB"), Size{65536});
  EXPECT_EQ(parse_size("2MiB"), Size{2} << 20);
  EXPECT_EQ(parse_size("1GB"), Size{1'000'000'000});
  EXPECT_EQ(parse_size("512"), Size{512});
  EXPECT_EQ(parse_size("512 B"), Size{512});
  for (const std::string_view text : {"", "KiB", "64M", "1.5MiB", "-1", "64XB", "9999999999TiB"})
    EXPECT_FALSE(parse_size(text)) << text;
  EXPECT_THAT(parse_size("64M").error().what, HasSubstr("\"64MiB\""));
  EXPECT_EQ(size_text(Size{64} << 20), "64MiB");
  EXPECT_EQ(size_text(1000), "1000");
}

TEST(Addresses, AllFormsAreRead) {
  const auto plain = parse_address("Backend.Example.com:25570");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "backend.example.com");
  EXPECT_EQ(plain->port, 25570);
  EXPECT_FALSE(plain->ip);
  EXPECT_EQ(parse_address("mc_server")->port, 25565);  // Docker names have "_"
  const auto six = parse_address("[2001:DB8::1]:1");
  ASSERT_TRUE(six && six->ip);
  EXPECT_EQ(six->text(), "[2001:db8::1]:1");
  EXPECT_EQ(parse_address("2001:db8::1")->text(), "[2001:db8::1]:25565");
  EXPECT_EQ(parse_address("[::ffff:10.0.0.1]:5")->text(), "10.0.0.1:5");
  EXPECT_EQ(parse_address("unix:/run/x.sock")->unix_path, "/run/x.sock");
  EXPECT_EQ(parse_address("unix:///run/x.sock")->unix_path, "/run/x.sock");
}

TEST(Addresses, RefusalsSayWhatToWrite) {
  for (const std::string_view text : {"", "host:", "host:x", "host:70000", "[::1", "[::1]x",
                                      "a:b:c", "10.0.0.300", "ho st", "25565", "unix:", "-:-:1"})
    EXPECT_FALSE(parse_address(text)) << text;
  EXPECT_THAT(parse_address(":25565").error().what, HasSubstr("[::]:25565"));
  EXPECT_THAT(parse_address("mc://x:25565").error().what, HasSubstr("host:port"));
  EXPECT_THAT(parse_address("http://u:secret@x").error().what, Not(HasSubstr("secret")));
}

TEST(Networks, HostBitsAreMaskedWithANote) {
  std::string note;
  EXPECT_EQ(parse_cidr("10.1.2.3/8", note)->text(), "10.0.0.0/8");
  EXPECT_THAT(note, HasSubstr("10.0.0.0/8"));
  note.clear();
  EXPECT_EQ(parse_cidr("10.1.2.3", note)->text(), "10.1.2.3/32");
  EXPECT_EQ(parse_cidr("2001:db8::1", note)->text(), "2001:db8::1/128");
  EXPECT_EQ(parse_cidr("::ffff:10.0.0.1", note)->text(), "10.0.0.1/32");
  EXPECT_EQ(note, "");
  for (const std::string_view text :
       {"", "10.0.0.0/33", "10.0.0/8", "x/8", "::/129", "10.0.0.0/-1"})
    EXPECT_FALSE(parse_cidr(text, note)) << text;
}

TEST(Domains, AreFolded) {
  EXPECT_EQ(fold_domain("Play.Example.COM"), "play.example.com");
  EXPECT_EQ(fold_domain("play.example.com."), "play.example.com");
  EXPECT_EQ(fold_domain("M\xC3\x9CNCHEN.de"), "xn--mnchen-3ya.de");
  EXPECT_EQ(fold_domain("*.m\xC3\xBCnchen.de"), "*.xn--mnchen-3ya.de");
  EXPECT_EQ(fold_domain("s?.example.com"), "s?.example.com");
  EXPECT_EQ(fold_domain("*"), "*");
  EXPECT_EQ(fold_domain("::1"), "::1");
  EXPECT_EQ(fold_domain("192.168.1.5"), "192.168.1.5");
}

// What people write in `domains` instead of a host name, and what the message offers.
TEST(Domains, RefusalsSayWhatToWrite) {
  const auto advice = [](std::string_view text) {
    const auto folded = fold_domain(text);
    EXPECT_FALSE(folded) << text;
    return folded ? std::string() : folded.error().what;
  };
  EXPECT_THAT(advice("play.example.com:25565"), HasSubstr("write \"play.example.com\""));
  EXPECT_THAT(advice("mc://play.example.com"), HasSubstr("\"play.example.com\""));
  EXPECT_THAT(advice("https://play.example.com:1/x"), HasSubstr(": \"play.example.com\""));
  EXPECT_THAT(advice("a.example.com b.example.com"), HasSubstr("[\"a\", \"b\"]"));
  EXPECT_THAT(advice("a.example.com/x"), HasSubstr("\"a.example.com\""));
  EXPECT_THAT(advice(""), HasSubstr("\"*\""));
  advice("a..b");
  advice(".a");
  advice("a$b.example.com");
  advice("m\xC3\xBC*.de");
  advice("\xFF\xFE.de");
  advice(std::string(64, 'a') + ".de");
  std::string long_name;
  for (int i = 0; i < 100; ++i) long_name += "abc.";
  advice(long_name + "de");
}

TEST(Ids, FileNamesAreBroughtIntoForm) {
  EXPECT_EQ(to_id("My Server"), "my-server");
  EXPECT_EQ(to_id("a.b.c"), "a-b-c");
  EXPECT_EQ(to_id("--x--"), "--x");
  EXPECT_EQ(to_id("\xC3\xBC"), "");
  EXPECT_TRUE(is_id("my-server_1"));
  for (const std::string& text :
       {std::string(), std::string("A"), std::string("a b"), std::string(65, 'a')})
    EXPECT_FALSE(is_id(text)) << text;
  EXPECT_TRUE(is_id(to_id(std::string(100, 'x'))));
}

TEST(Patterns, CapturesMustExist) {
  EXPECT_TRUE(check_regex("(?P<name>[a-z]+)\\.example\\.com"));
  EXPECT_FALSE(check_regex("(a"));
  EXPECT_FALSE(check_regex("(a)\\1"));  // back-references cannot run in linear time
  EXPECT_FALSE(check_regex(""));
  EXPECT_FALSE(check_regex(std::string(1025, 'a')));
  const std::string pattern = "(?P<name>[a-z]+)\\.example\\.com";
  EXPECT_TRUE(check_address_template("$1.internal:25565", pattern));
  EXPECT_TRUE(check_address_template("${name}.internal", pattern));
  EXPECT_TRUE(check_address_template("$1", pattern));
  EXPECT_TRUE(check_address_template("$1:$1", pattern));
  EXPECT_TRUE(check_address_template("10.0.0.1:2556$1", pattern));
  EXPECT_TRUE(check_address_template("[$1]:25565", pattern));
  for (const std::string_view text :
       {"$2.internal", "${nam}.internal", "$", "$x", "${name", "$1 x", "$$1"})
    EXPECT_FALSE(check_address_template(text, pattern)) << text;
}

TEST(Placeholders, UnknownOnesAreErrors) {
  EXPECT_TRUE(check_placeholders(
      "{server} {host} {player} {players} {max} {eta} {elapsed} {seconds} {duration}", false));
  EXPECT_TRUE(check_placeholders("plain { braces } {1} {}", false));
  EXPECT_THAT(check_placeholders("{playr}", false).error().what, HasSubstr("{player}"));
  EXPECT_FALSE(check_placeholders("{reason}", false));
  EXPECT_TRUE(check_placeholders("{reason} {remaining}", true));
}

TEST(Urls, PasswordsAreLeftOut) {
  EXPECT_EQ(redact_url("redis://user:pw@host/0"), "redis://user:<redacted>@host/0");
  EXPECT_EQ(redact_url("redis://:p@w@host"), "redis://:<redacted>@host");
  EXPECT_EQ(redact_url("http://host:80/a@b"), "http://host:80/a@b");
  EXPECT_TRUE(check_url("unix:///var/run/docker.sock", "unix, tcp"));
  EXPECT_FALSE(check_url("http:///x", "http"));
  EXPECT_FALSE(check_url("ftp://x", "http, https"));
  EXPECT_FALSE(check_url("http://a b", "http"));
}

}  // namespace
}  // namespace drawbridge::config
