// Who decides about players in the limbo: a queue, a log-in, the wake of a server that sleeps. A
// server names its handlers in `limbo_handlers`; a player comes to each in that order and reaches
// the server when all have accepted.
//
// Handlers are shared by all players and called on the players' worker threads, several at once.
// They return at once; whoever needs longer returns hold() and completes the guest's handle later,
// from any thread.
//
// Texts are § codes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/uuid.hpp"

namespace drawbridge::api {

struct LimboPlayer {
  std::uint64_t session = 0;  // ours; never used twice
  std::string name;
  Uuid uuid;              // that the server will know it by
  bool verified = false;  // the session server vouched for name and UUID
  Endpoint address;       // behind a trusted balancer too
  std::string host;       // that it asked for
  std::int32_t protocol = 0;
};

// How it came here.
struct LimboContext {
  enum class Kind : std::uint8_t {
    initial,     // on its way to its first server
    kicked,      // the server dropped it, or is gone
    redirected,  // somebody sent it here
  };
  Kind kind = Kind::initial;
  std::string server;      // id: where it is going, or was
  std::string words = {};  // kicked: what the server said; may be empty
};

struct LimboOutcome {
  enum class Kind : std::uint8_t {
    accept,    // on to the next handler, or to the server
    deny,      // the player is sent off
    hold,      // it stays until somebody completes the handle, or `after` has passed
    redirect,  // to `server`; the handlers after this one are not asked
    chain,     // to these handlers instead of the ones that would follow
  };
  Kind kind = Kind::accept;
  std::string words = {};   // deny; empty: the words of `kick`
  std::string kick = {};    // deny: a name of kick_messages; empty: "limbo_unavailable"
  Duration wait = {};       // deny: {seconds}
  std::string detail = {};  // deny: for the log
  std::string server = {};  // redirect: id
  std::vector<std::string> handlers = {};         // chain
  Duration after = {};                            // hold; 0 = without end
  std::shared_ptr<const LimboOutcome> then = {};  // hold: what happens after that; no hold

  static LimboOutcome accept() { return {}; }
  static LimboOutcome deny(std::string words) {
    return {.kind = Kind::deny, .words = std::move(words)};
  }
  static LimboOutcome deny_with(std::string kick, std::string detail) {
    return {.kind = Kind::deny, .kick = std::move(kick), .detail = std::move(detail)};
  }
  static LimboOutcome hold() { return {.kind = Kind::hold}; }
  static LimboOutcome hold_for(Duration after, LimboOutcome then) {
    return {.kind = Kind::hold,
            .after = after,
            .then = std::make_shared<const LimboOutcome>(std::move(then))};
  }
  static LimboOutcome redirect(std::string server) {
    return {.kind = Kind::redirect, .server = std::move(server)};
  }
  static LimboOutcome chain(std::vector<std::string> handlers) {
    return {.kind = Kind::chain, .handlers = std::move(handlers)};
  }
};

// Of a player whom a handler holds: to be kept for as long as one likes, on any thread. Once the
// player has left the handler it is stale, and every call does nothing.
class LimboHandle {
 public:
  virtual ~LimboHandle() = default;

  // Ends the hold; the first outcome counts. No hold: that is not taken.
  virtual void complete(LimboOutcome outcome) = 0;
  virtual void tell(std::string words) = 0;
  virtual void show_title(std::string title, std::string subtitle) = 0;
  virtual void show_action_bar(std::string words) = 0;
  [[nodiscard]] virtual bool cancelled() const = 0;
};
using LimboHandlePtr = std::shared_ptr<LimboHandle>;

// A player who is with a handler; for the time of one call, on its worker. What is shown before the
// player stands in the world is kept for that moment; what its version does not have is left out.
class LimboGuest {
 public:
  [[nodiscard]] virtual const LimboPlayer& player() const = 0;
  [[nodiscard]] virtual const LimboContext& context() const = 0;
  virtual void tell(std::string_view words) = 0;
  virtual void show_title(std::string_view title, std::string_view subtitle) = 0;
  virtual void show_action_bar(std::string_view words) = 0;
  // The same one for as long as the player is with this handler.
  [[nodiscard]] virtual LimboHandlePtr handle() = 0;

 protected:
  ~LimboGuest() = default;
};

enum class LimboLeave : std::uint8_t {
  released,      // accepted: on to the next handler or to the server
  redirected,    // to another server or other handlers
  kicked,        // denied, here or by an operator, a ban, a limit
  timed_out,     // the hold was over
  disconnected,  // the player left
  shutdown,
};

class LimboHandler {
 public:
  virtual ~LimboHandler() = default;

  virtual LimboOutcome on_enter(LimboGuest& guest) = 0;
  // While it holds the player. A command comes without its slash; both are at most 256 characters
  // of anything.
  virtual void on_chat(LimboGuest& /*guest*/, std::string_view /*message*/) {}
  virtual void on_command(LimboGuest& guest, std::string_view /*command*/) {
    guest.tell("§7There are no commands here.");
  }
  // Whether players whom it holds may use the proxy's own commands (/drawbridge), by which they may
  // go to another server. Not where the hold is a check that they have to pass.
  [[nodiscard]] virtual bool allows_our_commands() const { return false; }
  // Once a second, for texts that change; `held` is in seconds.
  virtual void on_second(LimboGuest& /*guest*/, std::uint32_t /*held*/) {}
  // It had accepted, as had everybody after it, and the server did not take the player: `why` is
  // what the player would read. A hold: it stays here.
  virtual LimboOutcome on_refused(LimboGuest& /*guest*/, std::string_view why) {
    return LimboOutcome::deny(std::string(why));
  }
  // The player left this handler; for each on_enter that returned hold().
  virtual void on_leave(const LimboPlayer& /*player*/, LimboLeave /*why*/) {}
};

}  // namespace drawbridge::api
