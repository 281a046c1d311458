// The life of one connection, from accept to the moment when its bytes flow by themselves
// (docs/life-of-a-connection.md).
//
// A Connection lives in the frame of its set-up coroutine on one worker. It is past its set-up when
// it has been answered (status, kick) or when the pump has its sockets; nothing of it remains then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/types.hpp"
#include "core/desk.hpp"
#include "core/gate/strangers.hpp"
#include "core/reach.hpp"
#include "core/routes.hpp"
#include "core/texts.hpp"
#include "core/wake/expected_player.hpp"
#include "mc/hello.hpp"
#include "mc/host.hpp"
#include "net/slab.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

// Bytes of a client that are not used up yet, in memory of the set-up's own.
using SetupBuffer = std::vector<Byte, net::SetupAllocator<Byte>>;

class Connection {
 public:
  Connection(Desk& desk, net::Stream client, Arrival arrival);

  // The story. Ends when the connection is answered, dropped, or handed to the pump.
  net::Task<> serve();

  // --- For the chapters in status.cpp and forwarding.cpp ---

  // Answers with the words for this refusal, in the form that the client reads, counts and logs it,
  // and ends politely.
  net::Task<> refuse(config::Kick kick, std::string_view reason);
  // The same where the words may tell when to try again.
  net::Task<> refuse_for(config::Kick kick, Duration wait, std::string reason);
  // The same for what the gate says.
  net::Task<> refuse(Verdict verdict);
  // Bytes that have come and are not used, and the way to get more (at least one byte, else an
  // error).
  [[nodiscard]] ByteView buffered() const { return ByteView(in_).first(filled_); }
  void consume(std::size_t count);
  // Puts bytes that came by another way behind those that are there.
  void append(ByteView bytes);
  net::Task<Result<>> read_more(TimePoint deadline);
  // One line, unless this source has had its share of lines; `reason` must be a literal.
  void log_refusal(log::Level level, std::string_view reason, std::string_view detail = {}) const;
  // Counts it for `status`, where no words can be said.
  void count_refusal(RefusalReason why) const { desk.count_refusal(why, peer.address); }
  // Its end without a word: one log line, counted.
  void drop(const Error& error);
  // What it makes us hold beside its own buffer of received bytes, from now on.
  void hold(std::size_t more);
  [[nodiscard]] TextSubject subject() const;
  [[nodiscard]] Gate gate() const { return desk.gate(*world); }
  [[nodiscard]] const config::GlobalConfig& global() const { return *world->global; }

  Desk& desk;
  const WorldPtr world;
  net::Stream client;
  Arrival arrival;
  Endpoint peer;  // the player: the socket's other end, or what a trusted PROXY header says
  bool had_proxy_header = false;
  Seat seat;
  Stranger stranger;   // until the player is let in; leave() is for those who are known earlier
  TimePoint deadline;  // of everything before the login goes on: one, absolute
  mc::Hello hello;
  mc::Host host;
  ServerPtr server;                             // null: nothing matches the host
  std::shared_ptr<const RoutedAddress> routed;  // the route's own address, if it has one
  ExpectedPlayer expected;                      // from the moment that it waits for a start

 private:
  net::Task<Result<>> read_peer();
  Result<> admit_player();
  net::Task<Result<>> wait_for_turn();
  net::Task<Result<>> read_hello();
  Result<> note_host();
  void find_server();
  net::Task<Verdict> check_before_routing(Verdict by_address);
  net::Task<> refuse_with(config::Kick kick, RefusalReason why, std::string_view reason,
                          mc::Text words);

  SetupBuffer in_;
  std::size_t filled_ = 0;
  RefusalReason drop_reason_ = RefusalReason::bad_hello;  // of a drop, if it comes to that
};

// Takes an accepted socket from its first byte on. Spawn it on the desk's worker.
net::Task<> serve_connection(Desk& desk, net::Stream client, Arrival arrival);

}  // namespace drawbridge::core
