// A server of 1.21.4 that lets in whoever comes, up to its world, and one end of a link that speaks
// its packets. Blocking: one player at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "packet_link.hpp"
#include "sock.hpp"

namespace drawbridge::bench {

class End {
 public:
  explicit End(Fd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  PacketLink& link() { return *link_; }
  void say(char kind, std::string_view fields = {});
  // The next packet, valid until the next call. Nothing: the other side has closed. Ends the
  // program when none comes for ten seconds.
  std::optional<std::string_view> next();
  // Reads until a packet of this kind, and is its fields. `what` is for the message if the
  // connection ends before.
  std::string until(char kind, std::string_view what);

 private:
  Fd fd_;
  std::unique_ptr<PacketLink> link_ = std::make_unique<PacketLink>();
};

// Lets in whoever comes next, up to its world. Pings on the way are not answered. Several threads
// may do so at one listener.
End let_in(int listener);

}  // namespace drawbridge::bench
