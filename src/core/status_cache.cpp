#include "core/status_cache.hpp"

#include <array>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace drawbridge::core {

namespace status_cache_detail {

// One fetch. All but the constants is guarded by the shard's mutex.
struct Flight {
  std::shared_ptr<Store> store;
  Shard* shard;
  std::string server_id;
  std::int32_t protocol;
  StatusCacheRules rules;
  bool after_failure = false;  // the one before it failed

  enum class State : std::uint8_t { led, leaderless, done };
  State state = State::led;
  StatusOutcome outcome;                              // when done
  std::map<std::uint64_t, StatusCallback> followers;  // by arrival
  std::uint64_t next_id = 1;
};

using FlightPtr = std::shared_ptr<Flight>;

struct EntryName {
  std::string server_id;
  std::int32_t protocol;
};
using AgeList = std::list<EntryName>;  // of stored entries, the one fetched longest ago first

struct Known {
  StatusAnswerPtr answer;
  TimePoint at;

  [[nodiscard]] bool usable(TimePoint now, Duration limit) const {
    return answer && limit > Duration::zero() && now - at <= limit;
  }
};

struct Entry {
  FlightPtr flight;     // led by somebody
  bool stored = false;  // `outcome` counts, `fetched_at` and `age` are set
  bool valid = false;   // ... and the configuration has not changed since
  StatusOutcome outcome;
  TimePoint fetched_at;
  AgeList::iterator age;
  Known last_good;
};

struct ServerEntries {
  std::map<std::int32_t, Entry> by_protocol;
  Known last_good;  // of any protocol version
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

struct Shard {
  mutable std::mutex mutex;  // taken before Store::age_mutex
  std::unordered_map<std::string, ServerEntries, TextHash, std::equal_to<>> servers;

  Entry* find(std::string_view server_id, std::int32_t protocol) {
    const auto server = servers.find(server_id);
    if (server == servers.end()) return nullptr;
    const auto entry = server->second.by_protocol.find(protocol);
    return entry == server->second.by_protocol.end() ? nullptr : &entry->second;
  }
  Entry& at(std::string_view server_id, std::int32_t protocol) {
    return servers.try_emplace(std::string(server_id)).first->second.by_protocol[protocol];
  }
  // With the last entry goes what is known of the server: strangers may name servers without end.
  void erase(std::string_view server_id, std::int32_t protocol) {
    const auto server = servers.find(server_id);
    server->second.by_protocol.erase(protocol);
    if (server->second.by_protocol.empty()) servers.erase(server);
  }
  // The entry that this flight is for, unless it was invalidated, removed or evicted in the
  // meantime.
  Entry* entry_of(const FlightPtr& flight) {
    Entry* entry = find(flight->server_id, flight->protocol);
    return entry != nullptr && entry->flight == flight ? entry : nullptr;
  }
};

struct Store {
  std::array<Shard, 16> shards;
  mutable std::mutex age_mutex;
  AgeList ages;

  Shard& shard_of(std::string_view server_id) {
    // The high bits: the map in the shard goes by the low ones.
    return shards[TextHash{}(server_id) >> 60];
  }
  void keep(Entry& entry, const Flight& flight, const StatusOutcome& outcome, TimePoint now);
  void drop(Entry& entry);
  void evict(std::size_t max_entries);
};

// The shard's mutex is held.
void Store::keep(Entry& entry, const Flight& flight, const StatusOutcome& outcome, TimePoint now) {
  const std::lock_guard lock(age_mutex);
  if (entry.stored) {
    ages.splice(ages.end(), ages, entry.age);
  } else {
    ages.push_back({flight.server_id, flight.protocol});
    entry.age = std::prev(ages.end());
  }
  entry.stored = true;
  entry.valid = true;
  entry.outcome = outcome;
  entry.fetched_at = now;
}

// The shard's mutex is held.
void Store::drop(Entry& entry) {
  if (entry.stored) {
    const std::lock_guard lock(age_mutex);
    ages.erase(entry.age);
  }
  entry.stored = false;
  entry.valid = false;
  entry.outcome = {};
  entry.last_good = {};
}

void Store::evict(std::size_t max_entries) {
  for (;;) {
    EntryName oldest;
    {
      const std::lock_guard lock(age_mutex);
      if (ages.size() <= max_entries) return;
      oldest = ages.front();
    }
    Shard& shard = shard_of(oldest.server_id);
    const std::lock_guard lock(shard.mutex);
    Entry* entry = shard.find(oldest.server_id, oldest.protocol);
    if (entry == nullptr || !entry->stored) continue;  // somebody else was faster
    drop(*entry);
    if (!entry->flight) shard.erase(oldest.server_id, oldest.protocol);
  }
}

// This protocol version's last good answer if there is one, else the server's.
static StatusAnswerPtr last_known(const Flight& flight, TimePoint now) {
  const Duration limit = flight.rules.stale_limit;
  const std::lock_guard lock(flight.shard->mutex);
  const auto server = flight.shard->servers.find(flight.server_id);
  if (server == flight.shard->servers.end()) return nullptr;
  const auto entry = server->second.by_protocol.find(flight.protocol);
  if (entry != server->second.by_protocol.end() && entry->second.last_good.usable(now, limit)) {
    return entry->second.last_good.answer;
  }
  return server->second.last_good.usable(now, limit) ? server->second.last_good.answer : nullptr;
}

}  // namespace status_cache_detail

using status_cache_detail::Entry;
using status_cache_detail::Flight;
using status_cache_detail::FlightPtr;
using status_cache_detail::Shard;
using status_cache_detail::Store;

// The leader.

StatusTicket& StatusTicket::operator=(StatusTicket&& other) noexcept {
  if (this != &other) {
    abandon();
    flight_ = std::move(other.flight_);
  }
  return *this;
}

StatusAnswerPtr StatusTicket::last_known(TimePoint now) const {
  return flight_ ? status_cache_detail::last_known(*flight_, now) : nullptr;
}

void StatusTicket::finish(StatusAnswerPtr answer, TimePoint now) {
  const bool reachable = answer != nullptr;
  end({std::move(answer), reachable}, now);
}

void StatusTicket::fail(StatusAnswerPtr instead, TimePoint now) {
  end({std::move(instead), false}, now);
}

void StatusTicket::end(StatusOutcome outcome, TimePoint now) {
  const FlightPtr flight = std::move(flight_);
  if (!flight) return;
  std::map<std::uint64_t, StatusCallback> followers;
  {
    const std::lock_guard lock(flight->shard->mutex);
    flight->state = Flight::State::done;
    flight->outcome = outcome;
    followers.swap(flight->followers);
    if (Entry* entry = flight->shard->entry_of(flight)) {
      entry->flight.reset();
      flight->store->keep(*entry, *flight, outcome, now);
      if (outcome.reachable) {
        entry->last_good = {outcome.answer, now};
        flight->shard->servers.find(flight->server_id)->second.last_good = entry->last_good;
      }
    }
  }
  flight->store->evict(flight->rules.max_entries);
  for (auto& [id, callback] : followers) callback({outcome, nullptr});
}

// A follower that cannot use the ticket drops it, which hands it on again: from inside the callback
// here. The list makes that a loop, else a thousand followers that are gone would be a thousand
// frames deep.
void StatusTicket::abandon() {
  FlightPtr flight = std::move(flight_);
  if (!flight) return;
  thread_local std::vector<FlightPtr>* waiting = nullptr;
  if (waiting != nullptr) {
    waiting->push_back(std::move(flight));
    return;
  }
  std::vector<FlightPtr> todo{std::move(flight)};
  waiting = &todo;
  while (!todo.empty()) {
    const FlightPtr next = std::move(todo.back());
    todo.pop_back();
    hand_on(next);
  }
  waiting = nullptr;
}

void StatusTicket::hand_on(const FlightPtr& flight) {
  StatusCallback callback;
  {
    const std::lock_guard lock(flight->shard->mutex);
    if (flight->followers.empty()) {
      flight->state = Flight::State::leaderless;
      if (Entry* entry = flight->shard->entry_of(flight)) {
        entry->flight.reset();
        if (!entry->stored) flight->shard->erase(flight->server_id, flight->protocol);
      }
      return;
    }
    auto first = flight->followers.extract(flight->followers.begin());
    callback = std::move(first.mapped());
  }
  StatusTurn turn;
  turn.lead = std::shared_ptr<StatusTicket>(new StatusTicket(flight));
  callback(std::move(turn));
}

// Followers.

StatusFollow& StatusFollow::operator=(StatusFollow&& other) noexcept {
  if (this != &other) {
    cancel();
    flight_ = std::move(other.flight_);
    id_ = other.id_;
  }
  return *this;
}

void StatusFollow::then(StatusCallback callback) {
  if (!flight_) return;
  StatusTurn turn;
  {
    const std::lock_guard lock(flight_->shard->mutex);
    if (flight_->state == Flight::State::leaderless) {
      // The leader left before we said that we wait. If somebody fetches by now, follow them; else
      // lead.
      Entry& entry = flight_->shard->at(flight_->server_id, flight_->protocol);
      if (!entry.flight) {
        entry.flight = flight_;
        flight_->state = Flight::State::led;
        turn.lead = std::shared_ptr<StatusTicket>(new StatusTicket(flight_));
      } else {
        flight_ = entry.flight;
      }
    }
    if (flight_->state == Flight::State::done) {
      turn.outcome = flight_->outcome;
    } else if (!turn.lead) {
      id_ = flight_->next_id++;
      flight_->followers.emplace(id_, std::move(callback));
      return;
    }
  }
  callback(std::move(turn));
}

StatusAnswerPtr StatusFollow::last_known(TimePoint now) const {
  return flight_ ? status_cache_detail::last_known(*flight_, now) : nullptr;
}

bool StatusFollow::failed_before() const {
  return flight_ && flight_->after_failure;
}

void StatusFollow::cancel() {
  const FlightPtr flight = std::move(flight_);
  if (!flight || id_ == 0) return;
  decltype(flight->followers)::node_type dropped;  // destroyed after the lock: it may own anything
  const std::lock_guard lock(flight->shard->mutex);
  dropped = flight->followers.extract(id_);
}

// The cache.

StatusCache::StatusCache() : store_(std::make_shared<Store>()) {}

// Flights keep the store; without entries the store keeps no flight.
StatusCache::~StatusCache() {
  for (Shard& shard : store_->shards) {
    decltype(shard.servers) servers;
    const std::lock_guard lock(shard.mutex);
    servers.swap(shard.servers);
  }
}

StatusLookup StatusCache::begin(std::string_view server_id, std::int32_t protocol, TimePoint now,
                                const StatusCacheRules& rules) {
  Shard& shard = store_->shard_of(server_id);
  const std::lock_guard lock(shard.mutex);
  Entry* entry = shard.find(server_id, protocol);
  if (entry != nullptr && entry->valid) {
    const Duration limit = entry->outcome.reachable ? rules.ttl : rules.negative_ttl;
    // Another worker's clock may be ahead of ours: a limit of zero must still mean never.
    if (limit > Duration::zero() && now - entry->fetched_at < limit) return entry->outcome;
  }
  if (entry == nullptr) entry = &shard.at(server_id, protocol);
  if (entry->flight) return StatusFollow(entry->flight);
  const bool after_failure = entry->valid && !entry->outcome.reachable;
  entry->flight = std::make_shared<Flight>(Flight{
      store_, &shard, std::string(server_id), protocol, rules, after_failure, {}, {}, {}, 1});
  return StatusTicket(entry->flight);
}

void StatusCache::invalidate(std::string_view server_id) {
  Shard& shard = store_->shard_of(server_id);
  const std::lock_guard lock(shard.mutex);
  const auto server = shard.servers.find(server_id);
  if (server == shard.servers.end()) return;
  for (auto& [protocol, entry] : server->second.by_protocol) {
    entry.valid = false;
    entry.flight.reset();
  }
  std::erase_if(server->second.by_protocol, [](const auto& entry) { return !entry.second.stored; });
}

void StatusCache::remove(std::string_view server_id) {
  Shard& shard = store_->shard_of(server_id);
  const std::lock_guard lock(shard.mutex);
  const auto server = shard.servers.find(server_id);
  if (server == shard.servers.end()) return;
  for (auto& [protocol, entry] : server->second.by_protocol) store_->drop(entry);
  shard.servers.erase(server);
}

void StatusCache::clear() {
  for (Shard& shard : store_->shards) {
    const std::lock_guard lock(shard.mutex);
    for (auto& [id, server] : shard.servers)
      for (auto& [protocol, entry] : server.by_protocol) store_->drop(entry);
    shard.servers.clear();
  }
}

std::size_t StatusCache::servers() const {
  std::size_t count = 0;
  for (const Shard& shard : store_->shards) {
    const std::lock_guard lock(shard.mutex);
    count += shard.servers.size();
  }
  return count;
}

std::size_t StatusCache::size() const {
  const std::lock_guard lock(store_->age_mutex);
  return store_->ages.size();
}

}  // namespace drawbridge::core
