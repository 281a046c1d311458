#include "mc/version.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace drawbridge::mc {
namespace {

constexpr Release table[] = {
    {v1_7_2, "1.7.2-1.7.5"},
    {v1_7_6, "1.7.6-1.7.10"},
    {v1_8, "1.8-1.8.9"},
    {v1_9, "1.9"},
    {v1_9_1, "1.9.1"},
    {v1_9_2, "1.9.2"},
    {v1_9_4, "1.9.3-1.9.4"},
    {v1_10, "1.10-1.10.2"},
    {v1_11, "1.11"},
    {v1_11_1, "1.11.1-1.11.2"},
    {v1_12, "1.12"},
    {v1_12_1, "1.12.1"},
    {v1_12_2, "1.12.2"},
    {v1_13, "1.13"},
    {v1_13_1, "1.13.1"},
    {v1_13_2, "1.13.2"},
    {v1_14, "1.14"},
    {v1_14_1, "1.14.1"},
    {v1_14_2, "1.14.2"},
    {v1_14_3, "1.14.3"},
    {v1_14_4, "1.14.4"},
    {v1_15, "1.15"},
    {v1_15_1, "1.15.1"},
    {v1_15_2, "1.15.2"},
    {v1_16, "1.16"},
    {v1_16_1, "1.16.1"},
    {v1_16_2, "1.16.2"},
    {v1_16_3, "1.16.3"},
    {v1_16_4, "1.16.4-1.16.5"},
    {v1_17, "1.17"},
    {v1_17_1, "1.17.1"},
    {v1_18, "1.18-1.18.1"},
    {v1_18_2, "1.18.2"},
    {v1_19, "1.19"},
    {v1_19_1, "1.19.1-1.19.2"},
    {v1_19_3, "1.19.3"},
    {v1_19_4, "1.19.4"},
    {v1_20, "1.20-1.20.1"},
    {v1_20_2, "1.20.2"},
    {v1_20_3, "1.20.3-1.20.4"},
    {v1_20_5, "1.20.5-1.20.6"},
    {v1_21, "1.21-1.21.1"},
    {v1_21_2, "1.21.2-1.21.3"},
    {v1_21_4, "1.21.4"},
    {v1_21_5, "1.21.5"},
    {v1_21_6, "1.21.6"},
    {v1_21_7, "1.21.7-1.21.8"},
    {v1_21_9, "1.21.9-1.21.10"},
    {v1_21_11, "1.21.11"},
    {v26_1, "26.1-26.1.2"},
    {v26_2, "26.2"},
    {v26_3, "26.3"},
};

consteval bool table_is_sound() {
  for (std::size_t i = 1; i < std::size(table); ++i) {
    if (table[i - 1].version >= table[i].version) return false;
  }
  return table[0].version == oldest_known && std::end(table)[-1].version == newest_known;
}
static_assert(table_is_sound(), "releases ascend, from oldest_known to newest_known");

}  // namespace

std::span<const Release> releases() {
  return table;
}

const Release& floor_release(Version version) {
  const auto* above = std::ranges::upper_bound(table, version, {}, &Release::version);
  return above == std::begin(table) ? *above : above[-1];
}

bool is_plausible(Version version) {
  constexpr std::int32_t releases_to_come = 64;  // six years of them
  constexpr std::int32_t first_snapshot = 0x4000'0001;
  constexpr std::int32_t snapshots = 1024;  // about 330 were published in the first six years
  const std::int32_t n = number(version);
  if (n > number(newest_known) && n <= number(newest_known) + releases_to_come) return true;
  if (n >= first_snapshot && n < first_snapshot + snapshots) return true;
  return floor_release(version).version == version;
}

std::string release_name(Version version) {
  const Release& release = floor_release(version);
  if (release.version == version) return std::string(release.name);
  return fmt::format("protocol {}", number(version));
}

}  // namespace drawbridge::mc
