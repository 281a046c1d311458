// Clients that we sent to ourselves with a transfer packet. They come back with intent 3
// (transfer), which backends refuse by default (accepts-transfers=false), so their handshake is
// replayed with intent 2 (login) when the address and name are ones that we noted not long ago.
//
// Thread-safe: one mutex, used once a login.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace drawbridge::core {

class TransferLedger {
 public:
  static constexpr Duration lifetime = seconds(60);
  // 16,384 notes are about 3 MB; a wave of transfers larger than that loses its oldest notes.
  explicit TransferLedger(std::size_t capacity = 16384) : capacity_(capacity) {}

  // We are about to send this player away to come back. A second note renews the first.
  void note(const IpAddress& address, std::string_view name, TimePoint now);
  // True, once, if this player was noted within `lifetime`. Names are compared without case.
  bool take(const IpAddress& address, std::string_view name, TimePoint now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Note {
    std::string key;
    TimePoint at;
  };
  void drop_old(TimePoint now);  // expired, or over capacity

  std::size_t capacity_;
  mutable std::mutex mutex_;  // guards all below
  std::list<Note> by_age_;    // oldest first
  struct KeyHash {
    std::size_t operator()(std::string_view key) const;
  };
  // Keys are views of the notes' own text.
  std::unordered_map<std::string_view, std::list<Note>::iterator, KeyHash> by_key_;
};

}  // namespace drawbridge::core
