#include "game_server.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "meter.hpp"
#include "minecraft.hpp"

namespace drawbridge::bench {

namespace {

constexpr int patience_ms = 10'000;
constexpr int threshold = 256;

// Packets of 1.21.4; the names are the game's.
namespace id {
constexpr char success = 0x02, compress = 0x03;
constexpr char login_start = 0x00, login_acknowledged = 0x03;
constexpr char finish_configuration = 0x03, world = 0x2C;
}  // namespace id

}  // namespace

void End::say(char kind, std::string_view fields) {
  std::string bytes;
  link_->put(bytes, std::string(1, kind).append(fields));
  send_all(fd_.get(), bytes);
}

std::optional<std::string_view> End::next() {
  while (true) {
    if (const auto packet = link_->next()) return packet;
    if (!wait_readable(fd_.get(), patience_ms)) die("nothing came for ten seconds");
    char bytes[16'384];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno != ECONNRESET) die("recv: {}", std::strerror(errno));
    if (got <= 0) return std::nullopt;
    link_->received(bytes, static_cast<std::size_t>(got));
  }
}

std::string End::until(char kind, std::string_view what) {
  while (const auto packet = next())
    if (packet->front() == kind) return std::string(packet->substr(1));
  die("the connection ended before {}", what);
}

End let_in(int listener) {
  while (true) {
    if (!wait_readable(listener, patience_ms)) die("nobody came to the server");
    Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) continue;
    set_nodelay(fd.get());
    End server(std::move(fd));
    const auto handshake = server.next();
    if (!handshake || handshake->back() == 1) continue;
    server.until(id::login_start, "login_start");
    std::string fields;
    put_varint(fields, threshold);
    server.say(id::compress, fields);
    server.link().compress_from(threshold);
    fields.assign(16, '\7');  // a UUID
    put_string(fields, "P");
    put_varint(fields, 0);  // properties
    server.say(id::success, fields);
    server.until(id::login_acknowledged, "login_acknowledged");
    server.say(id::finish_configuration);
    server.until(id::finish_configuration, "the end of the configuration");
    std::string world;
    put_world(world);
    server.say(id::world, world);
    return server;
  }
}

}  // namespace drawbridge::bench
