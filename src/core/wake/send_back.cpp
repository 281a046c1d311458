#include "core/wake/send_back.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"
#include "config/server.hpp"
#include "core/login_success.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/login.hpp"

namespace drawbridge::core {

namespace {

constexpr Duration sending_time = seconds(5);

WaitOutcome gone(std::string detail) {
  return {.kind = WaitOutcome::Kind::gone,
          .kick = config::Kick::starting,
          .wait = {},
          .detail = std::move(detail)};
}

}  // namespace

mc::Transfer way_back(const Connection& connection) {
  const auto& other = connection.server->config.server_manager->transfer_to;
  if (other) return {.host = other->host, .port = other->port};
  return {.host = connection.host.name, .port = connection.hello.port};
}

void note_sent_back(Services& services, const SentBack& who, const mc::Transfer& to,
                    TimePoint now) {
  services.transfers.note(who.from.address, who.player, now);
  log::info("wake", "sent to come again",
            {{"server", who.server}, {"player", who.player}, {"to", to.host}, {"port", to.port}});
}

net::Task<WaitOutcome> send_back_when_ready(Connection& connection, PacketStream& client,
                                            std::string name, Uuid uuid, api::WakeRequest who) {
  mc::LoginSuccess success;
  success.uuid = uuid;
  success.player = std::move(name);
  if (client.version() >= mc::v26_2) success.session = random_uuid();
  auto inside =
      co_await send_login_success(client, mc::Threshold(), std::move(success), connection.deadline);
  if (!inside) co_return gone(std::move(inside.error().what));
  AskToWake ask{.who = std::move(who), .unreachable = false, .waits = true, .leaves = true};
  auto waited = co_await wait_for_server(connection, client, std::move(ask));
  if (waited.kind != WaitOutcome::Kind::dial) co_return waited;
  const TimePoint now = connection.desk.worker().now();
  mc::Transfer transfer = way_back(connection);
  note_sent_back(connection.desk.services(),
                 {.from = connection.peer,
                  .player = connection.hello.player,
                  .server = connection.server->id()},
                 transfer, now);
  auto sent = co_await client.write(std::move(transfer), now + sending_time);
  if (!sent) co_return gone(std::move(sent.error().what));
  client.stream().finish();
  waited.kind = WaitOutcome::Kind::over;
  co_return waited;
}

}  // namespace drawbridge::core
