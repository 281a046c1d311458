// What a RouteTable consists of; for routes*.cpp only.
//
// Layout. Slots are 8 bytes (32 bits of the hash, where the record is), a power of two of them at
// most half full, so that a probe of something absent touches one cache line. A record holds what
// ends at one name, whatever its kinds: the server of the name itself, the server of `*.name`, and
// the globs whose literal tail it is. Its text is stored as "*.name", which serves as the pattern
// of both kinds. Hence one probe a label answers for all three.
//
// Hash. A polynomial over 2^61-1 at a secret point, fed from the right with 7 bytes a step:
// extending a suffix by one label costs one or two multiplications, and two names of n steps
// collide with probability n / 2^61 for anybody who does not know the key.
#pragma once

#include <array>
#include <bit>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/siphash.hpp"
#include "core/routes.hpp"

namespace drawbridge::core {

namespace route_detail {

inline constexpr std::uint32_t none = UINT32_MAX;
// A host of dots only has this many (empty) labels.
inline constexpr std::size_t max_labels = max_host_length + 1;

class SuffixHash {
 public:
  // Puts one more label to the left. 8 bytes must be readable at `label + length` (PaddedHost).
  void extend(const char* label, std::size_t length) {
    while (length > 7) {
      step(load(label, 7) | std::uint64_t{7} << 56);
      label += 7;
      length -= 7;
    }
    // The marks make the steps unambiguous: how many bytes, and the last step of a label.
    step(load(label, length) | std::uint64_t{length} << 56 | std::uint64_t{1} << 59);
  }

  [[nodiscard]] std::uint64_t value() const { return (state_ ^ mask_) * 0x9E3779B97F4A7C15U; }

 private:
  static constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;
  __extension__ using Wide = unsigned __int128;

  static std::uint64_t load(const char* from, std::size_t length) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, 8);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word & ((std::uint64_t{1} << (8 * length)) - 1);
  }
  // Both summands are below 2^62, so the product is below 2^124 and folding it twice ends below
  // 2^61 + 4.
  void step(std::uint64_t word) {
    const Wide product = Wide{state_ + word} * point_;
    const std::uint64_t sum =
        (static_cast<std::uint64_t>(product) & prime) + static_cast<std::uint64_t>(product >> 61);
    state_ = (sum & prime) + (sum >> 61);
  }

  std::uint64_t point_ = process_sip_key()[0] & prime;
  std::uint64_t mask_ = process_sip_key()[1];
  std::uint64_t state_ = 1;
};

// A host copied to where 8 bytes may be read from each of its positions.
class PaddedHost {
 public:
  explicit PaddedHost(std::string_view host) : length_(host.size()) {
    std::memcpy(bytes_.data(), host.data(), length_);
    std::memset(bytes_.data() + length_, 0, 8);
  }
  // Calls visit(start of the suffix, its hash) for each label from the right; the last start is 0.
  template <typename Visit>
  void walk(Visit visit) const {
    SuffixHash hash;
    std::size_t end = length_;
    for (std::size_t i = length_; i-- > 0;) {
      if (bytes_[i] != '.') continue;
      hash.extend(bytes_.data() + i + 1, end - i - 1);
      visit(i + 1, hash.value());
      end = i;
    }
    hash.extend(bytes_.data(), end);
    visit(std::size_t{0}, hash.value());
  }

 private:
  std::size_t length_;
  std::array<char, max_host_length + 8> bytes_;
};

struct Slot {
  std::uint32_t tag = 0;
  std::uint32_t record = 0;  // offset into the records in words; 0 = empty
};

struct Record {
  std::uint32_t exact = none;   // server
  std::uint32_t suffix = none;  // server
  std::uint32_t globs = none;   // where its list begins in glob_lists
  std::uint32_t length = 0;     // of the name, without the "*." before it
};

struct Glob {
  std::string text;
  std::uint32_t server;
};

// A claim whose pattern is understood.
struct Parsed;

}  // namespace route_detail

struct RouteTable::Data {
  using Slot = route_detail::Slot;
  using Record = route_detail::Record;
  using Glob = route_detail::Glob;
  using Parsed = route_detail::Parsed;
  static constexpr std::uint32_t none = route_detail::none;
  static constexpr std::size_t max_labels = route_detail::max_labels;

  std::vector<Slot> slots = std::vector<Slot>(2);
  int shift = 63;                            // a hash's slot is its value >> shift
  std::vector<std::uint32_t> records = {0};  // Record and text, padded to words
  // Which numbers of labels some suffix or glob tail has: other depths need no probe.
  std::bitset<max_labels + 1> depths;
  std::vector<Glob> globs;                 // best first: the index is the rank
  std::vector<std::uint32_t> glob_lists;   // count, then ranks ascending
  std::uint32_t tailless_globs = none;     // the list of globs that any host may match
  std::optional<std::uint32_t> catch_all;  // server
  std::optional<std::uint32_t> global_default;
  std::size_t size = 0;
  std::vector<RouteConflict> conflicts;
  std::vector<RouteRejection> rejections;

  // One pass over a host: the hashes of itself and of those suffixes that can lead somewhere.
  struct Walk {
    std::string_view host;
    std::uint64_t whole = 0;
    std::size_t suffixes = 0;  // shortest first
    std::array<std::uint64_t, max_labels> hashes;
    std::array<std::uint8_t, max_labels> starts;
    // Lists of globs that came by while suffixes were looked for.
    std::size_t lists = 0;
    std::array<std::uint32_t, max_labels + 1> glob_lists;
  };

  void build(const std::vector<RouteClaim>& claims);
  std::vector<Parsed> parse(const std::vector<RouteClaim>& claims);
  void settle_conflicts(std::vector<Parsed>& parsed);
  void keep_best_globs(std::vector<Parsed>& parsed);
  void add_records(const std::vector<const Parsed*>& by_key);
  std::uint32_t add_glob_list(std::vector<std::uint32_t> ranks);
  void add_record(const Record& record, std::string_view name);
  void index_records(std::size_t count);

  void start(Walk& walk, std::string_view host) const;
  // The record of a name and where it is, if there is one.
  [[nodiscard]] std::uint32_t find_record(std::uint64_t hash, std::string_view name,
                                          Record& record) const;
  [[nodiscard]] std::string_view text_at(std::uint32_t offset, std::size_t length) const {
    const auto* bytes = reinterpret_cast<const char*>(records.data() + offset) + sizeof(Record);
    return {bytes, length + 2};
  }

  [[nodiscard]] std::optional<Match> find_exact(const Walk& walk) const;
  [[nodiscard]] std::optional<Match> find_suffix(Walk& walk) const;
  void collect_glob_lists(Walk& walk) const;
  [[nodiscard]] std::optional<Match> find_glob(const Walk& walk) const;
  [[nodiscard]] std::optional<Match> find_default(std::optional<std::uint32_t> listener) const;
};

}  // namespace drawbridge::core
