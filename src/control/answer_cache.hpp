// What is known about names: read by every thread, written by the control thread only. For the .cpp
// files of this folder.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/siphash.hpp"

namespace drawbridge::control {

// Names may come from strangers (a route that builds the backend's name from the host asked for),
// so the hash is keyed.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return siphash(process_sip_key(), as_bytes(name));
  }
};

template <typename T>
using NameMap = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

struct DnsKnowledge {
  std::vector<IpAddress> addresses;  // empty: the name did not resolve
  TimePoint valid_until;
  TimePoint last_used;
  bool stale = false;  // the last look-up failed, the addresses are older
  std::string error;   // of the last look-up, when it failed
  bool refresh_asked = false;
};

// Any thread, unless said otherwise. Each call takes the lock of one shard once.
class AnswerCache {
 public:
  explicit AnswerCache(std::size_t max_names) : max_names_(max_names) {}

  [[nodiscard]] std::optional<DnsKnowledge> find(std::string_view name) const;

  // What is still valid about a name. Counts as use of the name either way.
  std::optional<DnsKnowledge> use_valid(std::string_view name);

  struct Addresses {
    std::vector<IpAddress> addresses;
    bool refresh_wanted = false;  // out of date; true once until the next put
  };
  // The addresses of a name, out of date or not. Counts as use.
  std::optional<Addresses> use_addresses(std::string_view name);
  // The refresh did not take place: the next use may want one again.
  void refresh_dropped(std::string_view name);

  // Both return the name that had to go for this one. Control context.
  std::optional<std::string> put(const std::string& name, std::vector<IpAddress> addresses,
                                 TimePoint valid_until);
  // Keeps the addresses, if there are any, as stale.
  std::optional<std::string> put_failure(const std::string& name, const std::string& error,
                                         TimePoint valid_until);

  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t shard_count = 16;
  struct Shard {
    mutable std::mutex mutex;
    NameMap<DnsKnowledge> names;
  };

  const Shard& shard_of(std::string_view name) const;
  Shard& shard_of(std::string_view name) {
    return const_cast<Shard&>(std::as_const(*this).shard_of(name));
  }
  DnsKnowledge& place_for(Shard& shard, const std::string& name, std::optional<std::string>& gone);

  std::size_t max_names_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace drawbridge::control
