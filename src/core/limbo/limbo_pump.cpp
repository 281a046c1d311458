#include "core/limbo/limbo_pump.hpp"

#include <algorithm>
#include <new>

#include "core/limbo/limbo_session.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

namespace {

// As much as a socket is likely to take at once: no more is encrypted ahead of its sending.
constexpr std::size_t send_budget = std::size_t{64} << 10;
// A buffer of the pump that grew beyond this for one packet is not kept.
constexpr std::size_t most_kept = std::size_t{64} << 10;

}  // namespace

LimboPump::LimboPump(net::Worker& worker, mc::Codecs& codecs)
    : worker_(worker), codecs_(codecs), slab_(sizeof(LimboSession)) {
  worker_.on_second([this] { sweep(); });
  worker_.on_end([this] { shut(); });
}

LimboPump::~LimboPump() {
  // The worker has ended, or never ran.
  shut();
}

LimboSession& LimboPump::add(std::uint64_t id, SessionOwner& owner, LimboOwner& limbo,
                             LimboStart& start) {
  auto* session = ::new (slab_.allocate()) LimboSession(*this, owner, limbo, id, start);
  session->place_ = static_cast<std::uint32_t>(sessions_.size());
  sessions_.push_back(session);
  return *session;
}

void LimboPump::begin(LimboSession& session, LimboStart& start) {
  session.begin(start);
}

// The session's own functions are still on the stack: its memory is freed when the turn ends.
void LimboPump::ended(LimboSession& session) {
  sessions_[session.place_] = sessions_.back();
  sessions_[session.place_]->place_ = session.place_;
  sessions_.pop_back();
  std::erase(gathered_, &session);
  ended_.push_back(&session);
  ask_for_turn();
}

void LimboPump::ask_for_turn() {
  if (is_writing_) {
    worker_.next_turn(*this);
  } else {
    worker_.at_end_of_turn(*this);
  }
}

void LimboPump::free_ended() {
  for (LimboSession* session : ended_) {
    session->~LimboSession();
    slab_.release(session);
  }
  ended_.clear();
}

void LimboPump::kick_all(config::Kick kick, SessionEndReason why) {
  // A copy: one that ends leaves the list.
  const std::vector<LimboSession*> all = sessions_;
  for (LimboSession* session : all)
    if (!session->over()) session->kick(session->owner_.words_for(session->id(), kick), why);
}

// The worker ends: what can be said at once is said.
void LimboPump::shut() {
  kick_all(config::Kick::shutdown, SessionEndReason::shutdown);
  write_gathered();
  const std::vector<LimboSession*> left = sessions_;
  for (LimboSession* session : left)
    if (!session->over()) session->end(SessionEndReason::shutdown);
  gathered_.clear();
  unqueue();
  free_ended();
}

// --- The end of a turn ---

void LimboPump::gather(LimboSession& session) {
  if (session.gathered_) return;
  session.gathered_ = true;
  gathered_.push_back(&session);
  ask_for_turn();
}

void LimboPump::on_turn() {
  is_writing_ = true;
  write_gathered();
  is_writing_ = false;
  free_ended();
}

void LimboPump::write_gathered() {
  writing_.swap(gathered_);
  for (LimboSession* one : writing_) {
    one->gathered_ = false;
    if (one->over_ || one->blocked_) continue;
    const ByteSpan sealed = one->out_.seal(one->cipher_ ? send_budget : one->out_.plain());
    if (one->cipher_ && !sealed.empty()) jobs_.push_back({&one->cipher_->encrypt, sealed});
  }
  if (!jobs_.empty()) mc::encrypt(jobs_);
  jobs_.clear();
  for (LimboSession* one : writing_)
    if (!one->over_) one->write_out();
  writing_.clear();
}

// --- Once a second ---

void LimboPump::sweep() {
  ++second_;
  // Backwards: one that ends is replaced by the last, which has been looked at.
  for (std::size_t i = sessions_.size(); i-- > 0;)
    if (i < sessions_.size()) sessions_[i]->sweep();
  buffers_.trim();
  if (in_.capacity() > most_kept) in_ = {};
  if (scratch_.capacity() > most_kept) scratch_ = {};
}

}  // namespace drawbridge::core
