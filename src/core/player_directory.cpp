#include "core/player_directory.hpp"

#include "base/siphash.hpp"

namespace drawbridge::core {

namespace {

bool may_replace(const PlayerDirectory::Holder& newcomer, const PlayerDirectory::Holder& holder,
                 config::DuplicateLogin policy) {
  if (newcomer.authenticated) return policy == config::DuplicateLogin::kick_old;
  // Whoever comes by a Unix socket has no address that could tell them apart.
  return newcomer.address == holder.address && newcomer.address != IpAddress{};
}

}  // namespace

std::size_t PlayerDirectory::UuidHash::operator()(const Uuid& uuid) const {
  return static_cast<std::size_t>(siphash(process_sip_key(), uuid.bytes));
}

PlayerDirectory::Presence& PlayerDirectory::Presence::operator=(Presence&& other) noexcept {
  if (this == &other) return *this;
  leave();
  directory_ = std::exchange(other.directory_, nullptr);
  uuid_ = other.uuid_;
  number_ = other.number_;
  return *this;
}

void PlayerDirectory::Presence::leave() {
  if (directory_ != nullptr) directory_->leave(uuid_, number_);
  directory_ = nullptr;
}

PlayerDirectory::Entered PlayerDirectory::enter(const Uuid& uuid, const Holder& holder,
                                                config::DuplicateLogin policy) {
  Entered out;
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = holders_.try_emplace(uuid, holder);
  if (!is_new) {
    if (!may_replace(holder, entry->second, policy)) return out;
    out.replaced = std::exchange(entry->second, holder);
  }
  out.presence.directory_ = this;
  out.presence.uuid_ = uuid;
  out.presence.number_ = holder.number;
  return out;
}

void PlayerDirectory::leave(const Uuid& uuid, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto entry = holders_.find(uuid);
  if (entry != holders_.end() && entry->second.number == number) holders_.erase(entry);
}

std::size_t PlayerDirectory::size() const {
  const std::lock_guard lock(mutex_);
  return holders_.size();
}

}  // namespace drawbridge::core
