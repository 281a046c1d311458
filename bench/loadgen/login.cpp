#include "login.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "meter.hpp"
#include "minecraft.hpp"
#include "packet_link.hpp"

namespace drawbridge::bench {

namespace {

constexpr std::int64_t patience_ns = 60'000'000'000;

// Packets of 1.21.4 by phase; the names are the game's.
namespace id {
constexpr char login_disconnect = 0x00, encryption_begin = 0x01, success = 0x02, compress = 0x03;
constexpr char login_start = 0x00, login_acknowledged = 0x03;
constexpr char configuration_disconnect = 0x02, finish_configuration = 0x03;
}  // namespace id

enum class Phase { login, configuration, play };

std::string with_id(char packet_id, std::string_view fields = {}) {
  return std::string(1, packet_id).append(fields);
}

std::string_view take_bytes(std::string_view& from) {
  const auto size = take_varint(from);
  if (!size || from.size() < *size) die("a packet of the log-in was cut short");
  const std::string_view taken = from.substr(0, *size);
  from.remove_prefix(*size);
  return taken;
}

std::string readable(std::string_view text) {
  std::string out(text.substr(0, 300));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '.');
  return out;
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};

std::string rsa_encrypted(std::string_view key_der, std::string_view plain) {
  const auto* der = reinterpret_cast<const unsigned char*>(key_der.data());
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      d2i_PUBKEY(nullptr, &der, static_cast<long>(key_der.size())));
  if (!key) die("the relay's public key cannot be read");
  const std::unique_ptr<EVP_PKEY_CTX, FreeKey> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t size = out.size();
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                       reinterpret_cast<const unsigned char*>(plain.data()), plain.size()) != 1) {
    die("RSA failed");
  }
  out.resize(size);
  return out;
}

void send_packet(int fd, PacketLink& link, std::string_view packet) {
  std::string bytes;
  link.put(bytes, packet);
  send_all(fd, bytes);
}

// One end of one player's connection on its way into the game.
struct End {
  Fd fd;
  std::unique_ptr<PacketLink> link = std::make_unique<PacketLink>();
  Phase phase = Phase::login;
};

class LogIns {
 public:
  LogIns(Door& door, int first, int count, int threshold)
      : door_(door), epoll_(make_epoll()), first_(first), threshold_(threshold) {
    clients_.resize(static_cast<std::size_t>(count));
    players_.resize(static_cast<std::size_t>(count));
    epoll_add(epoll_.get(), door.listener(), EPOLLIN, listener_mark);
  }

  void begin(std::size_t slot);
  // Until so many players of all are in the game, on both ends.
  void finish(std::size_t wanted);
  std::vector<Player> take() { return std::move(players_); }

 private:
  // What an event belongs to: the listener, a client by its slot, a backend connection by its
  // number, since whose it is shows in its first packets only.
  static constexpr std::uint64_t listener_mark = ~std::uint64_t{0};
  static constexpr std::uint64_t server_mark = std::uint64_t{1} << 32;

  void accept_all();
  bool read(End& end);
  void client_readable(std::size_t slot);
  void client_packet(End& client, std::string_view packet);
  void answer_encryption(End& client, std::string_view fields);
  void server_readable(std::uint64_t number);
  // True when the connection is in the game and belongs to a player now.
  bool server_packet(End& server, std::string_view packet, int& player);

  struct Server : End {
    int player = -1;
    bool shaken = false;
  };

  Door& door_;
  Fd epoll_;
  int first_;
  int threshold_;
  std::vector<End> clients_;
  std::map<std::uint64_t, Server> servers_;
  std::uint64_t next_server_ = 0;
  std::vector<Player> players_;
  std::size_t in_game_ = 0;          // ends, two a player
  std::array<char, 65'536> buffer_;  // NOLINT: filled before it is read
};

void LogIns::begin(std::size_t slot) {
  End& client = clients_[slot];
  client.fd = connect_to(door_.target());
  send_all(client.fd.get(),
           login_hello(door_.host(), door_.port(), first_ + static_cast<int>(slot)));
  set_nonblocking(client.fd.get());
  epoll_add(epoll_.get(), client.fd.get(), EPOLLIN, slot);
}

void LogIns::accept_all() {
  while (true) {
    Fd fd(::accept4(door_.listener(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) {
      if (errno != EAGAIN) die("accept: {}", std::strerror(errno));
      return;
    }
    set_nodelay(fd.get());
    epoll_add(epoll_.get(), fd.get(), EPOLLIN, server_mark | next_server_);
    servers_[next_server_++].fd = std::move(fd);
  }
}

// False when nothing was there.
bool LogIns::read(End& end) {
  const ssize_t got = ::recv(end.fd.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  if (got <= 0) {
    die("a log-in ended early: {}", got == 0 ? "end of stream" : std::strerror(errno));
  }
  end.link->received(buffer_.data(), static_cast<std::size_t>(got));
  return true;
}

void LogIns::client_readable(std::size_t slot) {
  End& client = clients_[slot];
  if (!read(client)) return;
  while (const auto packet = client.link->next()) {
    if (client.phase == Phase::play) die("the relay sent a packet that no backend has sent");
    client_packet(client, *packet);
  }
  if (client.phase != Phase::play) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, client.fd.get(), nullptr);
  players_[slot].client = std::move(client.fd);
  players_[slot].client_link = std::move(client.link);
  ++in_game_;
}

void LogIns::client_packet(End& client, std::string_view packet) {
  const char kind = packet.front();
  std::string_view fields = packet.substr(1);
  const int fd = client.fd.get();
  if (client.phase == Phase::configuration) {
    if (kind == id::configuration_disconnect) die("a client was told: {}", readable(fields));
    if (kind != id::finish_configuration) return;
    send_packet(fd, *client.link, with_id(id::finish_configuration));
    client.phase = Phase::play;
  } else if (kind == id::login_disconnect) {
    die("a client was told: {}", readable(fields));
  } else if (kind == id::encryption_begin) {
    answer_encryption(client, fields);
  } else if (kind == id::compress) {
    const auto threshold = take_varint(fields);
    client.link->compress_from(static_cast<int>(threshold.value_or(0)));
  } else if (kind == id::success) {
    send_packet(fd, *client.link, with_id(id::login_acknowledged));
    client.phase = Phase::configuration;
  }
}

void LogIns::answer_encryption(End& client, std::string_view fields) {
  take_bytes(fields);  // the server id: empty
  const std::string key(take_bytes(fields));
  const std::string token(take_bytes(fields));
  std::string secret(secret_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), secret_size) != 1) {
    die("no random bytes");
  }
  std::string answer;
  put_string(answer, rsa_encrypted(key, secret));
  put_string(answer, rsa_encrypted(key, token));
  send_packet(client.fd.get(), *client.link, with_id(id::encryption_begin, answer));
  client.link->encrypt_with(secret);
}

void LogIns::server_readable(std::uint64_t number) {
  const auto found = servers_.find(number);
  if (found == servers_.end() || !read(found->second)) return;
  Server& server = found->second;
  while (const auto packet = server.link->next()) {
    if (!server.shaken) {
      if (packet->back() == 1) die("the relay asked for a status in the middle of a log-in");
      server.shaken = true;
    } else if (server_packet(server, *packet, server.player)) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, server.fd.get(), nullptr);
      Player& player = players_[static_cast<std::size_t>(server.player - first_)];
      if (player.server.valid()) die("player {} reached the backend twice", server.player);
      player.server = std::move(server.fd);
      player.server_link = std::move(server.link);
      ++in_game_;
      servers_.erase(found);
      return;
    }
  }
}

bool LogIns::server_packet(End& server, std::string_view packet, int& player) {
  const char kind = packet.front();
  if (server.phase == Phase::login && kind == id::login_start) {
    player = player_of(packet);
    if (player < first_ || player >= first_ + static_cast<int>(players_.size())) {
      die("player {} reached the backend unexpectedly", player);
    }
    if (threshold_ >= 0) {
      std::string fields;
      put_varint(fields, static_cast<std::uint32_t>(threshold_));
      send_packet(server.fd.get(), *server.link, with_id(id::compress, fields));
      server.link->compress_from(threshold_);
    }
    std::string fields(16, '\7');  // a UUID
    put_string(fields, fmt::format("P{:05}", player));
    put_varint(fields, 0);  // properties
    send_packet(server.fd.get(), *server.link, with_id(id::success, fields));
  } else if (server.phase == Phase::login && kind == id::login_acknowledged) {
    server.phase = Phase::configuration;
    send_packet(server.fd.get(), *server.link, with_id(id::finish_configuration));
  } else if (server.phase == Phase::configuration && kind == id::finish_configuration) {
    server.phase = Phase::play;
  } else {
    die("the backend got a packet {} that no client has sent", static_cast<int>(kind));
  }
  return server.phase == Phase::play;
}

void LogIns::finish(std::size_t wanted) {
  const std::int64_t end = now_ns() + patience_ns;
  std::array<epoll_event, 256> events;
  while (in_game_ < 2 * wanted) {
    if (now_ns() > end) die("{} of {} log-ins came to an end", in_game_ / 2, wanted);
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t mark = events[static_cast<std::size_t>(i)].data.u64;
      if (mark == listener_mark) {
        accept_all();
      } else if ((mark & server_mark) != 0) {
        server_readable(mark & ~server_mark);
      } else {
        client_readable(mark);
      }
    }
  }
}

}  // namespace

std::vector<Player> play_in(Door& door, int first, int count, int burst, int threshold) {
  LogIns log_ins(door, first, count, threshold);
  for (int done = 0; done < count; done += burst) {
    const int end = std::min(count, done + burst);
    for (int slot = done; slot < end; ++slot) log_ins.begin(static_cast<std::size_t>(slot));
    log_ins.finish(static_cast<std::size_t>(end));
  }
  return log_ins.take();
}

Login::Login(Args& args) {
  constexpr int hello_only = -2;
  const int threshold = args.number("threshold", hello_only, hello_only, 1 << 20);
  if (threshold != hello_only) threshold_ = threshold;
}

std::vector<Player> Login::log_in(Door& door, int first, int count, int burst, bool halves) const {
  if (threshold_) return play_in(door, first, count, burst, *threshold_);
  return door.log_in(first, count, burst, halves);
}

}  // namespace drawbridge::bench
