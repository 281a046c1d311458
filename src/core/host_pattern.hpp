// Host patterns as operators write them in `domains`: exact names, `*.suffix`, and free patterns
// with `*` and `?`. Patterns may come from tenants (container labels, an HTTP list) and hosts come
// from anybody, so matching is bit-parallel: the set of positions of the host that the pattern may
// have reached is one bit set, and every pattern character is a few word operations on it. There is
// no back-tracking, hence no pattern that makes a host expensive: at most 255 x 4 words a pattern.
//
// Pure functions and values; safe from every thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::core {

// The longest host name and the longest pattern, in bytes. A longer host matches nothing.
inline constexpr std::size_t max_host_length = 255;
inline constexpr std::size_t max_pattern_length = 255;

enum class PatternKind : std::uint8_t {
  exact,   // no wildcard
  suffix,  // `*.` and then no further wildcard: any depth below the suffix, never the suffix itself
  glob,    // `*` and `?` anywhere else; both match dots as well
  any,     // `*` alone
};

struct HostPattern {
  PatternKind kind = PatternKind::exact;
  std::string text;            // lower case, no final dot, runs of `*` made one
  std::uint16_t literals = 0;  // characters that are neither `*` nor `?`: how specific a glob is

  // Brings a domain of a configuration into its one form (base/host_name.hpp). An empty, too long
  // or unprintable one, and one with an empty suffix (`*.`), is an error of the proxy's side that
  // says why.
  static Result<HostPattern> parse(std::string_view domain);

  // What follows the last wildcard, from the first whole label on: "example.com" of
  // "mc-*.example.com". Empty if the pattern ends in a wildcard or in a partial label. Every host
  // that matches ends in it (or is it).
  [[nodiscard]] std::string_view literal_tail() const;
};

// Where each character occurs in one host: made once a look-up, used for every glob that is tried.
class HostBits {
 public:
  // `host` is folded already, at most max_host_length bytes (a longer one matches nothing), and
  // outlives this.
  explicit HostBits(std::string_view host);

  // `pattern`: `*` any run of characters, `?` exactly one, the rest literally.
  [[nodiscard]] bool matches(std::string_view pattern) const;

 private:
  static constexpr std::size_t words = 4;
  using Bits = std::array<std::uint64_t, words>;

  std::size_t length_;
  std::size_t words_used_;
  bool too_long_ = false;
  // Index into positions_ by character. Only the sets of characters that the host has are ever
  // written or read; the rest of the 8 KiB stays untouched stack. Set 0 is empty.
  std::array<std::uint8_t, 256> slot_{};
  std::array<Bits, 256> positions_;
};

// The same for one pair.
bool glob_matches(std::string_view pattern, std::string_view host);

}  // namespace drawbridge::core
