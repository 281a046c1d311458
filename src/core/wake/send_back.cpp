#include "core/wake/send_back.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"
#include "config/server.hpp"
#include "mc/packet_ids.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/login.hpp"

namespace drawbridge::core {

namespace {

// A packet without fields, with room for an over-long id.
constexpr std::size_t max_acknowledgement = 8;
constexpr Duration sending_time = seconds(5);

WaitOutcome gone(std::string detail) {
  return {.kind = WaitOutcome::Kind::gone,
          .kick = config::Kick::starting,
          .wait = {},
          .detail = std::move(detail)};
}

mc::Transfer way_back(const Connection& connection) {
  const auto& other = connection.server->config.server_manager->transfer_to;
  if (other) return {.host = other->host, .port = other->port};
  return {.host = connection.host.name, .port = connection.hello.port};
}

// Success, and the client's word that configuration has begun.
net::Task<Result<>> let_into_configuration(PacketStream& client, mc::LoginSuccess success,
                                           TimePoint deadline) {
  auto welcomed = co_await client.write(std::move(success), deadline);
  if (!welcomed) co_return welcomed;
  auto packet = co_await client.read(max_acknowledgement, deadline);
  if (!packet) co_return std::unexpected(std::move(packet.error()));
  const mc::IdMap& ids = mc::id_map(client.version(), mc::State::login, mc::Bound::server);
  if (ids.kind(packet->id) != mc::Kind::login_acknowledged || !packet->fields.empty())
    co_return fail(Fault::client, "something else than login_acknowledged");
  client.state = mc::State::configuration;
  co_return Result<>{};
}

}  // namespace

net::Task<WaitOutcome> send_back_when_ready(Connection& connection, PacketStream& client,
                                            std::string name, Uuid uuid, api::WakeRequest who) {
  mc::LoginSuccess success;
  success.uuid = uuid;
  success.player = std::move(name);
  if (client.version() >= mc::v26_2) success.session = random_uuid();
  auto inside = co_await let_into_configuration(client, std::move(success), connection.deadline);
  if (!inside) co_return gone(std::move(inside.error().what));
  AskToWake ask{.who = std::move(who), .unreachable = false, .waits = true};
  auto waited = co_await wait_for_server(connection, client, std::move(ask));
  if (waited.kind != WaitOutcome::Kind::dial) co_return waited;
  const TimePoint now = connection.desk.worker().now();
  connection.desk.services().transfers.note(connection.peer.address, connection.hello.player, now);
  mc::Transfer transfer = way_back(connection);
  log::info("wake", "sent to come again",
            {{"server", connection.server->id()},
             {"player", connection.hello.player},
             {"to", transfer.host},
             {"port", transfer.port}});
  auto sent = co_await client.write(std::move(transfer), now + sending_time);
  if (!sent) co_return gone(std::move(sent.error().what));
  client.stream().finish();
  waited.kind = WaitOutcome::Kind::over;
  co_return waited;
}

}  // namespace drawbridge::core
