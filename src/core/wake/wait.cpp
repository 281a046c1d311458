#include "core/wake/wait.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "config/server.hpp"
#include "core/auth/account_check.hpp"
#include "core/wake/waker.hpp"
#include "mc/packet_ids.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/login.hpp"
#include "net/mailbox.hpp"

namespace drawbridge::core {

namespace {

constexpr Duration held_without_asking = seconds(25);
// For the answers that are still on their way when the server is ready.
constexpr Duration last_answers = seconds(5);
constexpr std::string_view channel = "drawbridge:wait";
// An answer of "not understood" is a few bytes.
constexpr std::size_t max_answer = 64;
// In configuration clients say by themselves: settings, brand, what mods have to say.
constexpr std::size_t max_said = std::size_t{32} << 10;
constexpr int most_said = 64;
// Reads of clients that have nothing to say.
constexpr int most_reads = 16;

// The answer to a knock on its way back. Belongs to the waiting coroutine's frame; touched on its
// worker only.
struct Held {
  net::TaskControl* chain = nullptr;  // null: nobody waits any more
  bool listening = false;             // it waits for input, and may be interrupted
  std::optional<WakeAnswer> answer;
};

WakeWaiter waiter_for(Desk& desk, const std::shared_ptr<Held>& held) {
  return waiter_on(desk.worker(), held, [weak = std::weak_ptr(held)](WakeAnswer answer) {
    const auto there = weak.lock();
    if (!there || there->chain == nullptr) return;
    there->answer = std::move(answer);
    if (there->listening) there->chain->interrupt();
  });
}

class Wait {
 public:
  Wait(Connection& connection, PacketStream& client, net::TaskControl& chain)
      : connection_(connection), client_(client), held_(std::make_shared<Held>()) {
    held_->chain = &chain;
  }
  ~Wait() { held_->chain = nullptr; }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  net::Task<WaitOutcome> run(AskToWake ask);

 private:
  [[nodiscard]] bool can_be_asked() const {
    return !connection_.hello.is_legacy() && client_.version() >= mc::v1_13;
  }
  [[nodiscard]] bool configures() const { return client_.state == mc::State::configuration; }
  [[nodiscard]] TimePoint held_until() const;
  net::Task<bool> listen(TimePoint until);
  net::Task<bool> ask_something();
  bool take_answers();
  bool take(const mc::Packet& packet);
  net::Task<bool> await_last_answers();
  [[nodiscard]] TimePoint now() const { return Clock::now(); }
  WaitOutcome gone(std::string detail) {
    return {.kind = WaitOutcome::Kind::gone,
            .kick = config::Kick::starting,
            .wait = {},
            .detail = std::move(detail)};
  }

  Connection& connection_;
  PacketStream& client_;
  std::shared_ptr<Held> held_;
  std::int32_t asked_ = 0, answered_ = 0;
  int reads_ = 0, said_ = 0;
  std::string fault_;
};

TimePoint Wait::held_until() const {
  const config::ServerManager& keys = *connection_.server->config.server_manager;
  // As long as the start may take, and a little more: its end is what they shall hear of.
  Duration longest = keys.hold_timeout.value_or(keys.start_timeout + seconds(2));
  if (!can_be_asked()) longest = std::min<Duration>(longest, held_without_asking);
  return now() + longest;
}

WaitOutcome outcome_of(const WakeAnswer& answer) {
  using enum WaitOutcome::Kind;
  switch (answer.kind) {
    case WakeAnswer::Kind::ready:
      return {.kind = dial};
    case WakeAnswer::Kind::not_needed:
      return {.kind = unreachable};
    case WakeAnswer::Kind::under_way:
      return {.kind = under_way, .kick = config::Kick::starting, .wait = {}, .detail = "woken"};
    case WakeAnswer::Kind::unverified:
      return {.kind = unverified};
    case WakeAnswer::Kind::refused:
    case WakeAnswer::Kind::failed:
      break;
  }
  return {.kind = refused, .kick = answer.kick, .wait = answer.wait, .detail = answer.detail};
}

net::Task<WaitOutcome> Wait::run(AskToWake ask) {
  connection_.desk.services().waker->knock(knock_of(connection_, std::move(ask)),
                                           waiter_for(connection_.desk, held_));
  const Duration ask_every = connection_.desk.services().hold_question_every;
  const TimePoint until = held_until();
  TimePoint next_question = now() + ask_every;
  while (!held_->answer) {
    const bool asks = can_be_asked() && next_question < until;
    const bool there = co_await listen(asks ? next_question : until);
    if (!there) co_return gone(std::move(fault_));
    if (held_->answer) break;
    if (now() >= until)
      co_return WaitOutcome{.kind = WaitOutcome::Kind::refused,
                            .kick = config::Kick::starting,
                            .wait = {},
                            .detail = "hold_timeout"};
    if (!asks || now() < next_question) continue;
    const bool sent = co_await ask_something();
    if (!sent) co_return gone("it took no question");
    next_question = now() + ask_every;
  }
  WaitOutcome out = outcome_of(*held_->answer);
  // Whoever takes the player next would not know what to make of an answer to us.
  const bool whole = co_await await_last_answers();
  if (!whole && out.kind == WaitOutcome::Kind::dial) co_return gone(std::move(fault_));
  co_return out;
}

// Until then, or until there is an answer to the knock. False: the client is of no use any more.
net::Task<bool> Wait::listen(TimePoint until) {
  held_->listening = true;
  auto received = co_await client_.receive(until);
  held_->listening = false;
  if (received) co_return take_answers();
  if (held_->answer || now() >= until) co_return true;
  fault_ = std::move(received.error().what);
  co_return false;
}

net::Task<bool> Wait::ask_something() {
  const std::int32_t id = asked_ + 1;
  if (configures()) {
    auto kept = co_await client_.write(mc::KeepAlive{.id = id}, now() + last_answers);
    if (kept) ++asked_;
    co_return kept.has_value();
  }
  mc::LoginPluginRequest question{.id = id, .channel = std::string(channel), .data = {}};
  auto sent = co_await client_.write(std::move(question), now() + last_answers);
  if (sent) ++asked_;
  co_return sent.has_value();
}

bool Wait::take_answers() {
  if (!can_be_asked()) {
    // What they say is for the server; they have nothing to say yet.
    fault_ = "it says too much for somebody who waits";
    return ++reads_ < most_reads;
  }
  for (;;) {
    const auto packet = client_.received(configures() ? max_said : max_answer);
    if (!packet) {
      fault_ = packet.error().what;
      return false;
    }
    if (!packet->has_value()) return true;
    if (!take(**packet)) return false;
  }
}

bool Wait::take(const mc::Packet& packet) {
  const auto kind = mc::id_map(client_.version(), client_.state, mc::Bound::server).kind(packet.id);
  const auto answer = configures() ? mc::Kind::keep_alive : mc::Kind::login_plugin_response;
  if (kind == answer && answered_ < asked_) {
    ++answered_;
    return true;
  }
  fault_ = "a packet that nobody asked for";
  return configures() && kind != answer && ++said_ <= most_said;
}

net::Task<bool> Wait::await_last_answers() {
  const TimePoint until = now() + last_answers;
  while (answered_ < asked_) {
    const bool there = co_await listen(until);
    if (!there) co_return false;
    if (answered_ < asked_ && now() >= until) {
      fault_ = "it did not answer in time";
      co_return false;
    }
  }
  co_return true;
}

// A container has another address each time that it starts: the server is dialled as it is
// described now.
void follow_server(Connection& connection) {
  const WorldPtr& world = connection.desk.world();
  const auto index = world->index_of(connection.server->id());
  if (!index) return;
  const ServerPtr& now = world->servers[*index];
  if (now->config.proxy_mode == connection.server->config.proxy_mode) connection.server = now;
}

}  // namespace

config::WhileStarting while_starting_for(const Connection& connection) {
  using enum config::WhileStarting;
  const config::ServerConfig& server = connection.server->config;
  const config::ServerManager& keys = *server.server_manager;
  const bool forwards = !config::is_intercepted(server.proxy_mode);
  const auto way = keys.while_starting.value_or(keys.verify_before_wake && forwards ? kick : hold);
  // Out of the limbo nobody goes on to a server that forwards bytes but by coming again.
  const bool comes_again = way == transfer || (way == limbo && forwards);
  if (!comes_again) return way;
  const mc::Hello& hello = connection.hello;
  // Bedrock clients come through a Geyser, which would be sent away in their place.
  const bool can_go = !hello.is_legacy() && hello.version >= mc::v1_20_5 &&
                      !is_bedrock(connection.host) &&
                      (keys.transfer_to || !connection.host.name.empty());
  return can_go ? transfer : hold;
}

Knock knock_of(const Connection& connection, AskToWake ask) {
  return {.server = connection.server->id(),
          .source = connection.world->gate.source_of(connection.peer.address),
          .who = std::move(ask.who),
          .unreachable = ask.unreachable,
          .waits = ask.waits,
          .leaves = ask.leaves};
}

WakeWaiter waiter_on(net::Worker& worker, std::weak_ptr<void> alive,
                     std::function<void(WakeAnswer)> told) {
  auto give = [mailbox = worker.mailbox(), alive, told = std::move(told)](WakeAnswer answer) {
    mailbox->post([alive, told, answer = std::move(answer)]() mutable {
      if (!alive.expired()) told(std::move(answer));
    });
  };
  return {.answer = std::move(give), .alive = std::move(alive)};
}

net::Task<WaitOutcome> wait_for_server(Connection& connection, PacketStream& client,
                                       AskToWake ask) {
  if (connection.desk.services().waker == nullptr) co_return WaitOutcome{};
  const TimePoint begun = Clock::now();
  net::TaskControl& me = co_await net::this_task();
  Wait wait(connection, client, me);
  if (ask.waits) connection.expected = ExpectedPlayer(connection.server->state);
  auto outcome = co_await wait.run(std::move(ask));
  connection.deadline += Clock::now() - begun;
  if (outcome.kind == WaitOutcome::Kind::dial) follow_server(connection);
  co_return outcome;
}

void knock_for_status(const Connection& connection) {
  Waker* waker = connection.desk.services().waker;
  const auto& keys = connection.server->config.server_manager;
  if (waker == nullptr || !keys || keys->wake_on != config::WakeOn::status) return;
  waker->knock({.server = connection.server->id(),
                .source = connection.world->gate.source_of(connection.peer.address),
                .who = {.cause = api::WakeCause::status,
                        .player = {},
                        .uuid = {},
                        .verified = false,
                        .host = connection.host.name},
                .unreachable = false,
                .waits = false},
               {.answer = [](const WakeAnswer&) {}, .alive = {}});
}

}  // namespace drawbridge::core
