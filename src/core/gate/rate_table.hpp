// Rate limits per source (GCRA, the exact form of a leaky bucket): for each source and kind the
// table keeps one moment, the "theoretical arrival time". An attempt passes if that moment lies at
// most `tolerance` ahead, and moves it on by `emission`. So N in a window W pass at once, then one
// every W/N, and nothing has to be counted down or swept.
//
// The table has a fixed size. A source falls into one of two sets of eight places (keyed hash, the
// emptier one is taken); a new source takes a free place, else that of the source which owes least.
// A source that has used up its allowance is never forgotten for a new one: if sixteen such fill
// both sets, the new source shares a bucket with its /16 (IPv6: /32) instead. So an attacker with
// many sources can make strangers share, but can never make the table forget itself.
//
// Thread-safe: one short lock of 64, once a connection.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/siphash.hpp"

namespace drawbridge::core {

// Each kind has an allowance of its own.
enum class RateKind : std::uint8_t { login, status, accept };
inline constexpr std::size_t rate_kinds = 3;

// How much of one kind is allowed.
struct RateRule {
  std::int64_t emission = 0;   // ns between attempts in the long run; 0: no limit
  std::int64_t tolerance = 0;  // ns that a source may be ahead

  // `most` attempts in each `window`; none of it at 0.
  static RateRule of(std::uint32_t most, Duration window);
  [[nodiscard]] bool limits() const { return emission != 0; }
};
using RateRules = std::array<RateRule, rate_kinds>;

struct RateAnswer {
  bool passed = false;
  Duration wait{};  // passed: after this long (within the patience); else: when to try again
};

class RateTable {
 public:
  // What counts as one source, and how many are remembered. Prefixes 0..32 and 0..128.
  struct Shape {
    int ipv4_prefix = 32;
    int ipv6_prefix = 64;
    std::uint32_t max_entries = 65536;
    bool operator==(const Shape&) const = default;
  };
  explicit RateTable(Shape shape, const SipKey& key = process_sip_key());

  // One attempt. `patience`: how long the caller would let it wait; then it has its turn already.
  RateAnswer take(const IpAddress& source, RateKind kind, const RateRules& rules, TimePoint now,
                  Duration patience = {});
  // The attempt that take() let pass did not happen after all.
  void give_back(const IpAddress& source, RateKind kind, const RateRules& rules);
  // Whether an attempt of this kind would be refused now. Takes nothing.
  [[nodiscard]] bool exhausted(const IpAddress& source, RateKind kind, const RateRules& rules,
                               TimePoint now) const;

  [[nodiscard]] const Shape& shape() const { return shape_; }
  // Attempts that were judged by a shared bucket.
  [[nodiscard]] std::uint64_t shared() const { return shared_.load(std::memory_order_relaxed); }
  // Places in all.
  [[nodiscard]] std::size_t capacity() const { return places_.size(); }
  // Sources that are known at this moment. Slow; for people and tests.
  [[nodiscard]] std::size_t known(TimePoint now) const;

 private:
  struct Place {
    IpAddress source;
    std::array<std::int64_t, rate_kinds> arrival{};  // 0 in all of them: free
  };
  static constexpr std::size_t most_stripes = 64;
  // Fewer would fill unevenly.
  static constexpr std::size_t places_in_stripe = 1024;
  static constexpr std::size_t set_size = 8;
  static constexpr std::size_t overflow_size = 1024;

  // A source's way in: its stripe and the first places of its two sets.
  struct Path {
    std::size_t stripe;
    std::array<std::size_t, 2> sets;
  };
  [[nodiscard]] IpAddress masked(const IpAddress& source) const;
  [[nodiscard]] Path path_of(const IpAddress& masked) const;
  [[nodiscard]] const Place* find(const Path& path, const IpAddress& masked) const;
  Place* find_or_make(const Path& path, const IpAddress& masked, const RateRules& rules,
                      std::int64_t now);
  [[nodiscard]] std::size_t overflow_of(const IpAddress& source) const;

  Shape shape_;
  SipKey key_;
  std::size_t stripes_;
  std::size_t sets_per_stripe_;
  std::vector<Place> places_;
  mutable std::array<std::mutex, most_stripes> locks_;
  mutable std::mutex overflow_lock_;
  std::vector<std::array<std::int64_t, rate_kinds>> overflow_;
  std::atomic<std::uint64_t> shared_{0};
};

// The tables in use, by name, so that a reload which changes other things forgets nobody. Thread-
// safe; a table lives as long as a world holds it.
class RateTables {
 public:
  std::shared_ptr<RateTable> of(const std::string& name, RateTable::Shape shape);

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::weak_ptr<RateTable>>> tables_;
};

}  // namespace drawbridge::core
