#include "mc/tab_list.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/packets/world.hpp"

namespace drawbridge::mc {
namespace {

ByteBuffer fields_of(const std::string& name, Version version) {
  AddPlayer line;
  line.uuid = offline_uuid(name);
  line.player = name;
  line.properties = {{.name = "textures", .value = "a skin", .signature = "signed"}};
  const auto body = encode_body(line, version, State::play, Bound::client);
  const auto packet = split_packet(*body, Fault::proxy);
  return {packet->fields.begin(), packet->fields.end()};
}

class TabLists : public ::testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, TabLists,
                         ::testing::Values(v1_7_6, v1_8, v1_16_4, v1_19, v1_19_3, v1_20));

TEST_P(TabLists, are_emptied_by_the_packets_that_they_give) {
  const Version version = GetParam();
  TabList list;
  for (const char* name : {"Steve", "Alex", "Steve"})
    list.note(Kind::player_info, fields_of(name, version), version);
  EXPECT_EQ(list.size(), 2U);
  TabList client;
  for (const char* name : {"Steve", "Alex", "Herobrine"})
    client.note(Kind::player_info, fields_of(name, version), version);
  for (const ByteBuffer& body : list.take_all(version)) {
    const auto packet = split_packet(body, Fault::proxy);
    ASSERT_TRUE(packet);
    client.note(id_map(version, State::play, Bound::client).kind(packet->id), packet->fields,
                version);
  }
  EXPECT_EQ(client.size(), 1U);
  EXPECT_EQ(list.size(), 0U);
  EXPECT_TRUE(list.take_all(version).empty());
}

TEST_P(TabLists, survive_packets_that_break_off) {
  const Version version = GetParam();
  const ByteBuffer whole = fields_of("Steve", version);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    TabList list;
    list.note(Kind::player_info, ByteView(whole).first(size), version);
    EXPECT_EQ(list.size(), 0U) << size;
  }
}

TEST(TabList, has_an_end) {
  TabList list;
  for (std::size_t i = 0; i < TabList::most + 10; ++i)
    list.note(Kind::player_info, fields_of("p" + std::to_string(i), v1_8), v1_8);
  EXPECT_EQ(list.size(), TabList::most);
}

}  // namespace
}  // namespace drawbridge::mc
