// Every packet that a player of the limbo is sent at first, byte for byte, in
// tests/golden/limbo/PROTOCOL.txt: long ones by size and SHA-256. That the bytes are right is what
// tests/peers and the layouts say; here a change that nobody meant is seen.
//
// DRAWBRIDGE_WRITE_GOLDEN=1 mc_test --gtest_filter=LimboJoin.* writes them anew.
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.hpp"
#include "mc/frame.hpp"
#include "mc/limbo_join.hpp"
#include "mc/packet_ids.hpp"

namespace drawbridge::mc {
namespace {

constexpr std::size_t longest_in_full = 256;

std::string described(const ByteBuffer& body) {
  if (body.size() <= longest_in_full) return to_hex(body);
  std::array<Byte, SHA256_DIGEST_LENGTH> digest{};
  SHA256(body.data(), body.size(), digest.data());
  return std::to_string(body.size()) + " bytes, SHA-256 " + to_hex(digest);
}

void describe(std::ostream& out, std::string_view part, const LimboJoin::Packets& packets,
              Version version, State state) {
  for (const ByteBuffer& body : packets) {
    const auto packet = split_packet(body, Fault::proxy);
    ASSERT_TRUE(packet);
    const Kind kind = id_map(version, state, Bound::client).kind(packet->id);
    EXPECT_NE(kind, Kind::none);
    out << part << ' ' << name(kind) << ' ' << described(body) << '\n';
  }
}

std::string described(const LimboJoin& join, Version version) {
  std::ostringstream out;
  out << "# " << release_name(version) << ", as Drawbridge sends it\n";
  describe(out, "greeting", join.greeting, version, State::configuration);
  describe(out, "names_only", join.names_only, version, State::configuration);
  describe(out, "with_values", join.with_values, version, State::configuration);
  describe(out, "world", join.world, version, State::play);
  return out.str();
}

TEST(LimboJoin, IsWhatItWas) {
  const RegistryTables tables;
  const std::filesystem::path folder = DRAWBRIDGE_SOURCE_DIR "/tests/golden/limbo";
  for (const Release& release : releases()) {
    const auto join = limbo_join(release.version, tables);
    const std::filesystem::path path = folder / (std::to_string(number(release.version)) + ".txt");
    SCOPED_TRACE(path.string());
    EXPECT_EQ(join.has_value(), release.version < v26_3);
    if (!join) continue;
    const std::string now = described(*join, release.version);
    if (std::getenv("DRAWBRIDGE_WRITE_GOLDEN") != nullptr) {
      std::ofstream(path) << now;
      continue;
    }
    std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(golden.str(), now);
  }
}

// Above the newest known, and between two of them, where nobody knows the registries.
TEST(LimboJoin, IsNotGuessed) {
  const RegistryTables tables;
  EXPECT_FALSE(limbo_join(v26_3, tables));
  EXPECT_FALSE(limbo_join(Version{1'000'000}, tables));
  EXPECT_FALSE(limbo_join(Version{752}, tables));
  EXPECT_TRUE(limbo_join(Version{48}, tables));
}

}  // namespace
}  // namespace drawbridge::mc
