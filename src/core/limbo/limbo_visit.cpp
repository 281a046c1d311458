#include "core/limbo/limbo_visit.hpp"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "core/desk.hpp"

namespace drawbridge::core {

namespace {

using api::LimboLeave;
using api::LimboOutcome;

constexpr std::int32_t title_ticks = 100;  // 5 seconds
// What may be kept for the moment in which the player stands in the world.
constexpr std::size_t most_shown = 32;
// Handlers that send a player round in circles.
constexpr int most_chains = 16;

LimboLeave leave_of(const LimboOutcome& outcome) {
  switch (outcome.kind) {
    case LimboOutcome::Kind::deny:
      return LimboLeave::kicked;
    case LimboOutcome::Kind::redirect:
    case LimboOutcome::Kind::chain:
      return LimboLeave::redirected;
    case LimboOutcome::Kind::accept:
    case LimboOutcome::Kind::hold:
      break;
  }
  return LimboLeave::released;
}

}  // namespace

// `visit_` belongs to the worker; null once the player has left the handler.
class LimboVisit::Ticket final : public api::LimboHandle,
                                 public std::enable_shared_from_this<Ticket> {
 public:
  Ticket(LimboVisit& visit, std::shared_ptr<net::Mailbox> mailbox)
      : visit_(&visit), mailbox_(std::move(mailbox)) {}

  void complete(LimboOutcome outcome) override {
    if (outcome.kind == LimboOutcome::Kind::hold) return;
    post([outcome = std::move(outcome)](LimboVisit& visit) mutable {
      visit.completed(std::move(outcome));
    });
  }
  void tell(std::string words) override {
    post([words = std::move(words)](LimboVisit& visit) { visit.tell(words); });
  }
  void show_title(std::string title, std::string subtitle) override {
    post([title = std::move(title), subtitle = std::move(subtitle)](LimboVisit& visit) {
      visit.show_title(title, subtitle);
    });
  }
  void show_action_bar(std::string words) override {
    post([words = std::move(words)](LimboVisit& visit) { visit.show_action_bar(words); });
  }
  [[nodiscard]] bool cancelled() const override { return over_.load(std::memory_order_acquire); }

  void end() {
    visit_ = nullptr;
    over_.store(true, std::memory_order_release);
  }

 private:
  template <typename F>
  void post(F job) {
    if (cancelled()) return;
    mailbox_->post([self = this->shared_from_this(), job = std::move(job)]() mutable {
      if (self->visit_ != nullptr) job(*self->visit_);
    });
  }

  LimboVisit* visit_;
  std::shared_ptr<net::Mailbox> mailbox_;
  std::atomic<bool> over_ = false;
};

void LimboVisitDeleter::operator()(LimboVisit* visit) const {
  delete visit;
}

LimboVisit::LimboVisit(Desk& desk, Start start)
    : desk_(desk), start_(std::move(start)), begun_(desk.worker().now()) {}

LimboVisit::~LimboVisit() {
  leave(LimboLeave::disconnected);
}

api::LimboHandlePtr LimboVisit::handle() {
  if (!ticket_) ticket_ = std::make_shared<Ticket>(*this, desk_.worker().mailbox());
  return ticket_;
}

// --- The walk ---

std::optional<LimboOutcome> LimboVisit::walk() {
  return walk_on(LimboOutcome::accept());
}

std::optional<LimboOutcome> LimboVisit::walk_further() {
  if (!early_) return std::nullopt;
  LimboOutcome outcome = *std::exchange(early_, std::nullopt);
  leave(leave_of(outcome));
  return walk_on(std::move(outcome));
}

// Goes on with what the last handler said.
std::optional<LimboOutcome> LimboVisit::walk_on(LimboOutcome outcome) {
  for (;;) {
    if (outcome.kind == LimboOutcome::Kind::hold) return hold(std::move(outcome));
    end_step();
    if (outcome.kind == LimboOutcome::Kind::chain) {
      start_.chain = std::move(outcome.handlers);
      next_ = 0;
      outcome = ++chains_ > most_chains
                    ? LimboOutcome::deny_with("limbo_unavailable", "handlers without an end")
                    : LimboOutcome::accept();
      continue;
    }
    if (outcome.kind != LimboOutcome::Kind::accept || next_ == start_.chain.size()) return outcome;
    outcome = ask_next();
  }
}

LimboOutcome LimboVisit::ask_next() {
  const std::string& name = start_.chain[next_++];
  auto handler = desk_.services().limbo_handlers.find(name);
  if (!handler)
    return LimboOutcome::deny_with("limbo_unavailable",
                                   fmt::format("there is no limbo handler {}", name));
  handler_ = std::move(handler);
  return handler_->on_enter(*this);
}

std::optional<LimboOutcome> LimboVisit::hold(LimboOutcome outcome) {
  held_ = true;
  held_seconds_ = 0;
  hold_after_ = outcome.after;
  hold_then_ = std::move(outcome.then);
  return std::nullopt;
}

// What handles of this step can still say means nothing any more.
void LimboVisit::end_step() {
  held_ = false;
  if (ticket_) ticket_->end();
  ticket_.reset();
}

void LimboVisit::completed(LimboOutcome outcome) {
  if (!held_) return;
  // An operator may be sending the player somewhere: if that comes to nothing, this counts.
  const Session* session = desk_.find_session(start_.player.session);
  const bool is_moving = session != nullptr && session->move != nullptr;
  if (session_ == nullptr || is_moving) {
    if (!early_) early_ = std::move(outcome);
    return;
  }
  const LimboLeave why = leave_of(outcome);
  act(std::move(outcome), why);
}

void LimboVisit::act(LimboOutcome outcome, LimboLeave why) {
  leave(why);
  auto end = walk_on(std::move(outcome));
  if (end) owner_->on_visit_over(*this, std::move(*end));
}

void LimboVisit::leave(LimboLeave why) {
  if (!holds()) return;
  end_step();
  handler_->on_leave(start_.player, why);
}

void LimboVisit::stand(LimboSession& session, VisitOwner& owner) {
  session_ = &session;
  owner_ = &owner;
  for (const Shown& shown : std::exchange(shown_, {})) show(shown);
  if (early_) completed(*std::exchange(early_, std::nullopt));
}

void LimboVisit::on_second() {
  if (!holds()) return;
  if (early_) return completed(*std::exchange(early_, std::nullopt));
  ++held_seconds_;
  if (hold_then_ && seconds(held_seconds_) >= hold_after_)
    return act(*std::exchange(hold_then_, nullptr), LimboLeave::timed_out);
  handler_->on_second(*this, held_seconds_);
}

void LimboVisit::on_chat(std::string_view message) {
  if (holds()) handler_->on_chat(*this, message);
}

void LimboVisit::on_command(std::string_view command) {
  if (holds()) handler_->on_command(*this, command);
}

void LimboVisit::on_refused(std::string_view why) {
  LimboOutcome outcome =
      handler_ ? handler_->on_refused(*this, why) : LimboOutcome::deny(std::string(why));
  auto end = walk_on(std::move(outcome));
  if (end) owner_->on_visit_over(*this, std::move(*end));
}

// --- What the player sees ---

void LimboVisit::tell(std::string_view words) {
  keep_or_show({.kind = Shown::Kind::line, .first = std::string(words), .second = {}});
}

void LimboVisit::show_title(std::string_view title, std::string_view subtitle) {
  keep_or_show(
      {.kind = Shown::Kind::title, .first = std::string(title), .second = std::string(subtitle)});
}

void LimboVisit::show_action_bar(std::string_view words) {
  keep_or_show({.kind = Shown::Kind::action_bar, .first = std::string(words), .second = {}});
}

void LimboVisit::keep_or_show(Shown shown) {
  if (session_ != nullptr) return show(shown);
  if (shown_.size() < most_shown) shown_.push_back(std::move(shown));
}

void LimboVisit::show(const Shown& shown) {
  const mc::Text first = mc::Text::legacy(shown.first);
  switch (shown.kind) {
    case Shown::Kind::line:
      session_->tell(first);
      break;
    case Shown::Kind::title:
      session_->show_title(first, mc::Text::legacy(shown.second), title_ticks);
      break;
    case Shown::Kind::action_bar:
      session_->show_action_bar(first);
      break;
  }
}

}  // namespace drawbridge::core
