#include "minecraft.hpp"

#include <charconv>
#include <cstring>

#include "args.hpp"
#include "packet_link.hpp"

namespace drawbridge::bench {

namespace {

std::string framed(std::string_view body) {
  std::string out;
  put_varint(out, static_cast<std::uint32_t>(body.size()));
  out.append(body);
  return out;
}

std::string handshake(std::string_view host, std::uint16_t port, char intent) {
  std::string body(1, '\0');
  put_varint(body, protocol_version);
  put_string(body, host);
  body.push_back(static_cast<char>(port >> 8));
  body.push_back(static_cast<char>(port & 0xFF));
  body.push_back(intent);
  return framed(body);
}

std::optional<std::string_view> take_frame(std::string_view& bytes) {
  std::string_view rest = bytes;
  const auto length = take_varint(rest);
  if (!length || rest.size() < *length) return std::nullopt;
  bytes = rest.substr(*length);
  return rest.substr(0, *length);
}

}  // namespace

int player_of(std::string_view login_start) {
  login_start.remove_prefix(1);
  const auto length = take_varint(login_start);
  if (!length || login_start.size() < *length || *length < 2 || login_start[0] != 'P') {
    die("the backend got a login_start that no player sent");
  }
  int index = 0;
  std::from_chars(login_start.data() + 1, login_start.data() + *length, index);
  return index;
}

std::string login_hello(std::string_view host, std::uint16_t port, int index) {
  std::string body(1, '\0');
  put_string(body, fmt::format("P{:05}", index));
  std::string uuid(16, '\0');
  std::memcpy(uuid.data() + 12, &index, sizeof index);
  body += uuid;
  return handshake(host, port, 2) + framed(body);
}

std::string status_hello(std::string_view host, std::uint16_t port) {
  return handshake(host, port, 1) + framed(std::string_view("\0", 1));
}

std::string status_answer(std::string_view json) {
  std::string body(1, '\0');
  put_string(body, json);
  return framed(body);
}

std::string ping(std::uint64_t token) {
  std::string body(1, '\1');
  for (int shift = 56; shift >= 0; shift -= 8) {
    body.push_back(static_cast<char>((token >> shift) & 0xFF));
  }
  return framed(body);
}

std::optional<Hello> parse_hello(std::string_view bytes) {
  std::string_view rest = bytes;
  const auto first = take_frame(rest);
  if (!first) return std::nullopt;
  if (first->empty() || first->front() != '\0') die("the backend got no handshake");
  const auto second = take_frame(rest);
  if (!second) return std::nullopt;
  if (second->empty() || second->front() != '\0') die("no known packet follows the handshake");
  Hello hello;
  hello.intent = static_cast<unsigned char>(first->back());
  if (hello.intent != 1) hello.player = player_of(*second);
  hello.consumed = bytes.size() - rest.size();
  return hello;
}

std::optional<std::size_t> frame_size(std::string_view bytes) {
  std::string_view rest = bytes;
  const auto length = take_varint(rest);
  if (!length) return std::nullopt;
  return bytes.size() - rest.size() + *length;
}

void put_world(std::string& out) {
  constexpr std::string_view overworld = "minecraft:overworld";
  out.append({0, 0, 0, 7, 0, 1});  // entity, not hardcore, one world
  put_string(out, overworld);
  out.append({20, 8, 8, 0, 1, 0, 0});  // players, distances, three switches, dimension type
  put_string(out, overworld);
  out.append(8, 0);                        // the seed's hash
  out.append({1, -1, 0, 0, 0, 0, 63, 0});  // modes, kinds of world, no death, sea level
}

}  // namespace drawbridge::bench
