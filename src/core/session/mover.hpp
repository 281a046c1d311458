// Moving players who are in the game: from a limbo to a server, from server to server, from a
// server that is no more to one that stands in, from a server into a limbo. One way for all of
// them:
//
//   (on request) the server's limbo handlers, and its start if it sleeps > its turn > a place > the
//   backend is dialled and logged in to > (before 1.20.2: its `login` is read) > the old place is
//   left > the client turns to configuration (1.20.2 and later) > the next backend has the player
//
// How it is used, from the player's worker:
//
//   desk.mover().move(session.number, {.server = "survival",
//                                      .done = [](const MoveOutcome& outcome) { ... }});
//
// or from elsewhere Proxy::move_player(). Up to "the old place is left" a failure changes nothing
// for the player: it stays where it is, and `done` says why. What is lost later is lost like any
// backend: the player goes back to where it came from, else to the fallbacks of the server that
// lost it, else it is kicked with the reason. In that order too where a backend dies, kicks because
// it stops, or is no longer described.
//
// A session owns exactly one destination at a time (Session::packets or Session::limbo), and the
// Session, with its number, stays the same through all of it. Each step has a deadline:
// limits.login_timeout for each backend, timeouts.connect for its dial, 30 s for the client to
// turn. Of all players of a worker only a few are under way at once; the others wait for their
// turn, kept awake by us, so that a server that stands in for a dead one is not overrun.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/limbo.hpp"
#include "config/global.hpp"
#include "core/limbo/limbo_frames.hpp"
#include "core/server.hpp"
#include "core/session/session_owner.hpp"
#include "core/world.hpp"
#include "net/later.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

class Desk;
class LimboVisit;
struct BackendJoined;
struct LimboVisitDeleter;
struct NextBackend;
struct Session;

struct MoveOutcome {
  bool moved = false;
  std::string server;  // where the player is now; empty: nowhere
  std::string why;     // not moved: in plain words
};

struct MoveOrder {
  std::string server;  // id
  // Players may ask for servers of their own network only; operators and limbo handlers for any.
  bool only_in_network = false;
  // Its limbo handlers have let the player go on, and need not be asked.
  bool asked_handlers = false;
  // On the worker, exactly once; the session may be gone by then. May be empty.
  std::function<void(const MoveOutcome&)> done = {};
};

// Whether losing this server need not be the end: then its kicks, and configurations that break
// off, are kept from the client until that is known.
bool may_be_kept(const Server& server, const config::GlobalConfig& global);

// Whether the reason of a kick has the words of one of these patterns (`fallback_on_kick`), in any
// case. "*" stands for anything.
bool has_words_of(std::string_view reason, const std::vector<std::string>& patterns);

// One a desk, on its worker.
class Mover {
 public:
  static constexpr std::size_t at_once = 8;  // players of one worker under way

  explicit Mover(Desk& desk) : desk_(desk) {}  // which outlives it
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  // `number` is Session::number. Not found, relayed, or under way already: `done` says so at once.
  void move(std::uint64_t number, MoveOrder order);
  // What the session's owner is asked when its backend is lost; see SessionOwner::on_backend_lost.
  bool keep(Session& session, const BackendLoss& loss);
  // The session's server is described no longer: it goes to a fallback, if there is one that takes
  // it, and stays otherwise.
  void leave_removed(Session& session);
  // The player is not where it wanted to be: it reads why (`kick_messages.moved`) as soon as it can
  // read. `why` is one line.
  void tell_why(std::uint64_t number, std::string why);
  // Its record is about to go.
  static void forget(Session& session);

  // --- Its parts ---

  struct Move;
  // One of at_once; goes on to the next in the queue when its holder is done.
  struct Turn {
    explicit Turn(Mover& m) : mover(m) {}
    ~Turn() { mover.turn_is_over(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Mover& mover;
  };
  using TurnPtr = std::shared_ptr<Turn>;

 private:
  struct Plan;

  net::Task<> run(std::uint64_t number, Plan plan);
  net::Task<> tell_when_it_reads(std::uint64_t number, std::string why);
  // What the handlers of the server that it goes to have said: `waits`: it is in the limbo now.
  enum class Way : std::uint8_t { goes, waits, refused };
  net::Task<Way> ask_handlers(Move& move, MoveOrder& order);
  net::Task<std::optional<api::LimboOutcome>> hear(Move& move, LimboVisit& visit, Duration within,
                                                   Duration every);
  net::Task<std::optional<api::LimboOutcome>> stand(Move& move, LimboVisit& visit);
  [[nodiscard]] bool stands_where_it_is(const Session& session, const LimboVisit& visit) const;
  ServerPtr target_of(Move& move, const MoveOrder& order) const;
  net::Task<bool> go_through(Move& move, Plan& plan);
  net::Task<bool> try_server(Move& move, ServerPtr server);
  net::Task<bool> read_join(Move& move, BackendJoined& joined, NextBackend& next);
  net::Task<bool> await_ready(Move& move);
  // In the limbo, with the handlers of the server that was lost.
  net::Task<bool> wait_for_it(Move& move, Plan& plan);
  using VisitPtr = std::unique_ptr<LimboVisit, LimboVisitDeleter>;
  [[nodiscard]] VisitPtr visit_of(const Session& session, ServerPtr server,
                                  std::vector<std::string> chain, api::LimboContext context) const;
  [[nodiscard]] LimboFramesPtr frames_for(const Session& session) const;
  // To the limbo, or to another place in it. `visit` may be null: `limbo` is a server that is one.
  // `may_return`: if it comes to nothing the player goes back to where it is now.
  bool put_in_limbo(Move& move, const ServerPtr& limbo, VisitPtr visit, bool may_return);
  void arrive(Move& move, BackendJoined& joined, NextBackend next);
  [[nodiscard]] std::vector<ServerPtr> substitutes(const Session& session, const Plan& plan) const;
  static std::string reason_of(const Plan& plan);
  static void detach(Session& session);
  void turn_is_over();

  Desk& desk_;
  std::size_t under_way_ = 0;
  std::deque<net::Resolver<TurnPtr>> waiting_;
};

}  // namespace drawbridge::core
