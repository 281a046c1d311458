#include "core/server.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.hpp"
#include "config/favicon.hpp"

namespace drawbridge::core {

bool ServerState::take_place(std::uint32_t cap) {
  if (cap == no_place) return false;
  const std::uint32_t before = players_.fetch_add(1, std::memory_order_relaxed);
  if (cap == 0 || before < cap) return true;
  leave();
  return false;
}

void ServerState::unsettle(TimePoint now) {
  // The time first: whoever reads nobody must not read an old one.
  std::int64_t known = settled_until_.load(std::memory_order_relaxed);
  const std::int64_t mine = now.time_since_epoch().count();
  while (known < mine && !settled_until_.compare_exchange_weak(known, mine)) {
  }
  settled_.fetch_sub(1, std::memory_order_release);
}

Place Place::take(std::shared_ptr<ServerState> state, std::uint32_t cap) {
  Place place;
  if (state->take_place(cap)) place.state_ = std::move(state);
  return place;
}

Place& Place::operator=(Place&& other) noexcept {
  if (this != &other) {
    give_back();
    state_ = std::move(other.state_);
  }
  return *this;
}

void Place::give_back() {
  if (state_) state_->leave();
  state_.reset();
}

std::string_view name_of(Provider provider) {
  constexpr std::array<std::string_view, 6> names = {"file",       "api",  "docker",
                                                     "kubernetes", "http", "plugin"};
  return names[static_cast<std::size_t>(provider)];
}

namespace {

std::optional<PreparedMotd> prepare_one(const std::optional<config::MotdEntry>& entry,
                                        std::string_view where) {
  if (!entry) return std::nullopt;
  PreparedMotd out{*entry, {}};
  if (entry->favicon) {
    auto picture = config::load_favicon(*entry->favicon);
    if (picture) {
      out.favicon = std::move(*picture);
    } else {
      log::warn("config", "favicon left out", {{"of", where}, {"reason", picture.error().what}});
    }
  }
  return out;
}

}  // namespace

PreparedMotds prepare(const config::Motd& motd, std::string_view where) {
  return {.online = prepare_one(motd.online, where),
          .sleeping = prepare_one(motd.sleeping, where),
          .starting = prepare_one(motd.starting, where),
          .stopping = prepare_one(motd.stopping, where),
          .crashed = prepare_one(motd.crashed, where),
          .unreachable = prepare_one(motd.unreachable, where),
          .maintenance = prepare_one(motd.maintenance, where)};
}

std::uint32_t Server::most_for(std::string_view player, const std::optional<Uuid>& verified) const {
  if (config.reserved_slots == 0 || reserved_for.has(player, verified)) return config.max_players;
  const std::uint32_t open = config.max_players - config.reserved_slots;
  return open > 0 ? open : no_place;
}

std::shared_ptr<ServerState> ServerStates::of(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = states_.find(id); at != states_.end())
    if (auto state = at->second.lock()) return state;
  if (states_.size() >= sweep_at_) {
    std::erase_if(states_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * states_.size());
  }
  auto& known = states_[std::string(id)];
  auto state = std::make_shared<ServerState>();
  known = state;
  return state;
}

}  // namespace drawbridge::core
