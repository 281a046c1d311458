#include "net/pump.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "net/relay.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

void free_bytes(Byte* bytes) {
  std::free(bytes);
}

// Ids count upwards; the multiplication spreads neighbours.
std::size_t bucket_of(std::uint64_t id, std::size_t buckets) {
  return static_cast<std::size_t>((id * 0x9E3779B97F4A7C15U) >> 32) & (buckets - 1);
}

}  // namespace

std::string_view name(RelayEndReason reason) {
  switch (reason) {
    case RelayEndReason::client_closed:
      return "client closed";
    case RelayEndReason::backend_closed:
      return "backend closed";
    case RelayEndReason::client_reset:
      return "client reset";
    case RelayEndReason::backend_reset:
      return "backend reset";
    case RelayEndReason::client_timeout:
      return "client timed out";
    case RelayEndReason::backend_timeout:
      return "backend timed out";
    case RelayEndReason::half_open_idle:
      return "half open and idle";
    case RelayEndReason::memory:
      return "too many stalled bytes";
    case RelayEndReason::closed:
      return "closed";
    case RelayEndReason::shutdown:
      return "shutdown";
    case RelayEndReason::failed:
      break;
  }
  return "failed";
}

Pump::Pump(Worker& worker, std::shared_ptr<PipePool> pipes)
    : worker_(worker),
      pipe_pool_(std::move(pipes)),
      buffer_(static_cast<Byte*>(std::aligned_alloc(4096, buffer_bytes)), free_bytes),
      slab_(sizeof(Relay)),
      buckets_(64) {
  if (!buffer_) throw std::bad_alloc();
  worker_.on_second([this] { sweep(); });
}

Pump::~Pump() {
  close_all(RelayEndReason::shutdown);
  on_turn();
  for (auto& pipe : pipes_) pipe_pool_->give_back(std::move(pipe));
}

void Pump::add(RelayStart start) {
  const ByteBuffer to_backend = std::move(start.to_backend);
  const ByteBuffer to_client = std::move(start.to_client);
  auto* relay = ::new (slab_.allocate()) Relay(*this, std::move(start));
  index(*relay);
  worker_.count_load();
  relay->begin(to_backend, to_client);
}

bool Pump::close(std::uint64_t id, ByteView last_words, RelayEndReason why) {
  Relay* relay = find(id);
  if (relay == nullptr) return false;
  relay->say_to_client(last_words);
  relay->end(why);
  return true;
}

void Pump::close_all(RelayEndReason why) {
  std::vector<std::uint64_t> ids;
  ids.reserve(size_);
  for (const Relay* relay : buckets_) {
    for (; relay != nullptr; relay = relay->next_in_bucket_) ids.push_back(relay->id());
  }
  // By id: an owner that is told of one end may close others.
  for (const std::uint64_t id : ids) close(id, {}, why);
}

std::optional<RelayCounters> Pump::counters(std::uint64_t id) const {
  const Relay* relay = find(id);
  if (relay == nullptr) return std::nullopt;
  return relay->counters();
}

PumpStats Pump::stats() const {
  const auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  return {get(totals_.relays), get(totals_.moved[0]), get(totals_.moved[1]), get(totals_.stalled),
          get(totals_.splices)};
}

// --- Relays that ended ---

// The relay's own functions are still on the stack: its memory is freed when the turn ends.
void Pump::ended(Relay& relay) {
  unindex(relay);
  stop_watching(relay);
  worker_.count_load();
  ended_.push_back(&relay);
  worker_.at_end_of_turn(*this);
}

void Pump::on_turn() {
  for (Relay* relay : ended_) {
    relay->~Relay();
    slab_.release(relay);
  }
  ended_.clear();
}

// --- By id ---

Relay* Pump::find(std::uint64_t id) const {
  Relay* relay = buckets_[bucket_of(id, buckets_.size())];
  while (relay != nullptr && relay->id() != id) relay = relay->next_in_bucket_;
  return relay;
}

void Pump::index(Relay& relay) {
  if (size_ >= buckets_.size()) grow_buckets();
  Relay*& bucket = buckets_[bucket_of(relay.id(), buckets_.size())];
  relay.next_in_bucket_ = bucket;
  bucket = &relay;
  totals_.relays.store(++size_, std::memory_order_relaxed);
}

void Pump::unindex(Relay& relay) {
  Relay** at = &buckets_[bucket_of(relay.id(), buckets_.size())];
  while (*at != &relay) at = &(*at)->next_in_bucket_;
  *at = relay.next_in_bucket_;
  totals_.relays.store(--size_, std::memory_order_relaxed);
}

void Pump::grow_buckets() {
  std::vector<Relay*> old(buckets_.size() * 2);
  old.swap(buckets_);
  for (Relay* relay : old) {
    while (relay != nullptr) {
      Relay* const next = relay->next_in_bucket_;
      Relay*& bucket = buckets_[bucket_of(relay->id(), buckets_.size())];
      relay->next_in_bucket_ = bucket;
      bucket = relay;
      relay = next;
    }
  }
}

// --- Once a second ---

void Pump::watch_over(Relay& relay) {
  relay.watched_index_ = static_cast<std::uint32_t>(watched_.size());
  watched_.push_back(&relay);
}

void Pump::stop_watching(Relay& relay) {
  if (relay.watched_index_ == Relay::not_watched) return;
  Relay* const last = watched_.back();
  watched_[relay.watched_index_] = last;
  last->watched_index_ = relay.watched_index_;
  watched_.pop_back();
  relay.watched_index_ = Relay::not_watched;
}

void Pump::sweep() {
  // Backwards: one that leaves is replaced by the last, which has been looked at.
  for (std::size_t i = watched_.size(); i-- > 0;) {
    if (i >= watched_.size()) continue;
    Relay& relay = *watched_[i];
    if (!relay.sweep()) stop_watching(relay);
  }
  enforce_stalled_limit();
  trim_pipes();
  setup_trim();
}

void Pump::enforce_stalled_limit() {
  const std::uint64_t limit = stalled_limit_.load(std::memory_order_relaxed);
  while (totals_.stalled.load(std::memory_order_relaxed) > limit && !watched_.empty()) {
    Relay* const largest = *std::ranges::max_element(
        watched_, {}, [](const Relay* relay) { return relay->stalled_bytes(); });
    if (largest->stalled_bytes() == 0) return;
    largest->end(RelayEndReason::memory);
  }
}

// --- Pipes ---

std::unique_ptr<Pipe> Pump::borrow_pipe() {
  std::unique_ptr<Pipe> pipe;
  if (!pipes_.empty()) {
    pipe = std::move(pipes_.back());
    pipes_.pop_back();
    least_pipes_ = std::min(least_pipes_, pipes_.size());
  } else {
    pipe = pipe_pool_->borrow();
  }
  if (pipe) bump(totals_.splices, 1);
  return pipe;
}

void Pump::return_pipe(std::unique_ptr<Pipe> pipe) {
  if (!pipe) return;
  if (pipes_.size() < spare_pipes) {
    pipes_.push_back(std::move(pipe));
  } else {
    pipe_pool_->give_back(std::move(pipe));
  }
}

// Spares that lay idle for a second go back to the process, which closes those that nobody wants
// for another.
void Pump::trim_pipes() {
  for (std::size_t i = std::min(least_pipes_, pipes_.size()); i > 0; --i) {
    pipe_pool_->give_back(std::move(pipes_.back()));
    pipes_.pop_back();
  }
  least_pipes_ = pipes_.size();
  pipe_pool_->trim();
}

}  // namespace drawbridge::net
