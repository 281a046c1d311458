#include "core/auth/account_check.hpp"

#include <algorithm>
#include <utility>

#include "core/auth/encryption_step.hpp"
#include "core/auth/session_server.hpp"
#include "mc/frame.hpp"
#include "mc/server_key.hpp"

namespace drawbridge::core {

namespace {

// 1.19 to 1.19.2: the key that came with the login start.
std::optional<mc::LoginKey> key_of(const Connection& connection) {
  const mc::Hello& hello = connection.hello;
  const ByteView start = connection.buffered().subspan(hello.handshake_size, hello.request_size);
  const auto frame = mc::next_frame(start, start.size());
  if (!frame || !frame->has_value()) return std::nullopt;
  const auto packet = mc::split_packet((*frame)->body, Fault::client);
  if (!packet) return std::nullopt;
  auto read = mc::decode<mc::LoginStart>(packet->fields, hello.version, Fault::client);
  return read ? std::move(read->key) : std::nullopt;
}

std::unexpected<AccountRefusal> refused(config::Kick kick, std::string detail) {
  return std::unexpected(AccountRefusal{.kick = kick, .detail = std::move(detail)});
}

}  // namespace

bool is_bedrock(const mc::Host& host) {
  return host.kept.find("^Floodgate^") != std::string::npos;
}

net::Task<std::expected<Profile, AccountRefusal>> check_account(Connection& connection,
                                                                PacketStream& client) {
  const config::Auth& auth = connection.global().auth;
  Services& services = connection.desk.services();
  net::Worker& worker = connection.desk.worker();
  std::optional<mc::LoginKey> key = key_of(connection);
  auto secret = co_await encrypt_link(client, services.server_key, key, connection.deadline);
  if (!secret && secret.error().no_answer)
    co_return std::unexpected(
        AccountRefusal{.kick = std::nullopt, .detail = std::move(secret.error().why)});
  if (!secret) co_return refused(config::Kick::encryption_failed, std::move(secret.error().why));
  SessionQuestion question{
      .url = auth.session_url,
      .player = connection.hello.player,
      .hash = mc::session_hash(*secret, services.server_key.public_der()),
      .address = {},
      .timeout = std::min<Duration>(auth.timeout, connection.deadline - worker.now())};
  const bool has_address = !came_by_unix_socket(connection.peer);
  if (auth.prevent_proxy_connections && has_address) question.address = connection.peer.address;
  auto answer = co_await ask_session_server(worker, services.http, std::move(question));
  if (!answer) co_return refused(config::Kick::auth_unavailable, std::move(answer.error().what));
  if (!answer->has_value())
    co_return refused(config::Kick::auth_failed, "the session server does not know this login");
  mc::SessionProfile& found = **answer;
  co_return Profile{.uuid = found.uuid,
                    .name = std::move(found.name),
                    .properties = std::move(found.properties),
                    .key = std::move(key),
                    .authenticated = true};
}

}  // namespace drawbridge::core
