// Versions of the game. A Version *is* the protocol number of the handshake, so a number that
// nobody has heard of yet is as good a value as any: whoever needs a table looks up the floor
// ("since"), never the exact key. Numbers were checked against the npm package minecraft-data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace drawbridge::mc {

// One enumerator for each release that changed something that a proxy may have to know. Any other
// int32 is a valid Version too: snapshots since 1.16.4 carry 0x40000000 + n (and so count as
// newest), scanners send 0 or -1.
enum class Version : std::int32_t {
  v1_7_2 = 4,
  v1_7_6 = 5,
  v1_8 = 47,
  v1_9 = 107,
  v1_9_1 = 108,
  v1_9_2 = 109,
  v1_9_4 = 110,
  v1_10 = 210,
  v1_11 = 315,
  v1_11_1 = 316,
  v1_12 = 335,
  v1_12_1 = 338,
  v1_12_2 = 340,
  v1_13 = 393,
  v1_13_1 = 401,
  v1_13_2 = 404,
  v1_14 = 477,
  v1_14_1 = 480,
  v1_14_2 = 485,
  v1_14_3 = 490,
  v1_14_4 = 498,
  v1_15 = 573,
  v1_15_1 = 575,
  v1_15_2 = 578,
  v1_16 = 735,
  v1_16_1 = 736,
  v1_16_2 = 751,
  v1_16_3 = 753,
  v1_16_4 = 754,
  v1_17 = 755,
  v1_17_1 = 756,
  v1_18 = 757,
  v1_18_2 = 758,
  v1_19 = 759,
  v1_19_1 = 760,
  v1_19_3 = 761,
  v1_19_4 = 762,
  v1_20 = 763,
  v1_20_2 = 764,
  v1_20_3 = 765,
  v1_20_5 = 766,
  v1_21 = 767,
  v1_21_2 = 768,
  v1_21_4 = 769,
  v1_21_5 = 770,
  v1_21_6 = 771,
  v1_21_7 = 772,
  v1_21_9 = 773,
  v1_21_11 = 774,
  v26_1 = 775,
  v26_2 = 776,
  v26_3 = 777,
};
using enum Version;

inline constexpr Version oldest_known = v1_7_2;
inline constexpr Version newest_known = v26_3;

constexpr std::int32_t number(Version version) {
  return static_cast<std::int32_t>(version);
}

struct Release {
  Version version;
  std::string_view name;  // for people: "1.20.2", or "1.20.3-1.20.4" where releases share a number
};

// All known releases, oldest first.
std::span<const Release> releases();
// The newest release that is not newer than `version`; for numbers below 1.7.2 the first one.
const Release& floor_release(Version version);
// The name of exactly this version, else "protocol N". For logs and answers.
std::string release_name(Version version);

// Whether a client of the game may have sent this number: a release, one of the next releases to
// come, or a snapshot. For whoever keeps something per version and must not keep it per invention.
bool is_plausible(Version version);

}  // namespace drawbridge::mc
