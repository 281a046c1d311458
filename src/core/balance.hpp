// Which address of a server a connection tries, and in what order it falls over to the others.
//
// Two steps for every strategy: filter by health (drained addresses are left out, and so are those
// that failed, unless all have), then order by the strategy. When all have failed, they are taken
// in turn whatever the strategy, so that not everybody runs at the first. Slow start changes
// effective weights; active probes (prober.hpp) report to AddressHealth like connections do.
//
// BackendPool belongs to one version of a server's address list; the health of an address belongs
// to (server id, address) and outlives the pool as long as any world or connection names it
// (BackendPools).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "core/address_health.hpp"
#include "core/drains.hpp"

namespace drawbridge::core {

enum class BalanceStrategy : std::uint8_t {
  first_available,  // as listed; weights do not count
  round_robin,      // smooth weighted: 5,1,1 gives a a b a c a a and not a a a a a b c
  least_conn,       // fewest live and connecting by weight; ties rotate
  random,           // weighted
  lowest_latency,   // shortest connect by weight; each is measured again once a minute
  ip_hash,          // the client's address decides (IPv6: its /64); stable when the list changes
};

// What a connection asks for.
struct Pick {
  BalanceStrategy strategy = BalanceStrategy::first_available;
  TimePoint now{};
  std::optional<IpAddress> client = {};  // for ip_hash; without one it is drawn by lot
  // An address that became healthy, or was added, grows to its full share over this time.
  Duration slow_start{};  // 0 = off
  double aggression = 1;  // > 0; 1 is an even ramp, more is steeper at the start
};

struct WeightedAddress {
  std::string text;  // "host:port" or "unix:/path": the identity of the address within its server
  std::uint16_t weight = 1;  // 0 = only when nothing else is left (not with first_available)
  bool operator==(const WeightedAddress&) const = default;
};

struct Candidate {
  std::uint32_t index = 0;   // into the pool's addresses
  bool forced = false;       // everything is out, so it is tried regardless
  std::uint32_t weight = 0;  // its share now, in 1024ths; 0: only when nothing else is left
  std::uint32_t turn = 0;    // its place in the rotation, for ties
  double key = 0;            // what the strategy orders by, smallest first
};

// Candidates, best first. Up to 16 without allocation.
class CandidateList {
 public:
  [[nodiscard]] std::span<const Candidate> items() const {
    if (size_ <= inline_size) return std::span(inline_).first(size_);
    return overflow_;
  }
  [[nodiscard]] std::span<Candidate> items() {
    if (size_ <= inline_size) return std::span(inline_).first(size_);
    return overflow_;
  }
  [[nodiscard]] auto begin() const { return items().begin(); }
  [[nodiscard]] auto end() const { return items().end(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Candidate& operator[](std::size_t i) const { return items()[i]; }
  void push_back(Candidate candidate);

 private:
  static constexpr std::size_t inline_size = 16;
  std::size_t size_ = 0;
  std::array<Candidate, inline_size> inline_{};
  std::vector<Candidate> overflow_;  // all of them, once there are more than inline_size
};

// The addresses of one server with their shared health. Thread-safe.
class BackendPool {
 public:
  BackendPool(std::vector<WeightedAddress> addresses,
              std::vector<std::shared_ptr<AddressHealth>> health);

  // The order in which this connection should try. Advances the rotation, so call it once a
  // connection. Empty if every address is drained.
  [[nodiscard]] CandidateList order(const Pick& pick);

  // Starts a try of a candidate; an empty attempt means that another connection has the recovery
  // attempt: go on.
  [[nodiscard]] DialAttempt attempt(const Candidate& candidate, TimePoint now);

  [[nodiscard]] std::span<const WeightedAddress> addresses() const { return addresses_; }
  [[nodiscard]] const AddressHealth& health(std::size_t index) const { return *health_[index]; }
  [[nodiscard]] const std::shared_ptr<AddressHealth>& shared_health(std::size_t index) const {
    return health_[index];
  }

 private:
  [[nodiscard]] CandidateList usable(TimePoint now) const;
  void weigh(std::span<Candidate> list, const Pick& pick) const;
  void rotate(std::span<Candidate> list);
  void key_by_load(std::span<Candidate> list) const;
  void key_by_latency(std::span<Candidate> list, TimePoint now) const;
  void key_by_lot(std::span<Candidate> list);
  void key_by_client(std::span<Candidate> list, const IpAddress& client) const;

  std::vector<WeightedAddress> addresses_;
  std::vector<std::shared_ptr<AddressHealth>> health_;
  std::vector<std::uint64_t> seeds_;  // of each address's text, for ip_hash
  std::atomic<std::uint64_t> lots_ = 0;
  std::mutex mutex_;  // guards rotation_
  std::vector<std::int64_t>
      rotation_;  // smooth weighted round robin: current weight of each address
};

// All pools by server id. Control thread makes pools while it builds a world; `pool` may be called
// from any thread.
class BackendPools {
 public:
  // The pool of this server and list: the one in use if the list is unchanged, else a new one in
  // which every address that was known before keeps its health.
  std::shared_ptr<BackendPool> pool(std::string_view server_id,
                                    std::vector<WeightedAddress> addresses);
  // Which addresses are drained from now on; those that come later are, too. Control thread.
  void set_drained(DrainList drained);
  // Addresses that somebody still names; forgets the others. For tests and metrics.
  std::size_t live_addresses();

 private:
  void forget_unused();

  struct Known {
    std::weak_ptr<BackendPool> pool;
    std::map<std::string, std::weak_ptr<AddressHealth>, std::less<>> addresses;
  };
  std::mutex mutex_;
  std::map<std::string, Known, std::less<>> servers_;
  DrainList drained_;
  std::size_t calls_until_sweep_ = 0;
};

}  // namespace drawbridge::core
