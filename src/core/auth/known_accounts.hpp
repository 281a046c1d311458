// Players whose account the proxy has just checked in a mode that forwards bytes: there the check
// needs a connection of its own (verify_before_wake), and it is the next one that must be believed.
// For ten minutes the same name from the same address is.
//
// Thread-safe: one mutex, used for log-ins at servers that have to be woken.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/uuid.hpp"

namespace drawbridge::core {

class KnownAccounts {
 public:
  static constexpr Duration lifetime = minutes(10);
  // Only accounts that exist get in here, so that strangers cannot push others out.
  explicit KnownAccounts(std::size_t capacity = 16384) : capacity_(capacity) {}

  // The session server has vouched for this one.
  void note(const IpAddress& address, std::string_view name, const Uuid& uuid, TimePoint now);
  // The account's UUID. Names are compared without case.
  std::optional<Uuid> find(const IpAddress& address, std::string_view name, TimePoint now);
  [[nodiscard]] std::size_t size() const;

 private:
  using Key = std::pair<IpAddress, std::string>;
  struct Note {
    Key key;
    Uuid uuid;
    TimePoint at;
  };
  void drop_old(TimePoint now);  // expired, or over capacity

  std::size_t capacity_;
  mutable std::mutex mutex_;  // guards all below
  std::list<Note> by_age_;    // oldest first
  std::map<Key, std::list<Note>::iterator> by_key_;
};

}  // namespace drawbridge::core
