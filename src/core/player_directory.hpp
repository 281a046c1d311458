// Which identity plays where: one entry for each player whom we logged in ourselves. It is what a
// second login of the same player meets.
//
// An entry belongs to a number of ours, given for each login, and only that login takes it out: one
// that was replaced leaves the newcomer's entry alone. A UUID comes in here only after the session
// server has vouched for it, or derived from a name (mode `offline`); one that a client merely
// claims never does.
//
// Thread-safe: one mutex, twice a login.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/ip.hpp"
#include "base/uuid.hpp"
#include "config/types.hpp"

namespace drawbridge::core {

class Desk;

class PlayerDirectory {
 public:
  // Who has the entry.
  struct Holder {
    std::uint64_t number = 0;  // of the login, later of its session
    IpAddress address;
    bool authenticated = false;
    Desk* desk = nullptr;  // whose worker it is on; post to that worker
  };

  // The entry as its owner has it; gives it back when it goes. Movable, any thread.
  class Presence {
   public:
    Presence() = default;
    Presence(Presence&& other) noexcept { *this = std::move(other); }
    Presence& operator=(Presence&& other) noexcept;
    ~Presence() { leave(); }
    explicit operator bool() const { return directory_ != nullptr; }

   private:
    friend class PlayerDirectory;
    void leave();
    PlayerDirectory* directory_ = nullptr;
    Uuid uuid_;
    std::uint64_t number_ = 0;
  };

  struct Entered {
    Presence presence;               // none: refused, the other one stays
    std::optional<Holder> replaced;  // to be ended by the caller
  };

  // Authenticated players go by `policy`. Others replace a session of their own address and are
  // refused while one from elsewhere plays: a name is no proof, so it must not end anybody's game.
  // Outlives every Presence.
  Entered enter(const Uuid& uuid, const Holder& holder, config::DuplicateLogin policy);

  [[nodiscard]] std::size_t size() const;

 private:
  void leave(const Uuid& uuid, std::uint64_t number);

  struct UuidHash {
    std::size_t operator()(const Uuid& uuid) const;
  };
  mutable std::mutex mutex_;  // guards all below
  std::unordered_map<Uuid, Holder, UuidHash> holders_;
};

}  // namespace drawbridge::core
