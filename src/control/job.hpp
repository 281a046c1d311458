// A function to run once, later, somewhere else. Unlike std::function it holds callables that can
// only be moved (unique_ptr, descriptors); std::move_only_function would do, but the library of
// Debian 12 lacks it.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace drawbridge::control {

class Job {
 public:
  Job() = default;
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, Job> && std::invocable<std::decay_t<F>&>)
  Job(F&& function)  // NOLINT(google-explicit-constructor): call sites pass lambdas
      : body_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(function))) {}

  explicit operator bool() const { return body_ != nullptr; }
  void operator()() { body_->run(); }

 private:
  struct Body {
    virtual ~Body() = default;
    virtual void run() = 0;
  };
  template <typename F>
  struct Holder final : Body {
    explicit Holder(F&& f) : function(std::move(f)) {}
    explicit Holder(const F& f) : function(f) {}
    void run() override { function(); }
    F function;
  };

  std::unique_ptr<Body> body_;
};

}  // namespace drawbridge::control
