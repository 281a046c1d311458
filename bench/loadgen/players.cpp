#include "players.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>

#include "minecraft.hpp"

namespace drawbridge::bench {

namespace {

constexpr int patience_ms = 10'000;

// Reads exactly one hello. What follows it stays in the socket, for the suite.
Hello read_hello(int fd) {
  char bytes[2048];
  while (true) {
    if (!wait_readable(fd, patience_ms)) die("a backend connection brought no hello");
    const ssize_t seen = ::recv(fd, bytes, sizeof bytes, MSG_PEEK);
    if (seen <= 0) die("a backend connection ended before its hello");
    const auto hello = parse_hello({bytes, static_cast<std::size_t>(seen)});
    if (hello) {
      if (::recv(fd, bytes, hello->consumed, 0) < 0) die("recv: {}", std::strerror(errno));
      return *hello;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// What the relay said to clients instead of connecting them: the usual reason why a backend
// connection is missing.
std::string last_words(std::span<const Player> players) {
  for (const Player& player : players) {
    char bytes[512];
    if (!player.client.valid() || player.server.valid()) continue;
    const ssize_t got = ::recv(player.client.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0) return "the client's connection was closed";
    if (got < 0) return fmt::format("the client heard nothing ({})", std::strerror(errno));
    std::string text(bytes, static_cast<std::size_t>(got));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '.');
    return "the client was told: " + text;
  }
  return "every client has its backend";
}

}  // namespace

std::string_view status_json() {
  return R"({"version":{"name":"1.21.4","protocol":769},"players":{"max":1000,"online":12},)"
         R"("description":{"text":"A server for measurements"}})";
}

Door::Door(Args& args)
    : target_(parse_address(args.text("target", "127.0.0.1:25565"))),
      host_(args.text("host", "bench.test")),
      listener_(listen_on(parse_address(args.text("backend", "127.0.0.1:25600")))) {
  raise_descriptor_limit();
}

void Door::accept_login(std::vector<Player>& players, int first) {
  while (true) {
    Fd server(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!server.valid()) {
      if (errno != EAGAIN) die("accept: {}", std::strerror(errno));
      if (!wait_readable(listener_.get(), patience_ms)) {
        die("no backend connection within {} ms; {}", patience_ms, last_words(players));
      }
      continue;
    }
    set_nodelay(server.get());
    const Hello hello = read_hello(server.get());
    if (hello.intent == 1) {
      send_all(server.get(), status_answer(status_json()));
      continue;
    }
    const int slot = hello.player - first;
    if (slot < 0 || slot >= static_cast<int>(players.size())) {
      die("player {} reached the backend unexpectedly", hello.player);
    }
    auto& player = players[static_cast<std::size_t>(slot)];
    if (player.server.valid()) die("player {} reached the backend twice", hello.player);
    player.server = std::move(server);
    return;
  }
}

std::vector<Player> Door::log_in(int first, int count, int burst, bool halves) {
  std::vector<Player> players(static_cast<std::size_t>(count));
  for (int done = 0; done < count; done += burst) {
    const int end = std::min(count, done + burst);
    for (int i = done; i < end; ++i) {
      auto& client = players[static_cast<std::size_t>(i)].client;
      client = connect_to(target_);
      const std::string hello = login_hello(host_, port(), first + i);
      send_all(client.get(), std::string_view(hello).substr(0, hello.size() - (halves ? 1 : 0)));
    }
    if (halves) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      for (int i = done; i < end; ++i) {
        const std::string hello = login_hello(host_, port(), first + i);
        send_all(players[static_cast<std::size_t>(i)].client.get(), {&hello.back(), 1});
      }
    }
    for (int i = done; i < end; ++i) accept_login(players, first);
  }
  return players;
}

}  // namespace drawbridge::bench
