#include "kit/login_client.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

#include "base/random.hpp"
#include "kit/fake_server.hpp"
#include "mc/frame.hpp"
#include "mc/server_key.hpp"
#include "mc/text.hpp"

namespace drawbridge::kit {

ByteBuffer rsa_encrypted(ByteView public_der, ByteView plain) {
  const Byte* at = public_der.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(public_der.size())), &EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free);
  ByteBuffer out(512);
  std::size_t size = out.size();
  EXPECT_TRUE(context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_encrypt(context.get(), out.data(), &size, plain.data(), plain.size()) == 1);
  out.resize(size);
  return out;
}

LoginClient::LoginClient(const Endpoint& proxy, Settings settings)
    : link(Wire::connect(proxy, settings.from), mc::Bound::client, settings.version),
      settings_(std::move(settings)) {
  random_bytes(secret);
  ByteBuffer hello = handshake_bytes(settings_.host, settings_.version, settings_.intent);
  const std::optional<Uuid> claimed = settings_.version >= mc::v1_20_2
                                          ? std::optional(account_uuid(settings_.player))
                                          : std::nullopt;
  const auto start = mc::encode_login_start(
      {.player = settings_.player, .key = settings_.key, .uuid = claimed}, settings_.version);
  EXPECT_TRUE(start.has_value());
  if (start) hello.insert(hello.end(), start->begin(), start->end());
  link.wire.send(hello);
}

bool LoginClient::answer(const mc::EncryptionRequest& asked) {
  request = asked;
  if (settings_.session != nullptr)
    settings_.session->join(settings_.player, mc::session_hash(secret, asked.public_key));
  const mc::EncryptionResponse response{
      .shared_secret = rsa_encrypted(asked.public_key, secret),
      .verify_token = rsa_encrypted(asked.public_key, asked.verify_token),
      .signature = std::nullopt};
  const bool sent = link.write(response);
  link.encrypt(secret);
  return sent;
}

bool LoginClient::answer_encryption() {
  const auto asked = link.expect<mc::EncryptionRequest>();
  return asked && answer(*asked);
}

LoginClient::Outcome LoginClient::log_in() {
  for (;;) {
    const auto packet = link.read();
    if (!packet) return {};
    switch (packet->kind) {
      case mc::Kind::disconnect: {
        const auto words =
            mc::decode<mc::LoginDisconnect>(packet->fields, link.version, Fault::proxy);
        const auto text = mc::json_text(words ? words->reason : std::string());
        return {.in = false, .kicked = text ? mc::to_plain(*text) : "not readable"};
      }
      case mc::Kind::encryption_begin: {
        const auto asked =
            mc::decode<mc::EncryptionRequest>(packet->fields, link.version, Fault::proxy);
        if (!asked || !answer(*asked)) return {};
        break;
      }
      case mc::Kind::compress: {
        const auto compress = mc::decode<mc::Compress>(packet->fields, link.version, Fault::proxy);
        if (!compress) return {};
        link.threshold = {compress->threshold};
        break;
      }
      case mc::Kind::login_plugin_request: {
        const auto asked =
            mc::decode<mc::LoginPluginRequest>(packet->fields, link.version, Fault::proxy);
        if (!asked || !link.write(mc::LoginPluginResponse{.id = asked->id, .data = std::nullopt}))
          return {};
        break;
      }
      case mc::Kind::success: {
        auto read = mc::decode<mc::LoginSuccess>(packet->fields, link.version, Fault::proxy);
        if (!read) return {};
        success = std::move(*read);
        const bool configures = link.version >= mc::v1_20_2;
        if (configures && !link.write(mc::LoginAcknowledged{})) return {};
        link.state = configures ? mc::State::configuration : mc::State::play;
        return {.in = true, .kicked = {}};
      }
      default:
        ADD_FAILURE() << "a packet that no client expects in login: " << mc::name(packet->kind);
        return {};
    }
  }
}

LoginBackend::LoginBackend(Wire connection) {
  EXPECT_TRUE(connection.open()) << "nobody came to the backend";
  const auto arrived = FakeServer::read_hello(connection);
  EXPECT_TRUE(arrived.has_value()) << "no hello at the backend";
  if (!arrived) return;
  hello = arrived->hello;
  if (hello.wants_status()) {
    link = PacketWire(std::move(connection), mc::Bound::server, hello.version);
    return;
  }
  const ByteView all(arrived->bytes);
  const auto frame = mc::next_frame(all.subspan(hello.handshake_size), mc::max_frame);
  if (frame && frame->has_value()) {
    const auto packet = mc::split_packet((*frame)->body, Fault::proxy);
    auto read = mc::decode<mc::LoginStart>(packet->fields, hello.version, Fault::proxy);
    EXPECT_TRUE(read.has_value());
    if (read) start = std::move(*read);
  }
  link = PacketWire(std::move(connection), mc::Bound::server, hello.version);
}

bool LoginBackend::let_in(std::int32_t threshold, std::optional<Uuid> uuid) {
  if (threshold >= 0) {
    if (!link.write(mc::Compress{.threshold = threshold})) return false;
    link.threshold = {threshold};
  }
  const mc::LoginSuccess success{
      .uuid = uuid.value_or(offline_uuid(hello.player)), .player = hello.player, .properties = {}};
  if (!link.write(success)) return false;
  const bool configures = link.version >= mc::v1_20_2;
  link.state = configures ? mc::State::login : mc::State::play;
  if (!configures) return true;
  const auto acknowledged = link.expect<mc::LoginAcknowledged>();
  link.state = mc::State::configuration;
  return acknowledged.has_value();
}

}  // namespace drawbridge::kit
