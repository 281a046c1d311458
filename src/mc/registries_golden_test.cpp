// The tables against what real servers send: tests/golden/registries/PROTOCOL.txt has
// the names and sizes that a server of that version was seen to send
// (tests/peers/node/registries.js prints them). Tags of which it sends none may be missing here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/strings.hpp"
#include "mc/nbt.hpp"
#include "mc/registries.hpp"

namespace drawbridge::mc {
namespace {

TEST(RegistryTables, HaveWhatRealServersSend) {
  const RegistryTables tables;
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(DRAWBRIDGE_SOURCE_DIR "/tests/golden/registries")) {
    const auto protocol = parse_int<std::int32_t>(entry.path().stem().string());
    ASSERT_TRUE(protocol) << entry.path();
    SCOPED_TRACE(entry.path().string());
    const RegistrySet* set = tables.find(Version{*protocol});
    ASSERT_NE(set, nullptr);
    std::ifstream file(entry.path());
    std::string line;
    ASSERT_TRUE(std::getline(file, line) && line.starts_with("# ")) << "no provenance";
    int registries = 0;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string what, name;
      std::size_t size = 0;
      words >> what >> name >> size;
      SCOPED_TRACE(line);
      if (what == "registry") {
        const RegistrySet::Registry* registry = set->find(name);
        ASSERT_NE(registry, nullptr);
        EXPECT_EQ(registry->entries.size(), size);
        ++registries;
        continue;
      }
      ASSERT_EQ(what, "tags");
      if (size == 0) continue;
      const auto tags = std::ranges::find(set->tags, name, &RegistrySet::Tags::registry);
      ASSERT_NE(tags, set->tags.end());
      EXPECT_GE(tags->tags.size(), size);
    }
    EXPECT_GE(registries, 19);
    ++files;
  }
  EXPECT_GE(files, 3);
}

}  // namespace
}  // namespace drawbridge::mc
