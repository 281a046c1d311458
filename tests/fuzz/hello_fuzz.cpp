// The first bytes of a connection: whatever they are, how they are cut into segments makes no
// difference, nothing beyond them is used, and no host field leaves us with parts that a client
// must not send.
#include <algorithm>
#include <cstdlib>

#include "mc/frame.hpp"
#include "mc/hello.hpp"
#include "mc/host.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_same(const Hello& a, const Hello& b) {
  return a.kind == b.kind && a.version == b.version && a.legacy_protocol == b.legacy_protocol &&
         a.legacy_ping == b.legacy_ping && a.host == b.host && a.port == b.port &&
         a.player == b.player && a.claimed_uuid == b.claimed_uuid &&
         a.handshake_size == b.handshake_size && a.request_size == b.request_size &&
         a.size == b.size;
}

void check_segments(ByteView all, const Result<std::optional<Hello>>& at_once,
                    bool paused_at_once) {
  HelloParser parser;
  for (std::size_t n = 1; n <= all.size(); ++n) {
    const auto part = parser.feed(all.first(n));
    if (!part) return require(!at_once.has_value());
    if (!*part) continue;
    require(at_once.has_value() && at_once->has_value());
    return require(is_same(**part, **at_once));
  }
  require(at_once.has_value() && !at_once->has_value());
  require(all.empty() || parser.wants_pause() == paused_at_once);
}

void check_host(const Hello& hello) {
  const auto host = parse_host(hello.host);
  if (!host) return;
  const std::string replayed = host_for_replay(host->sent_name, *host);
  require(host->was_stripped == (replayed != hello.host));
  require(replayed.size() <= hello.host.size());
  const auto again = parse_host(replayed);
  require(again.has_value() && !again->was_stripped && again->kept == host->kept &&
          again->name == host->name);
  // Name, at most two parts, at most one closing NUL: never host, address and UUID.
  const auto nuls = static_cast<std::size_t>(std::count(replayed.begin(), replayed.end(), '\0'));
  require(nuls <= 3 &&
          nuls == static_cast<std::size_t>(std::count(host->kept.begin(), host->kept.end(), '\0')));
  require(normal_host_name(host->name).find('\0') == std::string::npos);
}

void check_replay(const Hello& hello) {
  const Intent intent = hello.kind == HelloKind::status  ? Intent::status
                        : hello.kind == HelloKind::login ? Intent::login
                                                         : Intent::transfer;
  const auto bytes = encode_handshake({hello.version, hello.host, hello.port, intent});
  require(bytes.has_value() && bytes->front() != 0xFE);
  HelloParser parser;
  const auto fed = parser.feed(*bytes);
  require(fed.has_value() && !fed->has_value());
  const auto frame = next_frame(*bytes, max_handshake_body);
  require(frame.has_value() && frame->has_value() && (*frame)->size == bytes->size());
  const auto packet = split_packet((*frame)->body, Fault::backend);
  require(packet.has_value() && packet->id == Handshake::id);
  const auto read = decode<Handshake>(packet->fields, newest_known, Fault::backend);
  require(read.has_value() && read->version == hello.version && read->host == hello.host &&
          read->port == hello.port && read->intent == intent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView all(data, size);
  HelloParser parser;
  const auto at_once = parser.feed(all);
  check_segments(all, at_once, parser.wants_pause());
  if (parser.wants_pause()) {
    const Hello ping = parser.give_up_waiting();
    require(ping.kind == HelloKind::legacy_ping && ping.size == size);
  }
  if (!at_once || !*at_once) return 0;

  const Hello& hello = **at_once;
  require(hello.size <= size && hello.size <= max_hello);
  require(hello.handshake_size + hello.request_size == (hello.is_legacy() ? 0 : hello.size));
  require(hello.wants_login() != hello.player.empty());
  check_host(hello);
  if (!hello.is_legacy()) check_replay(hello);
  return 0;
}
