#include "kit/fake_client.hpp"

#include <gtest/gtest.h>

#include "mc/frame.hpp"
#include "mc/reader.hpp"
#include "mc/text.hpp"

namespace drawbridge::kit {

ByteBuffer handshake_bytes(std::string_view host, mc::Version version, mc::Intent intent,
                           std::uint16_t port) {
  // Not mc::encode_handshake: a hostile client does not ask us what it may write.
  const auto frame = mc::encode_frame(
      mc::Handshake::id,
      mc::Handshake{.version = version, .host = std::string(host), .port = port, .intent = intent},
      version);
  EXPECT_TRUE(frame.has_value());
  return frame.value_or(ByteBuffer{});
}

ByteBuffer login_start_bytes(std::string_view player, mc::Version version,
                             std::optional<Uuid> claimed) {
  if (version >= mc::v1_20_2 && !claimed) claimed = offline_uuid(player);
  const auto frame =
      mc::encode_login_start({.player = std::string(player), .key = {}, .uuid = claimed}, version);
  EXPECT_TRUE(frame.has_value());
  return frame.value_or(ByteBuffer{});
}

ByteBuffer login_bytes(std::string_view host, std::string_view player, mc::Version version,
                       mc::Intent intent) {
  ByteBuffer out = handshake_bytes(host, version, intent);
  const ByteBuffer start = login_start_bytes(player, version);
  out.insert(out.end(), start.begin(), start.end());
  return out;
}

ByteBuffer legacy_login_bytes(std::string_view host, std::string_view player) {
  constexpr Byte version_1_4_7 = 51;
  ByteBuffer out{0x02, version_1_4_7};
  for (const std::string_view text : {player, host}) {
    out.push_back(0);
    out.push_back(static_cast<Byte>(text.size()));
    for (const char c : text) {
      out.push_back(0);
      out.push_back(static_cast<Byte>(c));
    }
  }
  constexpr Byte port[] = {0, 0, 0x63, 0xDD};
  out.insert(out.end(), std::begin(port), std::end(port));
  return out;
}

ByteBuffer status_bytes(std::string_view host, mc::Version version) {
  ByteBuffer out = handshake_bytes(host, version, mc::Intent::status);
  const ByteBuffer request = mc::status_request_frame();
  out.insert(out.end(), request.begin(), request.end());
  return out;
}

std::optional<std::string> FakeClient::status(std::string_view host, mc::Version version) {
  if (!wire.send(status_bytes(host, version))) return std::nullopt;
  const auto body = wire.receive_frame();
  if (!body) return std::nullopt;
  const auto json = mc::read_status_response(*body);
  if (!json) return std::nullopt;
  return std::string(*json);
}

std::optional<std::int64_t> FakeClient::ping(std::int64_t payload) {
  if (!wire.send(mc::ping_frame(payload))) return std::nullopt;
  const auto body = wire.receive_frame();
  if (!body) return std::nullopt;
  const auto pong = mc::read_pong(*body);
  return pong ? std::optional(*pong) : std::nullopt;
}

std::optional<std::string> FakeClient::kicked() {
  const auto body = wire.receive_frame();
  if (!body) return std::nullopt;
  const auto packet = mc::split_packet(*body, Fault::backend);
  if (!packet || packet->id != 0x00) return std::nullopt;
  mc::Reader reader(packet->fields, mc::newest_known);
  std::string json;
  reader.string(json, 262144);
  if (!reader.ok()) return std::nullopt;
  const auto text = mc::json_text(json);
  return text ? std::optional(mc::to_plain(*text)) : std::nullopt;
}

std::optional<std::string> FakeClient::legacy_answer() {
  const ByteBuffer head = wire.receive(3);
  if (head.size() != 3 || head[0] != 0xFF) return std::nullopt;
  const std::size_t units = static_cast<std::size_t>(head[1]) << 8 | head[2];
  const ByteBuffer utf16 = wire.receive(units * 2);
  if (utf16.size() != units * 2) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < units; ++i) {
    const unsigned unit = static_cast<unsigned>(utf16[2 * i]) << 8 | utf16[2 * i + 1];
    if (unit < 0x80) {
      out += static_cast<char>(unit);
    } else {
      out += static_cast<char>(0xC0 | unit >> 6);
      out += static_cast<char>(0x80 | (unit & 0x3F));
    }
  }
  return out;
}

}  // namespace drawbridge::kit
