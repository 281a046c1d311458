// Active probes: addresses that were left out are asked whether they work again, and healthy ones
// too if the configuration wants it, so that players need not find out.
//
// Control context decides whom to probe and keeps the outcomes; the probes themselves are
// coroutines on the workers. Once a second all addresses are looked at; those that are due are
// probed, longest overdue first, at most max_concurrent at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "control/control_thread.hpp"
#include "core/address_health.hpp"
#include "core/world.hpp"

namespace drawbridge::core {

class Desk;

// What one probe found.
struct ProbeResult {
  enum class Kind : std::uint8_t { works, fails, unknown };  // unknown: it was our own fault
  Kind kind = Kind::unknown;
  Duration latency{};  // of the connect
  std::string why = {};
};

// When an address is probed next, by what the last probes said. Pure; for the prober and its test.
class ProbePlan {
 public:
  // Failed probes in a row that put a healthy address out. They come a second apart, so that one
  // lost packet is not enough.
  static constexpr int failures_to_eject = 3;

  // First sight of it.
  ProbePlan(bool healthy, const config::ActiveHealth& rules, TimePoint now)
      : next_(healthy ? now : now + rules.unhealthy_interval) {}
  [[nodiscard]] TimePoint next() const { return next_; }
  // An outcome; true: the address is to be left out now.
  bool note(const ProbeResult& result, bool healthy, const config::ActiveHealth& rules,
            TimePoint now);
  // It went out or came back by itself since the last look.
  void side(bool healthy, const config::ActiveHealth& rules, TimePoint now);

 private:
  TimePoint next_;
  int failures_ = 0;
  std::optional<bool> was_healthy_;
};

class Prober {
 public:
  // Runs a function on some worker's thread, with its desk. Control context; outlives the prober.
  using OnDesk = std::function<void(std::function<void(Desk&)>)>;

  Prober(control::ControlThread& control, OnDesk on_desk);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void set_world(WorldPtr world);
  // How often all addresses have been looked at. Any thread.
  [[nodiscard]] std::uint64_t looks() const { return looks_.load(std::memory_order_relaxed); }
  // No more probes; those that run end with their workers.
  void stop();

 private:
  struct Watched {
    std::shared_ptr<AddressHealth> health;
    ProbePlan plan;
    bool running = false;
    std::uint64_t seen = 0;  // the look at which it was last of interest
  };
  struct Due {
    TimePoint since;
    ServerPtr server;
    std::size_t address;
  };

  void look();
  void look_at(const ServerPtr& server, std::vector<Due>& due);
  void probe(const ServerPtr& server, std::size_t address);
  void ended(const ServerPtr& server, std::size_t address, DialKind kind,
             const ProbeResult& result);
  [[nodiscard]] const config::ActiveHealth& rules_of(const Server& server) const;

  control::ControlThread& control_;
  OnDesk on_desk_;
  WorldPtr world_;
  std::unordered_map<const AddressHealth*, Watched> watched_;
  std::uint32_t running_ = 0;
  std::atomic<std::uint64_t> looks_ = 0;
  control::Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for answers that come too late
};

}  // namespace drawbridge::core
