// A limbo handler of a test: says what the test says, and writes down what happened.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/limbo.hpp"
#include "kit/wire.hpp"

namespace drawbridge::kit {

class Station final : public api::LimboHandler {
 public:
  using Enter = std::function<api::LimboOutcome(api::LimboGuest&)>;
  explicit Station(Enter enter) : enter_(std::move(enter)) {}

  // One that holds, and keeps the handle.
  static std::shared_ptr<Station> holding() {
    return std::make_shared<Station>([](api::LimboGuest&) { return api::LimboOutcome::hold(); });
  }
  static std::shared_ptr<Station> saying(api::LimboOutcome outcome) {
    return std::make_shared<Station>([outcome](api::LimboGuest&) { return outcome; });
  }

  api::LimboOutcome on_enter(api::LimboGuest& guest) override {
    note("enter " + guest.player().name);
    {
      const std::lock_guard lock(mutex_);
      handle_ = guest.handle();
    }
    return enter_(guest);
  }
  void on_chat(api::LimboGuest& /*guest*/, std::string_view message) override {
    note("chat " + std::string(message));
  }
  void on_command(api::LimboGuest& guest, std::string_view command) override {
    note("command " + std::string(command));
    guest.tell("ran " + std::string(command));
  }
  void on_leave(const api::LimboPlayer& player, api::LimboLeave why) override {
    static constexpr const char* names[] = {"released",  "redirected",   "kicked",
                                            "timed out", "disconnected", "shutdown"};
    note("leave " + player.name + " " + names[static_cast<std::size_t>(why)]);
  }

  // Of the player who came last.
  [[nodiscard]] api::LimboHandlePtr handle() const {
    const std::lock_guard lock(mutex_);
    return handle_;
  }
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  [[nodiscard]] bool has_seen(std::string_view what) const {
    return eventually([&] {
      for (const std::string& one : seen())
        if (one == what) return true;
      return false;
    });
  }

 private:
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(what));
  }

  Enter enter_;
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
  api::LimboHandlePtr handle_;
};

}  // namespace drawbridge::kit
