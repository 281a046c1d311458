// Answers to status pings, by server and the client's protocol version, with one request to a
// backend at a time.
//
// A ping asks begin(). A fresh answer is a hit: one lock, no allocation. Else the first one becomes
// the leader and fetches; the others follow and are called back with what the leader brings. A
// leader that goes away hands its ticket to the next follower, so that nobody waits for somebody
// who has left. A failed fetch is cached as well, for negative_ttl, as the answer that the leader
// composed from what was last known of the server.
//
// All of a server's entries live in one shard, so that forgetting what changed on a reload touches
// nothing else. Thread-safe; callbacks run on the thread that ends the flight, outside every lock:
// they should only post.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/clock.hpp"

namespace drawbridge::core {

// Immutable once shared.
struct StatusAnswer {
  // The whole status response packet, length prefix included, ready to send. What outlives the
  // backend (stale_while_error) and the forms for old clients are made from the JSON in it.
  std::string response_frame;
};
using StatusAnswerPtr = std::shared_ptr<const StatusAnswer>;

struct StatusCacheRules {
  Duration ttl = seconds(5);  // 0 = never reuse an answer; concurrent pings still share one request
  Duration negative_ttl = seconds(1);
  Duration stale_limit = Duration::max();  // how old last-known data may be; 0 = none is kept
  std::size_t max_entries = 1000;  // all servers together; the one fetched longest ago goes first
};

struct StatusOutcome {
  StatusAnswerPtr answer;  // null if the leader could not even compose one
  bool reachable = false;  // false: the backend failed, `answer` is what to say instead
};

namespace status_cache_detail {
struct Shard;
struct Flight;
struct Store;
}  // namespace status_cache_detail

// The duty to fetch. Movable, any thread; dropping it unfinished hands it to the next follower.
class StatusTicket {
 public:
  StatusTicket() = default;
  StatusTicket(StatusTicket&& other) noexcept = default;
  StatusTicket& operator=(StatusTicket&& other) noexcept;
  ~StatusTicket() { abandon(); }

  explicit operator bool() const { return flight_ != nullptr; }
  // The last answer of this server that a backend gave, this protocol version's if there is one and
  // not older than stale_limit; else null. For composing what to say while it is down.
  [[nodiscard]] StatusAnswerPtr last_known(TimePoint now) const;
  // Stores the outcome and gives it to every follower. Each ends the ticket.
  void finish(StatusAnswerPtr answer, TimePoint now);
  void fail(StatusAnswerPtr instead, TimePoint now);

 private:
  friend class StatusCache;
  friend class StatusFollow;
  explicit StatusTicket(std::shared_ptr<status_cache_detail::Flight> flight)
      : flight_(std::move(flight)) {}
  void end(StatusOutcome outcome, TimePoint now);
  void abandon();
  static void hand_on(const std::shared_ptr<status_cache_detail::Flight>& flight);
  std::shared_ptr<status_cache_detail::Flight> flight_;
};

// What a follower is told: an outcome, or that it leads now (copyable, so that it fits into a
// posted std::function; if the function is dropped unused, so is the ticket, and the next follower
// gets it).
struct StatusTurn {
  StatusOutcome outcome;
  std::shared_ptr<StatusTicket> lead;  // set: fetch, and finish or fail it
};
using StatusCallback = std::function<void(StatusTurn)>;

// Waiting for another's fetch. Dropping it takes the callback back, except one that is running
// already.
class StatusFollow {
 public:
  StatusFollow() = default;
  StatusFollow(StatusFollow&& other) noexcept = default;
  StatusFollow& operator=(StatusFollow&& other) noexcept;
  ~StatusFollow() { cancel(); }

  // Registers the callback, which is called exactly once unless this is dropped first; it may be
  // called before this returns, and on another thread.
  void then(StatusCallback callback);
  // As StatusTicket's: for whoever cannot wait until the flight ends.
  [[nodiscard]] StatusAnswerPtr last_known(TimePoint now) const;
  // The fetch before this one failed: what it brought is as good an answer as the next failure.
  [[nodiscard]] bool failed_before() const;

 private:
  friend class StatusCache;
  explicit StatusFollow(std::shared_ptr<status_cache_detail::Flight> flight)
      : flight_(std::move(flight)) {}
  void cancel();
  std::shared_ptr<status_cache_detail::Flight> flight_;
  std::uint64_t id_ = 0;
};

// hit | lead | follow
using StatusLookup = std::variant<StatusOutcome, StatusTicket, StatusFollow>;

class StatusCache {
 public:
  StatusCache();
  ~StatusCache();
  StatusCache(const StatusCache&) = delete;
  StatusCache& operator=(const StatusCache&) = delete;

  [[nodiscard]] StatusLookup begin(std::string_view server_id, std::int32_t protocol, TimePoint now,
                                   const StatusCacheRules& rules);

  // The server's configuration changed: its answers are not fresh any more, and what is being
  // fetched now is not stored. What was last known stays.
  void invalidate(std::string_view server_id);
  // The server is gone.
  void remove(std::string_view server_id);
  // All servers are.
  void clear();
  [[nodiscard]] std::size_t size() const;     // answers
  [[nodiscard]] std::size_t servers() const;  // of which anything is kept

 private:
  std::shared_ptr<status_cache_detail::Store> store_;
};

}  // namespace drawbridge::core
