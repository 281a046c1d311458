// The proxy as a running thing: workers with their desks, listeners, and the world that they serve.
// Built, changed and ended in control context; nothing here is touched per packet.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"
#include "control/resolver.hpp"
#include "core/desk.hpp"
#include "core/prober.hpp"
#include "core/registry.hpp"
#include "core/services.hpp"
#include "core/world.hpp"
#include "net/listener.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

// A listener that could not be opened.
struct ListenFailure {
  std::string address;
  std::uint16_t port = 0;
  bool in_use = false;
  std::string reason;
};

class Proxy {
 public:
  // All outlive the proxy.
  Proxy(control::ControlThread& control, control::Resolver& resolver, control::HttpClient& http);
  ~Proxy();  // stops at once
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Opens every listener of the world and starts the workers (worker_threads of them). On a failure
  // nothing has started.
  std::vector<ListenFailure> start(WorldPtr world);
  // Makes the next world live for new connections; opens and closes listeners that differ. What
  // fails to open is returned; the rest is live.
  std::vector<ListenFailure> publish(const WorldChange& change);
  // These bans hold from now on, and end the connections of those whom they mean. Null: none.
  void set_bans(BanListPtr bans);
  // What was refused in the last hour.
  [[nodiscard]] RefusalReport refusals() const;
  // Returns when every worker serves the world that was published last. Workers never wait for the
  // control thread, so it may.
  void settle();

  // Connections that are being set up now, log-ins under way included: who plays is none. Waits for
  // the workers.
  [[nodiscard]] std::size_t set_ups();

  // Whether every worker has got round to its mail since the last call; asks them again. For a
  // watchdog: a worker that hangs serves nobody, whatever the control thread thinks.
  [[nodiscard]] bool workers_answer();

  // Runs a job on some worker, with its desk; dropped while there is none.
  void on_some_desk(std::function<void(Desk&)> job);

  // Runs a job with every desk, each on its worker, and returns when all have: at the same time, so
  // what they share wants a lock or atomics. Workers never wait for the control thread, so it may.
  void ask_desks(const std::function<void(Desk&)>& job);
  // Moves a player to another server (session/mover.hpp). The order's `done` is called on the
  // player's worker; not at all if the player is nowhere.
  void move_player(std::uint64_t number, const MoveOrder& order);
  // A line of chat to a player, wherever it plays; nothing if it is gone. Any thread.
  void tell_player(std::uint64_t number, const mc::Text& words);
  // Who plays. Waits for the workers.
  [[nodiscard]] std::vector<PlayerNote> players();
  // Hands over who plays, on the control thread, when all workers have told.
  void list_players(std::function<void(std::vector<PlayerNote>)> done);

  // Refuses new connections, waits at most `drain` for players to leave, then ends everybody and
  // calls `done`.
  void shut_down(Duration drain, std::function<void()> done);
  // Ends everybody now. Idempotent.
  void stop();

  [[nodiscard]] Services& services() { return services_; }
  [[nodiscard]] const Prober& prober() const { return prober_; }
  // Addresses in effect, in the order of the listeners without Unix sockets (tests bind port 0).
  [[nodiscard]] std::vector<Endpoint> addresses() const;
  [[nodiscard]] std::uint32_t connections() const {
    return services_.connections.load(std::memory_order_relaxed);
  }

 private:
  struct Post {  // one worker, its desk and its thread
    explicit Post(net::Worker::Options options, Services& services)
        : worker(std::move(options)), desk(worker, services) {}
    net::Worker worker;
    Desk desk;
    std::thread thread;
    // Shared, for a worker that ends with mail.
    std::shared_ptr<std::atomic<std::uint64_t>> beat =
        std::make_shared<std::atomic<std::uint64_t>>(0);
  };
  // A listener that is open; closed when this goes.
  struct Open {
    Open(config::EffectiveListener c, std::shared_ptr<net::Listener> l,
         std::shared_ptr<ListenerKey> k)
        : config(std::move(c)), listener(std::move(l)), key(std::move(k)) {}
    Open(Open&&) noexcept = default;
    Open& operator=(Open&& other) noexcept;
    ~Open();
    void follow(const ListenerRules& rules);
    config::EffectiveListener config;
    std::shared_ptr<net::Listener> listener;
    std::shared_ptr<ListenerKey> key;
    bool accepts = false;  // its workers have been told
  };

  Result<Open> open(const config::EffectiveListener& wanted, const config::GlobalConfig& global,
                    ListenFailure& failure);
  std::vector<ListenFailure> open_missing(const World& world);
  std::vector<ListenFailure> follow_listeners(const WorldPtr& world);
  [[nodiscard]] std::vector<Open> take_unwanted(const World& world);
  void start_workers(const WorldPtr& world, std::size_t count);
  void start_accepting(Open& open);
  [[nodiscard]] bool is_open(const config::EffectiveListener& wanted) const;
  void tick();
  void await_drain(TimePoint until, std::function<void()> done);
  void await_farewell(TimePoint until, std::function<void()> done);
  void finish(const std::function<void()>& done);

  control::ControlThread& control_;
  Services services_;
  std::vector<std::unique_ptr<Post>> posts_;
  std::vector<Open> listeners_;
  std::shared_ptr<const config::GlobalConfig> global_;  // of the last world
  BanListPtr bans_;
  control::Timer tick_;
  control::Timer drain_;
  control::Timer open_again_;  // while a listener that is wanted could not be opened
  TimePoint setups_until_;     // while it stops: until when whoever does not play is waited for
  Prober prober_;
  std::size_t next_post_ = 0;  // for jobs that any worker may do
  std::uint64_t beats_ = 0;
  bool stopped_ = false;
};

}  // namespace drawbridge::core
