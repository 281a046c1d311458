// The table of packet ids against tests/golden/packet_ids.csv, which other projects' data made.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "base/strings.hpp"
#include "mc/packet_ids.hpp"

namespace drawbridge::mc {
namespace {

template <typename Enum>
Enum named(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (name(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
  ADD_FAILURE() << "unknown name " << text;
  return {};
}

TEST(PacketIds, AgreeWithOtherProjects) {
  std::ifstream file(DRAWBRIDGE_SOURCE_DIR "/tests/golden/packet_ids.csv");
  std::string line;
  int compared = 0;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    SCOPED_TRACE(line.substr(0, 60));
    const auto cells = split(line, ',');
    ASSERT_EQ(cells.size(), 5U);
    const Version version{parse_int<std::int32_t>(cells[0]).value()};
    const auto state = named<State>(cells[1], 5);
    const Bound bound = cells[2] == "client" ? Bound::client : Bound::server;
    std::map<std::string_view, std::int32_t> ours;
    const IdMap& map = id_map(version, state, bound);
    for (std::size_t i = 1; i < kinds; ++i) {
      const auto kind = static_cast<Kind>(i);
      if (const auto id = map.id(kind)) ours[name(kind)] = *id;
    }
    std::map<std::string_view, std::int32_t> theirs;
    for (const auto word : split(cells[4], ' ')) {
      const auto colon = word.find(':');
      const auto packet = word.substr(0, colon);
      if (word.ends_with(":?")) {
        EXPECT_EQ(ours.erase(packet), 1U) << packet;
      } else {
        theirs[packet] = parse_int<std::int32_t>(word.substr(colon + 3), 16).value();  // past ":0x"
      }
    }
    EXPECT_EQ(ours, theirs);
    compared += static_cast<int>(theirs.size());
  }
  EXPECT_GT(compared, 2000);
}

}  // namespace
}  // namespace drawbridge::mc
