// A log-in that has its number and is not a session yet, so that another log-in of the same player
// can end it. Lives in the frame of its coroutine; stands in a list of its worker's desk.
#pragma once

#include <cstdint>
#include <optional>

#include "config/types.hpp"
#include "net/task.hpp"

namespace drawbridge::core {

class LoginUnderWay {
 public:
  // `first` is the desk's list.
  LoginUnderWay(LoginUnderWay*& first, std::uint64_t number, net::TaskControl& control)
      : first_(first), next_(first), number_(number), control_(control) {
    if (next_ != nullptr) next_->previous_ = this;
    first_ = this;
  }
  ~LoginUnderWay() {
    if (previous_ != nullptr) previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    if (first_ == this) first_ = next_;
  }
  LoginUnderWay(const LoginUnderWay&) = delete;
  LoginUnderWay& operator=(const LoginUnderWay&) = delete;

  [[nodiscard]] std::uint64_t number() const { return number_; }
  // Set: somebody else has ended it.
  [[nodiscard]] std::optional<config::Kick> ended_with() const { return ended_with_; }
  [[nodiscard]] LoginUnderWay* next() const { return next_; }
  // The coroutine wakes with `cancelled` and finds ended_with().
  void end_with(config::Kick kick) {
    ended_with_ = kick;
    control_.cancel();
  }

 private:
  LoginUnderWay*& first_;
  LoginUnderWay* previous_ = nullptr;
  LoginUnderWay* next_;
  std::uint64_t number_;
  net::TaskControl& control_;
  std::optional<config::Kick> ended_with_;
};

}  // namespace drawbridge::core
