#include "config/network_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drawbridge::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> texts(const NetworkList& list) {
  std::vector<std::string> out;
  for (const Cidr& network : list.networks) out.push_back(network.text());
  return out;
}

TEST(NetworkList, OneALineWithCommentsAndWindowsLineEnds) {
  const NetworkList list = parse_network_list(
      "# who\n10.0.0.0/8\r\n\n  192.0.2.7  # one\n2001:db8::/32\n::ffff:203.0.113.0/120", "x");
  EXPECT_THAT(texts(list),
              ElementsAre("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "203.0.113.0/24"));
  EXPECT_THAT(list.problems, IsEmpty());
}

TEST(NetworkList, BadLinesAreNamedAndTheRestIsRead) {
  const NetworkList list = parse_network_list("10.0.0.1\nten\n10.0.0.0/33\n10.0.0.2", "x.txt");
  EXPECT_THAT(texts(list), ElementsAre("10.0.0.1/32", "10.0.0.2/32"));
  EXPECT_THAT(list.problems, ElementsAre(HasSubstr("x.txt:2: \"ten\""), HasSubstr("x.txt:3:")));
}

TEST(NetworkList, AWrongFileDoesNotFillTheScreen) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "no\n";
  const NetworkList list = parse_network_list(text, "x");
  EXPECT_THAT(list.problems, SizeIs(NetworkList::most_problems + 1));
  EXPECT_THAT(list.problems.back(), HasSubstr("980 more"));
}

}  // namespace
}  // namespace drawbridge::config
