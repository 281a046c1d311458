#include "core/forwarding.hpp"

#include <utility>

#include "config/server.hpp"
#include "core/fallback.hpp"
#include "core/opening.hpp"
#include "core/reach.hpp"
#include "core/wake/door.hpp"
#include "mc/handshake.hpp"
#include "net/socket_options.hpp"

namespace drawbridge::core {

namespace {

// What a refusal behind a dial may take to be sent, whatever deadline has passed.
constexpr Duration farewell = seconds(5);

void append(ByteBuffer& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Who the player is, as far as anybody can know who only moves bytes: no account was checked here,
// so the UUID is the one that the name gives, unless the operator wants claims to be believed.
mc::PlayerInfo unverified(const Connection& connection) {
  const mc::Hello& hello = connection.hello;
  const bool believe = connection.global().auth.offline_uuid == config::OfflineUuid::client;
  return {.address = connection.peer.address,
          .uuid = believe && hello.claimed_uuid ? *hello.claimed_uuid : offline_uuid(hello.player),
          .name = hello.player,
          .properties = {},
          .key = {},
          .signer = {}};
}

// The handshake as the client sent it, unless something in it must not go on: parts that a backend
// would believe, a name that is configured away, the intent of a transfer that we ourselves asked
// for; or the player's identity must be put in. Clients from before 1.7 have none: their login is
// all in the bytes that follow.
Result<ByteBuffer> handshake_for(const Connection& connection, const Server& server,
                                 const config::Address& address) {
  const mc::Hello& hello = connection.hello;
  if (hello.is_legacy()) return ByteBuffer{};
  const bool ours = hello.kind == mc::HelloKind::transfer &&
                    connection.desk.services().transfers.take(connection.peer.address, hello.player,
                                                              connection.desk.worker().now());
  const bool renamed = server.config.domain_rewrite.mode != config::DomainRewrite::Mode::none;
  const bool announced =
      is_told_in_handshake(config::effective_forwarding(server.config, connection.global()));
  const ByteView sent = connection.buffered().first(hello.handshake_size);
  if (!ours && !renamed && !announced && !connection.host.was_stripped)
    return ByteBuffer(sent.begin(), sent.end());
  const bool stays_transfer = hello.kind == mc::HelloKind::transfer && !ours;
  return mc::encode_handshake(
      {.version = hello.version,
       .host = host_field_for(*connection.world, connection.host, server, address,
                              unverified(connection)),
       .port = hello.port,
       .intent = stays_transfer ? mc::Intent::transfer : mc::Intent::login});
}

// Everything that the backend gets first: the header, the handshake, the login start and every byte
// that came with it.
Result<ByteBuffer> replay_for(const Connection& connection, const Server& server,
                              const config::Address& address) {
  auto handshake = handshake_for(connection, server, address);
  if (!handshake) return handshake;
  ByteBuffer out = proxy_header_for(connection.peer, server, connection.client.fd());
  append(out, *handshake);
  append(out, connection.buffered().subspan(connection.hello.handshake_size));
  return out;
}

void hand_to_pump(Connection& connection, ServerPtr server, Place place, Reached reached,
                  ByteBuffer replay) {
  net::apply_congestion(connection.client.fd(), connection.global().tcp_congestion);
  const bool splice_at_once = server->config.proxy_mode == config::ProxyMode::zero_copy;
  net::RelayStart start{
      .client = connection.client.release(),
      .backend = reached.backend.release(),
      .to_backend = std::move(replay),
      .to_client = {},
      .splice_streak = splice_at_once ? 0 : net::RelayStart::default_splice_streak};
  Services& services = connection.desk.services();
  const bool waited_for_it = connection.expected.arrive_at(*server);
  const std::string routed_to =
      reached.index == Reached::routed ? reached.address.text() : std::string{};
  connection.desk.begin_relay(
      {.number = services.next_session.fetch_add(1, std::memory_order_relaxed),
       .server = std::move(server),
       .place = std::move(place),
       .at_address = std::move(reached.at_address),
       .seat = std::move(connection.seat),
       .at_listener = std::move(connection.arrival.place),
       .source = std::move(connection.arrival.source),
       .names = SessionNames(connection.hello.player, connection.host.name, routed_to),
       .client = connection.peer,
       .uuid = connection.hello.claimed_uuid,
       .version = connection.hello.version,
       .address = reached.index,
       .settled = waited_for_it},
      std::move(start));
}

enum class Outcome : std::uint8_t { relayed, refused, full, unreachable, impossible };

net::Task<Outcome> forward_to(Connection& connection, ServerPtr server,
                              std::shared_ptr<const RoutedAddress> routed) {
  Place place = Place::take(server->state, server->most_for(connection.hello.player));
  if (!place) co_return Outcome::full;
  ReachFor why{.client = connection.peer.address, .routed = std::move(routed)};
  auto reached = co_await reach(connection.desk, connection.world, server, std::move(why));
  if (!reached && connection.stranger.was_shed()) {
    connection.drop(reached.error());
    co_return Outcome::refused;
  }
  if (!reached) {
    connection.log_refusal(log::Level::warn, "backend unreachable", reached.error().what);
    co_return Outcome::unreachable;
  }
  // The dial may have taken its time, and a ban holds at once.
  const BanListPtr bans = connection.desk.bans();
  const UnixSeconds today = unix_now();
  const Ban* ban = bans ? ban_of(*bans, connection.peer.address, connection.hello.player,
                                 connection.hello.claimed_uuid, today)
                        : nullptr;
  if (ban != nullptr) {
    Verdict no = banned(*ban, reason_for(*ban), today);
    connection.deadline = connection.desk.worker().now() + farewell;
    co_await connection.refuse(std::move(no));
    co_return Outcome::refused;
  }
  auto replay = replay_for(connection, *server, reached->address);
  if (!replay) {
    connection.log_refusal(log::Level::warn, "handshake cannot be replayed", replay.error().what);
    co_return Outcome::impossible;
  }
  hand_to_pump(connection, std::move(server), std::move(place), std::move(*reached),
               std::move(*replay));
  co_return Outcome::relayed;
}

// What a player reads when no server takes it.
struct LastWords {
  config::Kick kick = config::Kick::offline;
  std::string reason = "no backend";
};

// To the server itself, which may have to be woken first. Anything but `unreachable` is the end of
// it.
net::Task<Outcome> forward_or_wake(Connection& connection, LastWords& last) {
  const ServerPtr server = connection.server;
  auto outcome = Outcome::unreachable;
  const bool asleep = server->wake && !may_answer(server->wake->state());
  if (!asleep) outcome = co_await forward_to(connection, server, connection.routed);
  if (outcome != Outcome::unreachable || !server->wake || connection.routed) co_return outcome;
  auto waited = co_await wait_at_the_door(connection, !asleep);
  if (waited.kind == WaitOutcome::Kind::dial) {
    const ServerPtr started = connection.server;  // as it is described now
    outcome = co_await forward_to(connection, started, nullptr);
    co_return outcome;
  }
  if (waited.kind == WaitOutcome::Kind::over) co_return Outcome::refused;
  if (waited.kind == WaitOutcome::Kind::unreachable) co_return Outcome::unreachable;
  if (waited.kind == WaitOutcome::Kind::gone && !connection.desk.services().stopping) {
    connection.log_refusal(log::Level::info, "left while waiting for the server", waited.detail);
    co_return Outcome::refused;
  }
  last = {.kick = waited.kick, .reason = waited.detail};
  // Others may stand in for one that cannot be had.
  const bool elsewhere =
      waited.kick == config::Kick::start_failed || waited.kick == config::Kick::offline;
  if (elsewhere) co_return Outcome::unreachable;
  connection.deadline = connection.desk.worker().now() + farewell;
  const bool stopping = connection.desk.services().stopping;
  co_await connection.refuse_for(stopping ? config::Kick::shutdown : waited.kick, waited.wait,
                                 std::move(waited.detail));
  co_return Outcome::refused;
}

}  // namespace

net::Task<> forward(Connection& connection) {
  if (!can_be_announced(connection, *connection.server))
    co_return co_await connection.refuse(config::Kick::version_unsupported,
                                         "forwarding_mode needs a client of 1.7 or later");
  LastWords last;
  const auto outcome = co_await forward_or_wake(connection, last);
  if (outcome == Outcome::relayed || outcome == Outcome::refused) co_return;
  if (outcome == Outcome::full)
    co_return co_await connection.refuse(config::Kick::full, "max_players reached");
  std::size_t position = 0;
  while (const ServerPtr other = next_fallback(connection, position)) {
    const auto instead = co_await forward_to(connection, other, nullptr);
    if (instead == Outcome::relayed || instead == Outcome::refused) co_return;
    // Somebody who waits and comes back may get in there.
    if (instead == Outcome::full && last.kick == config::Kick::offline)
      last = {.kick = config::Kick::full, .reason = "max_players of a fallback reached"};
  }
  // The client's deadline for the hello may have passed while we dialled; it still gets its words.
  connection.deadline = connection.desk.worker().now() + farewell;
  co_await connection.refuse(last.kick, last.reason);
}

}  // namespace drawbridge::core
