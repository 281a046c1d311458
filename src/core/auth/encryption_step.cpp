#include "core/auth/encryption_step.hpp"

#include <algorithm>
#include <utility>

#include "base/random.hpp"
#include "mc/packet_ids.hpp"
#include "mc/packets/login.hpp"

namespace drawbridge::core {

namespace {

constexpr std::size_t token_size = 4;
// Two blocks of RSA with their lengths are 260 bytes; with a signature of 1.19 some 400.
constexpr std::size_t max_response = 1024;

using Token = std::array<Byte, token_size>;

std::unexpected<EncryptionFailure> refused(std::string_view why) {
  return std::unexpected(EncryptionFailure{.no_answer = false, .why = std::string(why)});
}
std::unexpected<EncryptionFailure> unanswered(const Error& error) {
  return std::unexpected(EncryptionFailure{.no_answer = true, .why = error.what});
}

// What else the client had to prove: that it read our token, or that it has its own private key.
std::string_view fault_of(const mc::EncryptionResponse& response, const mc::ServerKey& key,
                          const std::optional<mc::LoginKey>& player_key, const Token& token) {
  if (response.signature) {
    if (!player_key) return "a signed token from a client that sent no key";
    const bool good = mc::is_signed_token(player_key->key, token, response.signature->salt,
                                          response.signature->signature);
    return good ? "" : "the token is not signed with the key that the client sent";
  }
  const auto returned = key.decrypt(response.verify_token);
  const bool good = returned && std::ranges::equal(*returned, token);
  return good ? "" : "the verify token came back changed";
}

}  // namespace

net::Task<std::expected<LinkSecret, EncryptionFailure>> encrypt_link(
    PacketStream& client, const mc::ServerKey& key, std::optional<mc::LoginKey> player_key,
    TimePoint deadline) {
  Token token;
  random_bytes(token);
  const ByteView der = key.public_der();
  mc::EncryptionRequest request{.server_id = {},
                                .public_key = ByteBuffer(der.begin(), der.end()),
                                .verify_token = ByteBuffer(token.begin(), token.end()),
                                .should_authenticate = true};
  auto asked = co_await client.write(std::move(request), deadline);
  if (!asked) co_return unanswered(asked.error());
  auto packet = co_await client.read(max_response, deadline);
  if (!packet) co_return unanswered(packet.error());
  const mc::IdMap& ids = mc::id_map(client.version(), mc::State::login, mc::Bound::server);
  if (ids.kind(packet->id) != mc::Kind::encryption_begin)
    co_return refused("something else than an encryption response");
  const auto response =
      mc::decode<mc::EncryptionResponse>(packet->fields, client.version(), Fault::client);
  if (!response) co_return refused(response.error().what);
  const auto plain = key.decrypt(response->shared_secret);
  if (!plain || plain->size() != mc::shared_secret_size)
    co_return refused("the shared secret cannot be read");
  LinkSecret secret;
  std::ranges::copy(*plain, secret.begin());
  client.encrypt_from_now(secret);
  const std::string_view fault = fault_of(*response, key, player_key, token);
  if (!fault.empty()) co_return refused(fault);
  co_return secret;
}

}  // namespace drawbridge::core
