// A domain that the configuration takes is one that a player reaches: the file, the route table and
// the client's handshake bring a name into the same form.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "config/grammar.hpp"
#include "core/host_pattern.hpp"
#include "mc/host.hpp"

namespace drawbridge::core {
namespace {

void expect_agreement(const std::string& name) {
  const Result<std::string> domain = config::fold_domain(name);
  if (!domain) return;
  EXPECT_EQ(mc::normal_host_name(name), *domain) << name;
  EXPECT_EQ(mc::normal_host_name(*domain), *domain) << name;
  const Result<HostPattern> pattern = HostPattern::parse(name);
  ASSERT_TRUE(pattern) << name << ": " << pattern.error().what;
  EXPECT_EQ(pattern->text, *domain) << name;
}

TEST(HostNameAgreement, names_mean_the_same_everywhere) {
  for (const char* name : {"a.example", "A.Example.", "b\u00FCcher.example", "B\u00DCCHER.Example.",
                           "stra\u00DFe.de", "\u4F8B\u3048.\u30C6\u30B9\u30C8", "a\u3002b.example",
                           "xn--bcher-kva.example", "x_y.lan"}) {
    EXPECT_TRUE(config::fold_domain(name)) << name;
    expect_agreement(name);
  }
}

TEST(HostNameAgreement, holds_for_any_mix_of_letters) {
  std::mt19937 random(11);
  const std::string_view letters[] = {"a",      "Z",      "0",      "-",      "_",
                                      ".",      "\u00FC", "\u00DF", "\u3002", "\uFF21",
                                      "\u0301", "\u200D", "\u0130", "xn--"};
  for (int i = 0; i < 20'000; ++i) {
    std::string name;
    const std::size_t length = 1 + random() % 8;
    for (std::size_t n = 0; n < length; ++n) name += letters[random() % std::size(letters)];
    expect_agreement(name);
  }
}

}  // namespace
}  // namespace drawbridge::core
