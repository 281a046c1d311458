// One player's walk through the limbo handlers of a server: which one it is with, and what that one
// may do meanwhile.
//
// The walk begins while the player still logs in, before a world was shown: where every handler
// accepts at once the player goes on to its server and never sees the limbo. The first one that
// holds it makes it enter; from then on the walk goes on when that one's handle is completed.
//
// Worker's thread, except for the handles.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/limbo.hpp"
#include "core/limbo/limbo_handlers.hpp"
#include "core/limbo/limbo_session.hpp"
#include "core/server.hpp"
#include "core/wake/expected_player.hpp"
#include "mc/packets/common.hpp"
#include "net/mailbox.hpp"

namespace drawbridge::core {

class Desk;
class LimboVisit;
struct LimboVisitDeleter;

// Who acts on the end of a walk.
class VisitOwner {
 public:
  // All handlers have had their say: accept, redirect or deny. May end the visit.
  virtual void on_visit_over(LimboVisit& visit, api::LimboOutcome outcome) = 0;

 protected:
  ~VisitOwner() = default;
};

using LimboVisitPtr = std::unique_ptr<LimboVisit, LimboVisitDeleter>;

class LimboVisit final : public api::LimboGuest {
 public:
  struct Start {
    api::LimboPlayer player;
    api::LimboContext context;
    ServerPtr server;                // that it waits for
    std::vector<std::string> chain;  // names of handlers
    bool unreachable = false;        // the server was dialled just now, in vain
    // Whoever may go on is sent here, to come again; none: goes on from where it is.
    std::optional<mc::Transfer> way_back = std::nullopt;
  };
  // The desk outlives the visit.
  LimboVisit(Desk& desk, Start start);
  ~LimboVisit();
  LimboVisit(const LimboVisit&) = delete;
  LimboVisit& operator=(const LimboVisit&) = delete;

  // Asks handler after handler. Nothing: one holds the player. Once, at the beginning.
  std::optional<api::LimboOutcome> walk();

  // Before it stands in the world: what has become of the hold meanwhile; if anything, the walk
  // goes on. Nothing: it is held.
  std::optional<api::LimboOutcome> walk_further();

  // The player stands in the world: shows what was said so far; what became of the hold meanwhile
  // is acted on, so the visit may be over.
  void stand(LimboSession& session, VisitOwner& owner);
  // Once a second from then on.
  void on_second();
  void on_chat(std::string_view message);
  void on_command(std::string_view command);
  // The server that the walk led to has not taken the player, for this reason.
  void on_refused(std::string_view why);
  // It is leaving the limbo or the proxy.
  void leave(api::LimboLeave why);

  // The name of the handler that was asked last.
  [[nodiscard]] std::string_view station() const {
    return next_ == 0 ? std::string_view() : std::string_view(start_.chain[next_ - 1]);
  }
  [[nodiscard]] bool holds() const { return handler_ != nullptr && held_; }
  [[nodiscard]] bool allows_our_commands() const {
    return handler_ == nullptr || handler_->allows_our_commands();
  }
  // Until it is over the player counts for this server's idle clock.
  void expect_at(std::shared_ptr<ServerState> state) {
    expected_ = ExpectedPlayer(std::move(state));
  }
  [[nodiscard]] TimePoint begun() const { return begun_; }
  [[nodiscard]] bool unreachable() const { return start_.unreachable; }
  [[nodiscard]] const std::optional<mc::Transfer>& way_back() const { return start_.way_back; }
  [[nodiscard]] Desk& desk() const { return desk_; }
  // The description of this moment is found by its id.
  [[nodiscard]] const ServerPtr& server() const { return start_.server; }
  // Null: it does not stand in the world yet.
  [[nodiscard]] LimboSession* session() const { return session_; }

  // LimboGuest
  [[nodiscard]] const api::LimboPlayer& player() const override { return start_.player; }
  [[nodiscard]] const api::LimboContext& context() const override { return start_.context; }
  void tell(std::string_view words) override;
  void show_title(std::string_view title, std::string_view subtitle) override;
  void show_action_bar(std::string_view words) override;
  [[nodiscard]] api::LimboHandlePtr handle() override;

 private:
  class Ticket;
  struct Shown {  // before the world was there
    enum class Kind : std::uint8_t { line, title, action_bar };
    Kind kind;
    std::string first, second;
  };

  std::optional<api::LimboOutcome> walk_on(api::LimboOutcome outcome);
  api::LimboOutcome ask_next();
  std::optional<api::LimboOutcome> hold(api::LimboOutcome outcome);
  void completed(api::LimboOutcome outcome);
  void act(api::LimboOutcome outcome, api::LimboLeave why);
  void end_step();
  void show(const Shown& shown);
  void keep_or_show(Shown shown);

  Desk& desk_;
  Start start_;
  TimePoint begun_;
  ExpectedPlayer expected_;
  std::size_t next_ = 0;               // in the chain
  int chains_ = 0;                     // how often it was replaced
  LimboHandlers::HandlerPtr handler_;  // that has or had it last
  bool held_ = false;
  std::uint32_t held_seconds_ = 0;
  Duration hold_after_{};
  std::shared_ptr<const api::LimboOutcome> hold_then_;
  // Came before the player stood in the world, or while it was on its way elsewhere.
  std::optional<api::LimboOutcome> early_;
  std::vector<Shown> shown_;
  std::shared_ptr<Ticket> ticket_;
  LimboSession* session_ = nullptr;
  VisitOwner* owner_ = nullptr;
};

}  // namespace drawbridge::core
