// Players who are logged in through the relay: a client socket and the backend socket that the
// relay opened for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "args.hpp"
#include "packet_link.hpp"
#include "sock.hpp"

namespace drawbridge::bench {

struct Player {
  Fd client;
  Fd server;
  // Both ends' codecs after a whole log-in (login.hpp); null where only the hello was sent.
  std::unique_ptr<PacketLink> client_link;
  std::unique_ptr<PacketLink> server_link;
};

// Where the clients connect and where the relay's backend connections arrive. Options: --target,
// --backend (both ADDRESS:PORT), --host (the name in the handshake). For a direct run both
// addresses are the same.
class Door {
 public:
  explicit Door(Args& args);

  // Logs `count` players in, numbered from `first`; `burst` of them at a time have connected and
  // not yet got their backend. With `halves`, a burst sends all but the last byte of its hellos,
  // pauses, and sends the rest: every one of them is then in the middle of its log-in at the same
  // moment.
  std::vector<Player> log_in(int first, int count, int burst, bool halves = false);

  [[nodiscard]] const Address& target() const { return target_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::uint16_t port() const { return ntohs(target_.sin_port); }
  [[nodiscard]] int listener() const { return listener_.get(); }

 private:
  // The next log-in that arrives at the backend, placed by its player number; status requests are
  // answered on the way.
  void accept_login(std::vector<Player>& players, int first);

  Address target_;
  std::string host_;
  Fd listener_;
};

// A short, valid status answer, the same for every server that this program plays.
std::string_view status_json();

}  // namespace drawbridge::bench
