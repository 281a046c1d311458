#include "core/gate/strangers.hpp"

namespace drawbridge::core {

void Stranger::hold(std::size_t bytes) {
  if (list_ == nullptr) return;
  const std::size_t now = Strangers::base_cost + bytes;
  list_->bytes_ += now;
  list_->bytes_ -= bytes_;
  bytes_ = now;
  list_->enforce();
}

void Stranger::renew() {
  if (list_ == nullptr) return;
  Strangers& list = *list_;
  list.unlink(*this);
  list.link(*this);
}

void Stranger::leave() {
  if (list_ != nullptr) list_->unlink(*this);
}

void Strangers::set_limits(std::size_t bytes, std::size_t count) {
  most_bytes_ = bytes;
  most_ = count;
  enforce();
}

void Strangers::add(Stranger& stranger, net::TaskControl& task) {
  stranger.task_ = &task;
  stranger.bytes_ = base_cost;
  link(stranger);
  enforce();
}

void Strangers::link(Stranger& stranger) {
  stranger.list_ = this;
  stranger.older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &stranger;
  newest_ = &stranger;
  ++count_;
  bytes_ += stranger.bytes_;
}

void Strangers::unlink(Stranger& stranger) {
  (stranger.older_ != nullptr ? stranger.older_->newer_ : oldest_) = stranger.newer_;
  (stranger.newer_ != nullptr ? stranger.newer_->older_ : newest_) = stranger.older_;
  stranger.older_ = stranger.newer_ = nullptr;
  stranger.list_ = nullptr;
  --count_;
  bytes_ -= stranger.bytes_;
}

bool Strangers::too_many() const {
  return (most_bytes_ != 0 && bytes_ > most_bytes_) || (most_ != 0 && count_ > most_);
}

// The last one stays: there is nobody for whom it should go.
void Strangers::enforce() {
  while (count_ > 1 && too_many()) shed_one();
}

void Strangers::shed_oldest(std::size_t count) {
  for (; count > 0 && oldest_ != nullptr; --count) shed_one();
}

void Strangers::shed_one() {
  Stranger& oldest = *oldest_;
  unlink(oldest);
  oldest.shed_ = true;
  ++shed_;
  oldest.task_->cancel();  // wakes it in the next turn; it unwinds by itself
}

}  // namespace drawbridge::core
