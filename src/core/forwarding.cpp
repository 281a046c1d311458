#include "core/forwarding.hpp"

#include <sys/socket.h>

#include <utility>

#include "config/server.hpp"
#include "core/reach.hpp"
#include "mc/handshake.hpp"
#include "net/proxy_protocol.hpp"
#include "net/socket_options.hpp"

namespace drawbridge::core {

namespace {

void append(ByteBuffer& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// The address that the player connected to, for the PROXY header.
Endpoint local_end(int fd) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return Endpoint::from_sockaddr(raw).value_or(Endpoint{});
}

void append_proxy_header(ByteBuffer& out, const Connection& connection, config::SendProxy kind) {
  if (kind == config::SendProxy::off) return;
  const auto version =
      kind == config::SendProxy::v1 ? net::ProxyVersion::v1 : net::ProxyVersion::v2;
  append(out, net::proxy_header(version, connection.peer, local_end(connection.client.fd())));
}

// The host name that the backend reads.
std::string_view host_for(const Connection& connection, const Server& server,
                          const config::Address& address) {
  switch (server.config.domain_rewrite.mode) {
    case config::DomainRewrite::Mode::from_backend:
      return address.host;
    case config::DomainRewrite::Mode::fixed:
      return server.config.domain_rewrite.host;
    case config::DomainRewrite::Mode::none:
      break;
  }
  return connection.host.sent_name;
}

// The handshake as the client sent it, unless something in it must not go on: parts that a backend
// would believe, a name that is configured away, the intent of a transfer that we ourselves asked
// for. Clients from before 1.7 have none: their login is all in the bytes that follow.
Result<ByteBuffer> handshake_for(const Connection& connection, const Server& server,
                                 const config::Address& address) {
  const mc::Hello& hello = connection.hello;
  if (hello.is_legacy()) return ByteBuffer{};
  const bool ours = hello.kind == mc::HelloKind::transfer &&
                    connection.desk.services().transfers.take(connection.peer.address, hello.player,
                                                              connection.desk.worker().now());
  const bool renamed = server.config.domain_rewrite.mode != config::DomainRewrite::Mode::none;
  const ByteView sent = connection.buffered().first(hello.handshake_size);
  if (!ours && !renamed && !connection.host.was_stripped)
    return ByteBuffer(sent.begin(), sent.end());
  const bool stays_transfer = hello.kind == mc::HelloKind::transfer && !ours;
  return mc::encode_handshake(
      {.version = hello.version,
       .host = mc::host_for_replay(host_for(connection, server, address), connection.host),
       .port = hello.port,
       .intent = stays_transfer ? mc::Intent::transfer : mc::Intent::login});
}

// Everything that the backend gets first: the header, the handshake, the login start and every byte
// that came with it.
Result<ByteBuffer> replay_for(const Connection& connection, const Server& server,
                              const config::Address& address) {
  auto handshake = handshake_for(connection, server, address);
  if (!handshake) return handshake;
  ByteBuffer out;
  append_proxy_header(out, connection, server.config.send_proxy_protocol);
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
  connection.desk.begin_relay(
      {.number = services.next_session.fetch_add(1, std::memory_order_relaxed),
       .server = std::move(server),
       .place = std::move(place),
       .at_address = std::move(reached.at_address),
       .seat = std::move(connection.seat),
       .names = SessionNames(connection.hello.player, connection.host.name),
       .client = connection.peer,
       .version = connection.hello.version,
       .address = reached.address},
      std::move(start));
}

enum class Outcome : std::uint8_t { relayed, full, unreachable, impossible };

net::Task<Outcome> forward_to(Connection& connection, ServerPtr server) {
  Place place = Place::take(server->state, server->config.max_players);
  if (!place) co_return Outcome::full;
  auto reached = co_await reach(connection.desk, connection.world, server);
  if (!reached) {
    connection.log_refusal(log::Level::warn, "backend unreachable", reached.error().what);
    co_return Outcome::unreachable;
  }
  auto replay = replay_for(connection, *server, server->config.addresses[reached->address].address);
  if (!replay) {
    connection.log_refusal(log::Level::warn, "handshake cannot be replayed", replay.error().what);
    co_return Outcome::impossible;
  }
  hand_to_pump(connection, std::move(server), std::move(place), std::move(*reached),
               std::move(*replay));
  co_return Outcome::relayed;
}

// Of the servers to fall back to only those that this connection may be forwarded to.
bool may_stand_in(const Server* server) {
  return server != nullptr && !server->withheld &&
         !config::is_intercepted(server->config.proxy_mode);
}

}  // namespace

net::Task<> forward(Connection& connection) {
  const auto outcome = co_await forward_to(connection, connection.server);
  if (outcome == Outcome::relayed) co_return;
  if (outcome == Outcome::full)
    co_return co_await connection.refuse(config::Kick::full, "max_players reached");
  const std::vector<std::string>& fallback =
      config::effective_fallback(connection.server->config, connection.global());
  for (const std::string& id : fallback) {
    const auto index = connection.world->index_of(id);
    if (!index || !may_stand_in(connection.world->servers[*index].get())) continue;
    const auto instead = co_await forward_to(connection, connection.world->servers[*index]);
    if (instead == Outcome::relayed) co_return;
  }
  // The client's deadline for the hello may have passed while we dialled; it still gets its words.
  connection.deadline = connection.desk.worker().now() + seconds(5);
  co_await connection.refuse(config::Kick::offline, "no backend");
}

}  // namespace drawbridge::core
