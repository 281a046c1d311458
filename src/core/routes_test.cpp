#include "core/routes.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace drawbridge::core {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

RouteClaim claim(std::string domain, std::uint32_t server, int rank = 0) {
  return {std::move(domain), server, rank, fmt::format("s{:03}", server)};
}

std::string server_name(std::uint32_t server) {
  return fmt::format("s{:03}", server);
}

std::optional<std::uint32_t> server_of(const RouteTable& table, std::string_view host) {
  const auto match = table.find(host);
  if (!match) return std::nullopt;
  return match->server;
}

TEST(Routes, FollowTheOrderOfStages) {
  const RouteTable table({claim("a.b.example.com", 1), claim("*.b.example.com", 2),
                          claim("*.example.com", 3), claim("mc-*.example.net", 4), claim("*", 5)});
  EXPECT_EQ(server_of(table, "a.b.example.com"), 1U);
  EXPECT_EQ(server_of(table, "x.b.example.com"), 2U);
  EXPECT_EQ(server_of(table, "y.x.b.example.com"), 2U) << "any depth";
  EXPECT_EQ(server_of(table, "b.example.com"), 3U) << "not the bare suffix";
  EXPECT_EQ(server_of(table, "x.example.com"), 3U);
  EXPECT_EQ(server_of(table, "mc-1.example.net"), 4U);
  EXPECT_EQ(server_of(table, "example.com"), 5U);
  EXPECT_EQ(server_of(table, "xexample.com"), 5U) << "a suffix begins at a dot";
  EXPECT_EQ(server_of(table, ""), 5U);
}

TEST(Routes, SayWhatMatched) {
  const RouteTable table({claim("A.example.com", 1), claim("*.Example.com", 2), claim("?.net", 3)});
  const auto exact = table.find("a.example.com");
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->kind, MatchKind::exact);
  EXPECT_EQ(exact->pattern, "a.example.com");
  const auto suffix = table.find("b.example.com");
  ASSERT_TRUE(suffix);
  EXPECT_EQ(suffix->kind, MatchKind::suffix);
  EXPECT_EQ(suffix->pattern, "*.example.com");
  const auto glob = table.find("x.net");
  ASSERT_TRUE(glob);
  EXPECT_EQ(glob->kind, MatchKind::glob);
  EXPECT_EQ(glob->pattern, "?.net");
  EXPECT_EQ(table.find("xy.net"), std::nullopt);
}

TEST(Routes, ASuffixBeatsAMoreLiteralPattern) {
  const RouteTable table({claim("very-long-name-*.example.com", 1), claim("*.example.com", 2)});
  EXPECT_EQ(server_of(table, "very-long-name-7.example.com"), 2U);
}

TEST(Routes, PatternsGoByLiteralsThenText) {
  // "b*..." has the same number of literals as "*b...", and '*' comes before 'b'.
  const RouteTable table({claim("a*.example.com", 1), claim("ab*.example.com", 2),
                          claim("*b.example.org", 3), claim("b*.example.org", 4), claim("*.x.*", 5),
                          claim("lobby*", 6)});
  EXPECT_EQ(server_of(table, "abc.example.com"), 2U);
  EXPECT_EQ(server_of(table, "acc.example.com"), 1U);
  EXPECT_EQ(server_of(table, "bb.example.org"), 3U);
  EXPECT_EQ(server_of(table, "bc.example.org"), 4U);
  EXPECT_EQ(server_of(table, "a.x.com"), 5U) << "a pattern without a literal tail";
  EXPECT_EQ(server_of(table, "lobby.x.com"), 6U) << "six literals beat three";
}

TEST(Routes, DefaultsComeAfterNamesAndBeforeTheCatchAll) {
  const std::vector<RouteClaim> claims = {claim("a.com", 1), claim("*", 9)};
  const RouteTable with_default(claims, 7);
  EXPECT_EQ(with_default.find("a.com", 8)->server, 1U);
  EXPECT_EQ(with_default.find("b.com", 8)->kind, MatchKind::listener_default);
  EXPECT_EQ(with_default.find("b.com", 8)->server, 8U);
  EXPECT_EQ(with_default.find("b.com")->kind, MatchKind::global_default);
  EXPECT_EQ(with_default.find("b.com")->server, 7U);
  EXPECT_EQ(RouteTable(claims).find("b.com")->kind, MatchKind::catch_all);
  EXPECT_EQ(RouteTable(claims).find("b.com")->pattern, "*");
  EXPECT_EQ(RouteTable({claim("a.com", 1)}).find("b.com"), std::nullopt);
  EXPECT_EQ(RouteTable().find("b.com"), std::nullopt);
  EXPECT_EQ(RouteTable().find(""), std::nullopt);
}

TEST(Routes, HostilityOfHostsIsHarmless) {
  const RouteTable table({claim("a.com", 1), claim("*.com", 2), claim("*x*.net", 3)});
  EXPECT_EQ(server_of(table, std::string(256, 'x') + ".net"), std::nullopt);
  EXPECT_EQ(server_of(table, std::string(100'000, '.')), std::nullopt);
  EXPECT_EQ(server_of(table, std::string(255, '.')), std::nullopt);
  EXPECT_EQ(server_of(table, "."), std::nullopt);
  EXPECT_EQ(server_of(table, std::string_view("a.com\0b", 7)), std::nullopt);
  EXPECT_EQ(server_of(table, "..com"), 2U);
  std::string dots;
  for (int i = 0; i < 125; ++i) dots += "a.";
  EXPECT_EQ(server_of(table, dots + "com"), 2U);
}

TEST(Routes, NamesOfEveryLengthAreFound) {
  std::vector<RouteClaim> claims;
  std::vector<std::string> names;
  for (std::uint32_t length = 1; length <= 63; ++length) {
    names.push_back(std::string(length, 'q') + ".z");
    claims.push_back(claim(names.back(), length));
    // The same letters cut into labels elsewhere: hashes must tell them apart, and texts do if they
    // do not.
    if (length > 2) {
      names.push_back(std::string(length - 2, 'q') + ".q.z");
      claims.push_back(claim(names.back(), length + 100));
    }
  }
  const RouteTable table(claims);
  for (const RouteClaim& c : claims) EXPECT_EQ(server_of(table, c.domain), c.server) << c.domain;
}

TEST(Routes, LowerRankThenFirstIdWinsWhateverTheOrder) {
  std::vector<RouteClaim> claims = {claim("a.com", 3, 2), claim("A.com.", 5, 1),
                                    claim("a.com", 4, 1), claim("*.b.com", 2),
                                    claim("*.b.com", 1),  claim("c.com", 6)};
  std::ranges::sort(claims, {}, &RouteClaim::server);
  int permutations = 0;
  do {
    const RouteTable table(claims);
    ASSERT_EQ(server_of(table, "a.com"), 4U);
    ASSERT_EQ(server_of(table, "x.b.com"), 1U);
    ASSERT_EQ(table.conflicts().size(), 2U);
    ASSERT_EQ(table.conflicts()[0].domain, "*.b.com");
    ASSERT_THAT(table.conflicts()[0].losers, ElementsAre("s002"));
    ASSERT_EQ(table.conflicts()[1].winner, "s004");
    ASSERT_THAT(table.conflicts()[1].losers, ElementsAre("s005", "s003"));
    ++permutations;
  } while (std::ranges::next_permutation(claims, {}, &RouteClaim::server).found);
  EXPECT_EQ(permutations, 720);
}

TEST(Routes, TheIdDecidesAndNotTheIndex) {
  const RouteTable table({{"a.com", 1, 0, "zebra"}, {"a.com", 2, 0, "ant"}});
  EXPECT_EQ(server_of(table, "a.com"), 2U);
}

TEST(Routes, TheLoserTakesOverWhenTheWinnerGoes) {
  const std::vector<RouteClaim> both = {claim("a.com", 1), claim("a.com", 2), claim("*", 3),
                                        claim("*", 4)};
  EXPECT_EQ(server_of(RouteTable(both), "a.com"), 1U);
  EXPECT_EQ(server_of(RouteTable(both), "z.com"), 3U);
  const std::vector<RouteClaim> losers = {both[1], both[3]};
  EXPECT_EQ(server_of(RouteTable(losers), "a.com"), 2U);
  EXPECT_EQ(server_of(RouteTable(losers), "z.com"), 4U);
}

TEST(Routes, AServerThatRepeatsItselfIsNoConflict) {
  const RouteTable table({claim("a.com", 1), claim("A.COM", 1), claim("a.com.", 1)});
  EXPECT_TRUE(table.conflicts().empty());
  EXPECT_EQ(table.size(), 1U);
}

TEST(Routes, ABadDomainStopsNobody) {
  const RouteTable table({claim("a..com", 1), claim("", 2), claim("b.com", 3)});
  EXPECT_EQ(server_of(table, "b.com"), 3U);
  ASSERT_EQ(table.rejections().size(), 2U);
  EXPECT_EQ(table.rejections()[1].domain, "a..com");
  EXPECT_EQ(table.rejections()[1].server_id, "s001");
}

TEST(Routes, PatternsHaveACapAndTheMostSpecificStay) {
  std::vector<RouteClaim> claims;
  for (std::uint32_t i = 0; i < RouteTable::max_globs; ++i) {
    claims.push_back(claim(fmt::format("n{:06}-*.example.com", i), i));
  }
  claims.push_back(claim("short-*.com", 9'999'999));
  claims.push_back(claim("the-most-specific-of-all-*.example.com", 9'999'998));
  std::mt19937 random(3);
  for (int round = 0; round < 3; ++round) {
    std::ranges::shuffle(claims, random);
    const RouteTable table(claims);
    ASSERT_EQ(table.rejections().size(), 2U);
    ASSERT_EQ(table.rejections()[1].domain, "short-*.com");
    ASSERT_EQ(table.rejections()[0].domain, "n008191-*.example.com");
    ASSERT_EQ(server_of(table, "the-most-specific-of-all-1.example.com"), 9'999'998U);
    ASSERT_EQ(server_of(table, "short-1.com"), std::nullopt);
    ASSERT_EQ(server_of(table, "n000000-1.example.com"), 0U);
  }
}

// The rules once more, as directly as they can be said.
struct Oracle {
  std::vector<RouteClaim> claims;

  static int stage(std::string_view domain) {
    if (domain == "*") return 3;
    if (domain.find_first_of("*?") == std::string_view::npos) return 0;
    return domain.starts_with("*.") && domain.find_first_of("*?", 1) == std::string_view::npos ? 1
                                                                                               : 2;
  }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view host) const {
    const auto literals = [](std::string_view text) {
      return -std::ranges::count_if(text, [](char c) { return c != '*' && c != '?'; });
    };
    using Key = std::tuple<int, std::ptrdiff_t, std::string, int, std::string>;
    std::optional<std::pair<Key, std::uint32_t>> best;
    for (const RouteClaim& c : claims) {
      if (!glob_matches(c.domain, host)) continue;
      Key key{stage(c.domain), literals(c.domain), c.domain, c.provider_rank, c.server_id};
      if (!best || key < best->first) best.emplace(std::move(key), c.server);
    }
    if (!best) return std::nullopt;
    return best->second;
  }
};

class RandomNames {
 public:
  explicit RandomNames(unsigned seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }
  std::string host() { return labels(1 + below(4), "abc"); }
  std::string domain() {
    switch (below(6)) {
      case 0:
      case 1:
        return host();
      case 2:
      case 3:
        return "*." + labels(1 + below(3), "abc");
      case 4: {
        // Normal form, as the oracle compares texts: no two stars in a row.
        std::string text = labels(1 + below(4), "abc*?");
        for (auto at = text.find("**"); at != std::string::npos; at = text.find("**"))
          text.erase(at, 1);
        return text;
      }
      default:
        return below(4) == 0 ? "*" : host();
    }
  }

 private:
  std::string labels(std::uint32_t count, std::string_view alphabet) {
    std::string text;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (i > 0) text += '.';
      const std::uint32_t length = 1 + below(2);
      for (std::uint32_t k = 0; k < length; ++k) {
        text += alphabet[below(static_cast<std::uint32_t>(alphabet.size()))];
      }
    }
    return text;
  }
  std::mt19937 random_;
};

TEST(Routes, AgreeWithTheOracleOnRandomTables) {
  std::size_t hits = 0;
  std::size_t misses = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomNames names(seed);
    Oracle oracle;
    const std::uint32_t count = names.below(60);
    for (std::uint32_t i = 0; i < count; ++i) {
      oracle.claims.push_back(claim(names.domain(), i, static_cast<int>(names.below(3))));
    }
    const RouteTable table(oracle.claims);
    for (int i = 0; i < 100; ++i) {
      const std::string host = names.host();
      const auto expected = oracle.find(host);
      ++(expected ? hits : misses);
      ASSERT_EQ(server_of(table, host), expected) << "seed " << seed << ", host " << host;
      const auto explained = table.explain(host, std::nullopt, server_name).match;
      ASSERT_EQ(explained ? std::optional(explained->server) : std::nullopt, expected) << host;
    }
  }
  EXPECT_GT(hits, 5000U);
  EXPECT_GT(misses, 2000U);
}

TEST(Routes, RandomTablesDoNotDependOnLoadOrder) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    RandomNames names(seed);
    std::vector<RouteClaim> claims;
    for (std::uint32_t i = 0; i < 40; ++i) {
      claims.push_back(claim(names.domain(), i, static_cast<int>(names.below(2))));
    }
    const RouteTable first(claims);
    std::mt19937 random(seed);
    std::ranges::shuffle(claims, random);
    const RouteTable second(claims);
    for (int i = 0; i < 200; ++i) {
      const std::string host = names.host();
      const auto a = first.find(host);
      const auto b = second.find(host);
      ASSERT_EQ(a.has_value(), b.has_value()) << host;
      if (!a) continue;
      ASSERT_EQ(a->server, b->server) << host;
      ASSERT_EQ(a->pattern, b->pattern) << host;
    }
    ASSERT_EQ(first.conflicts().size(), second.conflicts().size());
    for (std::size_t i = 0; i < first.conflicts().size(); ++i) {
      ASSERT_EQ(first.conflicts()[i].winner, second.conflicts()[i].winner);
      ASSERT_EQ(first.conflicts()[i].losers, second.conflicts()[i].losers);
    }
  }
}

const RouteStep& chosen(const RouteExplanation& explanation) {
  return *std::ranges::find(explanation.steps, true, &RouteStep::chosen);
}

TEST(Routes, ExplainTellsEveryStage) {
  const RouteTable table({claim("play.example.com", 1), claim("play.example.com", 2),
                          claim("*.example.com", 3), claim("pl*.com", 4), claim("*", 5)},
                         6);
  const RouteExplanation all = table.explain("play.example.com", 7, server_name);
  ASSERT_EQ(all.steps.size(), 6U);
  EXPECT_TRUE(std::ranges::all_of(all.steps, &RouteStep::matched));
  EXPECT_EQ(std::ranges::count(all.steps, true, &RouteStep::chosen), 1);
  EXPECT_EQ(chosen(all).stage, "exact name");
  EXPECT_EQ(chosen(all).text, "play.example.com -> s001 (also claimed by s002)");
  EXPECT_EQ(all.steps[1].text, "*.example.com -> s003");
  EXPECT_EQ(all.steps[2].text, "pl*.com -> s004");
  EXPECT_EQ(all.steps[3].text, "s007");
  EXPECT_EQ(all.steps[4].text, "s006");
  EXPECT_EQ(all.steps[5].text, "* -> s005");
  EXPECT_EQ(all.match->server, 1U);
}

TEST(Routes, ExplainSaysWhyNothingMatched) {
  const RouteTable table({claim("*.example.com", 3), claim("mc?.com", 4)});
  const RouteExplanation none = table.explain("example.com", std::nullopt, server_name);
  EXPECT_FALSE(none.match);
  EXPECT_TRUE(std::ranges::none_of(none.steps, &RouteStep::chosen));
  EXPECT_EQ(none.steps[0].text, "nobody has example.com");
  EXPECT_EQ(none.steps[1].text,
            "nobody has *.com (and *.example.com would not cover the bare name)");
  EXPECT_THAT(none.steps[2].text, HasSubstr("1 pattern"));
  EXPECT_EQ(none.steps[3].text, "not set");
  EXPECT_EQ(table.explain("", std::nullopt, server_name).steps[0].text, "there is no host name");
  EXPECT_EQ(table.explain(std::string(300, 'x'), std::nullopt, server_name).steps[0].text,
            "longer than 255 bytes");
}

// A suffix that matches must not hide patterns with a shorter tail from the explanation.
TEST(Routes, ExplainLooksAtPatternsBehindASuffix) {
  const RouteTable table({claim("*.b.com", 1), claim("a*.com", 2)});
  const RouteExplanation explanation = table.explain("a.b.com", std::nullopt, server_name);
  EXPECT_EQ(explanation.match->server, 1U);
  EXPECT_TRUE(explanation.steps[2].matched);
}

TEST(Routes, AHundredThousandNames) {
  std::vector<RouteClaim> claims;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    claims.push_back(claim(fmt::format("s{}.play.example.com", i), i));
  }
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    claims.push_back(claim(fmt::format("*.t{}.example.org", i), 100'000 + i));
  }
  const RouteTable table(claims);
  EXPECT_EQ(table.size(), 110'000U);
  for (std::uint32_t i = 0; i < 100'000; i += 7) {
    ASSERT_EQ(server_of(table, fmt::format("s{}.play.example.com", i)), i);
  }
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    ASSERT_EQ(server_of(table, fmt::format("a.b.t{}.example.org", i)), 100'000 + i);
    ASSERT_EQ(server_of(table, fmt::format("t{}.example.org", i)), std::nullopt);
  }
  EXPECT_LT(table.memory(), 16U << 20);
}

}  // namespace
}  // namespace drawbridge::core
