#include "core/gate/gate.hpp"

#include <algorithm>

#include "core/server.hpp"

namespace drawbridge::core {

namespace {

// Who comes by a Unix socket has none, unless a PROXY header says one: nothing that goes by
// addresses can tell them apart, and the rights of the socket's file say who may come.
bool has_address(const IpAddress& address) {
  return address != IpAddress{};
}

bool is_exempt(const GateRules& rules, const IpAddress& address) {
  return !has_address(address) || rules.exempt.contains(address);
}

Verdict refused(RefusalReason refusal, config::Kick kick) {
  Verdict out;
  out.refusal = refusal;
  out.kick = kick;
  return out;
}

}  // namespace

RefusalReason reason_for(config::Kick kick) {
  switch (kick) {
    case config::Kick::unknown_host:
      return RefusalReason::unknown_host;
    case config::Kick::offline:
      return RefusalReason::no_backend;
    case config::Kick::full:
      return RefusalReason::server_full;
    case config::Kick::proxy_full:
      return RefusalReason::proxy_full;
    case config::Kick::banned:
      return RefusalReason::name_ban;
    case config::Kick::rate_limited:
      return RefusalReason::rate_login;
    case config::Kick::ip_filtered:
      return RefusalReason::ip_filter;
    case config::Kick::not_allowed:
      return RefusalReason::not_allowed;
    case config::Kick::maintenance:
      return RefusalReason::maintenance;
    case config::Kick::shutdown:
      return RefusalReason::stopping;
    default:
      return RefusalReason::other;
  }
}

RefusalReason reason_for(const Ban& ban) {
  switch (ban.target.kind) {
    case BanTarget::Kind::username:
      return RefusalReason::name_ban;
    case BanTarget::Kind::uuid:
      return RefusalReason::uuid_ban;
    default:
      return RefusalReason::ip_ban;
  }
}

Verdict banned(const Ban& ban, RefusalReason refusal, UnixSeconds now) {
  Verdict out = refused(refusal, config::Kick::banned);
  out.reason = ban.reason.value_or("no reason was given");
  out.remaining = remaining_text(ban, now);
  return out;
}

std::optional<RefusalReason> Gate::at_accept(const IpAddress& address, TimePoint now,
                                             SourceHold& hold) const {
  const bool exempt = is_exempt(rules_, address);
  if (!exempt && !rules_.buckets.empty()) {
    const GateRules::Bucket& own = rules_.buckets.front();
    if (!own.table->take(address, RateKind::accept, own.rules, now).passed)
      return RefusalReason::accept_rate;
    // Whoever may neither log in nor ping has nothing to say that is worth reading.
    const auto used_up = [&](RateKind kind) {
      return std::ranges::any_of(rules_.buckets, [&](const GateRules::Bucket& bucket) {
        return bucket.table->exhausted(address, kind, bucket.rules, now);
      });
    };
    if (used_up(RateKind::login) && used_up(RateKind::status)) return RefusalReason::accept_rate;
  }
  hold = sources_.open(rules_.source_of(address), exempt ? 0 : rules_.connections_per_source);
  if (!hold) return RefusalReason::source_connections;
  return std::nullopt;
}

std::uint32_t Gate::most_reading(const IpAddress& address) const {
  if (rules_.pre_login_per_source == 0 || is_exempt(rules_, address)) return 0;
  return rules_.pre_login_per_source;
}

Verdict Gate::at_address(const IpAddress& address) const {
  if (!has_address(address)) return {};
  if (!rules_.filter.admits(address, rules_.countries.get()))
    return refused(RefusalReason::ip_filter, config::Kick::ip_filtered);
  if (bans_ == nullptr) return {};
  const UnixSeconds now = unix_now();
  const Ban* ban = bans_->by_address(address, now);
  return ban != nullptr ? banned(*ban, RefusalReason::ip_ban, now) : Verdict{};
}

// All buckets must agree; what the first ones gave is returned when a later one refuses.
Verdict Gate::rate(const IpAddress& address, const mc::Hello& hello, TimePoint now) const {
  Verdict out;
  if (rules_.buckets.empty() || is_exempt(rules_, address)) return out;
  const RateKind kind = hello.wants_status() ? RateKind::status : RateKind::login;
  const Duration patience = kind == RateKind::login ? rules_.max_wait : Duration{};
  for (auto bucket = rules_.buckets.begin(); bucket != rules_.buckets.end(); ++bucket) {
    const RateAnswer answer = bucket->table->take(address, kind, bucket->rules, now, patience);
    out.wait = std::max(out.wait, answer.wait);
    if (answer.passed) continue;
    for (auto before = rules_.buckets.begin(); before != bucket; ++before)
      before->table->give_back(address, kind, before->rules);
    out.refusal = kind == RateKind::login ? RefusalReason::rate_login : RefusalReason::rate_status;
    out.kick = config::Kick::rate_limited;
    return out;
  }
  return out;
}

Verdict Gate::at_hello(const IpAddress& address, const mc::Hello& hello, TimePoint now) const {
  Verdict limited = rate(address, hello, now);
  if (!limited.passed() || bans_ == nullptr || hello.wants_status()) return limited;
  const UnixSeconds today = unix_now();
  if (const Ban* ban = bans_->by_name(hello.player, today))
    return banned(*ban, RefusalReason::name_ban, today);
  return limited;
}

namespace {

// Whether a list lets this player in. While nobody has verified who it is, but somebody will, a
// list with UUIDs decides later.
bool listed(const PlayerList& list, std::string_view name, const std::optional<Uuid>& verified,
            bool decided_later) {
  return list.has(name, verified) || (decided_later && list.has_uuids());
}

Verdict by_lists(const Server& server, std::string_view name, const std::optional<Uuid>& verified,
                 bool decided_later) {
  if (server.config.maintenance && !listed(server.maintenance_allow, name, verified, decided_later))
    return refused(RefusalReason::maintenance, config::Kick::maintenance);
  if (!server.allow.empty() && !listed(server.allow, name, verified, decided_later))
    return refused(RefusalReason::not_allowed, config::Kick::not_allowed);
  return {};
}

}  // namespace

Verdict Gate::at_server(const IpAddress& address, const mc::Hello& hello,
                        const Server& server) const {
  if (server.filter && has_address(address) &&
      !server.filter->admits(address, rules_.countries.get()))
    return refused(RefusalReason::ip_filter, config::Kick::ip_filtered);
  if (hello.wants_status()) return {};
  // Where we never learn who it is, both what it claims and what its name would make of it count.
  const bool never_known = !config::is_intercepted(server.config.proxy_mode);
  if (never_known && bans_ != nullptr && bans_->has_uuids()) {
    const UnixSeconds today = unix_now();
    const Ban* ban = bans_->by_uuid(offline_uuid(hello.player), today);
    if (ban == nullptr && hello.claimed_uuid) ban = bans_->by_uuid(*hello.claimed_uuid, today);
    if (ban != nullptr) return banned(*ban, RefusalReason::uuid_ban, today);
  }
  return by_lists(server, hello.player, std::nullopt,
                  server.config.proxy_mode == config::ProxyMode::client_only);
}

Verdict Gate::at_identity(std::string_view name, const Uuid& uuid, bool verified,
                          const Server& server) const {
  if (bans_ != nullptr) {
    const UnixSeconds now = unix_now();
    const Ban* ban = bans_->by_uuid(uuid, now);
    // A UUID that is believed is not one that is known: the name's own counts beside it.
    if (ban == nullptr && !verified) ban = bans_->by_uuid(offline_uuid(name), now);
    if (ban == nullptr) ban = bans_->by_name(name, now);
    if (ban != nullptr) return banned(*ban, reason_for(*ban), now);
  }
  return by_lists(server, name, verified ? std::optional(uuid) : std::nullopt, false);
}

const Ban* ban_of(const BanList& bans, const IpAddress& address, std::string_view name,
                  const std::optional<Uuid>& claimed, UnixSeconds now) {
  if (const Ban* ban = bans.by_address(address, now)) return ban;
  if (const Ban* ban = bans.by_name(name, now)) return ban;
  if (!bans.has_uuids()) return nullptr;
  if (const Ban* ban = bans.by_uuid(offline_uuid(name), now)) return ban;
  return claimed ? bans.by_uuid(*claimed, now) : nullptr;
}

}  // namespace drawbridge::core
