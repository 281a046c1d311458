#include "mc/hello.hpp"

#include "base/strings.hpp"
#include "mc/frame.hpp"
#include "mc/hello_legacy.hpp"
#include "mc/status.hpp"

namespace drawbridge::mc {

Result<> check_player_name(std::string_view name) {
  if (name.empty()) return fail(Fault::client, "empty player name");
  if (!is_valid_utf8(name)) return fail(Fault::client, "player name that is not UTF-8");
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<Byte>(name[i]);
    // U+0080 to U+009F, the second block of control characters, are C2 80 to C2 9F.
    const bool second_block = byte == 0xC2 && static_cast<Byte>(name[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second_block) {
      return fail(Fault::client, "player name with control characters");
    }
  }
  return {};
}

namespace {

std::unexpected<Error> not_a_handshake() {
  return fail(Fault::client, "not a handshake of this game");
}

// Of a frame that is not all here yet. Another protocol's first bytes (a PROXY header, HTTP) make
// a length as well; whoever sent them must not wait for the deadline to hear that they are wrong.
bool may_begin_handshake(ByteView all) {
  constexpr std::size_t longest_prefix = 3;
  std::size_t at = 0;
  while (at < all.size() && at < longest_prefix && (all[at] & 0x80) != 0) ++at;
  ++at;                                                          // past the length's last byte
  return at >= all.size() || (all[at] & 0x7F) == Handshake::id;  // 80 00 is an over-long 0
}

}  // namespace

Result<std::optional<Hello>> HelloParser::feed(ByteView all) {
  wants_pause_ = false;
  if (all.empty()) return std::nullopt;
  if (hello_) return feed_modern(all);
  if (all[0] == 0x02) return read_legacy_login(all);
  if (all[0] != 0xFE) return feed_modern(all);

  const bool could_be_old =
      (all.size() < 2 || all[1] == 0x01) && (all.size() < 3 || all[2] == 0xFA);
  if (!could_be_old) return feed_modern(all);
  auto ping = read_legacy_ping(all, legacy_);
  wants_pause_ = ping && !*ping;
  return ping;
}

Result<std::optional<Hello>> HelloParser::feed_modern(ByteView all) {
  if (!hello_) {
    const auto frame = next_frame(all, max_handshake_body);
    if (!frame) return std::unexpected(frame.error());
    if (!*frame && !may_begin_handshake(all)) return not_a_handshake();
    if (!*frame) return std::nullopt;
    const Result<> read = read_handshake((*frame)->body);
    if (!read) return std::unexpected(read.error());
    hello_->handshake_size = (*frame)->size;
  }

  const ByteView rest = all.subspan(hello_->handshake_size);
  if (hello_->kind == HelloKind::status) {
    const auto packet = next_status_packet(rest);
    if (!packet) return std::unexpected(packet.error());
    if (!*packet) return std::nullopt;
    hello_->request_size = (*packet)->is_ping ? 0 : (*packet)->size;
  } else {
    const auto frame = next_frame(rest, max_login_start_body);
    if (!frame) return std::unexpected(frame.error());
    if (!*frame) return std::nullopt;
    const Result<> read = read_login_start((*frame)->body);
    if (!read) return std::unexpected(read.error());
    hello_->request_size = (*frame)->size;
  }
  hello_->size = hello_->handshake_size + hello_->request_size;
  return hello_;
}

Result<> HelloParser::read_handshake(ByteView body) {
  const auto packet = split_packet(body, Fault::client);
  if (!packet) return std::unexpected(packet.error());
  if (packet->id != Handshake::id) return not_a_handshake();
  auto handshake = decode<Handshake>(packet->fields, newest_known, Fault::client);
  if (!handshake) return std::unexpected(std::move(handshake.error()));

  Hello& hello = hello_.emplace();
  hello.kind = handshake->intent == Intent::status  ? HelloKind::status
               : handshake->intent == Intent::login ? HelloKind::login
                                                    : HelloKind::transfer;
  hello.version = handshake->version;
  hello.host = std::move(handshake->host);
  hello.port = handshake->port;
  return {};
}

// Lenient behind the name: the frame is replayed as it came, so a layout that only a future version
// knows must not keep its players out.
Result<> HelloParser::read_login_start(ByteView body) {
  const auto packet = split_packet(body, Fault::client);
  if (!packet) return std::unexpected(packet.error());
  if (packet->id != LoginStart::id)
    return fail(Fault::client, "login that begins with packet {}", packet->id);

  Reader reader(packet->fields, hello_->version);
  LoginStart login_start;
  LoginStart::fields(reader, login_start);
  if (login_start.player.empty() && !reader.ok())
    return fail(Fault::client, "login start: {}", reader.why());
  const Result<> checked = check_player_name(login_start.player);
  if (!checked) return checked;
  hello_->player = std::move(login_start.player);
  if (reader.ok()) hello_->claimed_uuid = login_start.uuid;
  return {};
}

}  // namespace drawbridge::mc
