// Every layout against bytes that other programs made (tests/golden/PROTOCOL/*.hex, whose first
// line says which): read, and written again byte for byte.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <tuple>

#include "base/strings.hpp"
#include "mc/packets/all_for_tests.hpp"

namespace drawbridge::mc {
namespace {

const Layout* layout_of(State state, Bound bound, Kind kind) {
  const auto* found = std::ranges::find_if(layouts, [=](const Layout& layout) {
    return layout.state == state && layout.bound == bound && layout.kind == kind;
  });
  return found == std::end(layouts) ? nullptr : found;
}

class Golden {
 public:
  void check_folder(const std::filesystem::path& folder) {
    const auto version = parse_int<std::int32_t>(folder.filename().string());
    if (!version) return;  // other golden files
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".hex") continue;
      ++files_;
      check_file(entry.path(), Version{*version});
    }
  }

  [[nodiscard]] int files() const { return files_; }
  [[nodiscard]] bool has_met(const Layout& layout) const {
    return met_.contains({layout.state, layout.bound, layout.kind});
  }

 private:
  void check_file(const std::filesystem::path& path, Version version) {
    std::ifstream file(path);
    std::string line;
    ASSERT_TRUE(std::getline(file, line) && line.starts_with("# ")) << "no provenance: " << path;
    while (std::getline(file, line)) {
      SCOPED_TRACE(path.string() + ": " + line.substr(0, 100));
      check(line, version);
    }
  }

  void check(std::string_view line, Version version) {
    const auto words = split(line, ' ');
    ASSERT_EQ(words.size(), 4U);
    const auto bytes = from_hex(words[3]);
    ASSERT_TRUE(bytes);
    const auto packet = split_packet(*bytes, Fault::client);
    ASSERT_TRUE(packet);
    const State state = words[0] == "login"           ? State::login
                        : words[0] == "configuration" ? State::configuration
                                                      : State::play;
    const Bound bound = words[1] == "client" ? Bound::client : Bound::server;
    const Kind kind = id_map(version, state, bound).kind(packet->id);
    ASSERT_EQ(name(kind), words[2]);
    const Layout* layout = layout_of(state, bound, kind);
    ASSERT_NE(layout, nullptr);
    const auto again = layout->reencode(packet->fields, version);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(to_hex(*again), to_hex(packet->fields));
    met_.insert({state, bound, kind});
  }

  int files_ = 0;
  std::set<std::tuple<State, Bound, Kind>> met_;
};

TEST(PacketLayouts, ReadAndWriteWhatOtherProgramsMade) {
  Golden golden;
  for (const auto& entry :
       std::filesystem::directory_iterator(DRAWBRIDGE_SOURCE_DIR "/tests/golden")) {
    if (entry.is_directory()) golden.check_folder(entry.path());
  }
  EXPECT_GE(golden.files(), 30);
  for (const Layout& layout : layouts) {
    EXPECT_TRUE(golden.has_met(layout))
        << name(layout.state) << ' ' << name(layout.kind) << " has no golden bytes";
  }
}

}  // namespace
}  // namespace drawbridge::mc
