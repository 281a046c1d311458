// The program that runs until it is told to stop: builds every object, wires them, and turns
// changes of files and signals into new worlds. The only place that sees all parts.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/command.hpp"
#include "app/drain_book.hpp"
#include "app/gate_files.hpp"
#include "app/providers.hpp"
#include "app/server_files.hpp"
#include "base/ip.hpp"
#include "config/load.hpp"
#include "control/control_socket.hpp"
#include "control/control_thread.hpp"
#include "control/file_watch.hpp"
#include "control/http_client.hpp"
#include "control/resolver.hpp"
#include "control/service_manager.hpp"
#include "core/bans/ban_store.hpp"
#include "core/commands/game_commands.hpp"
#include "core/proxy.hpp"
#include "core/registry.hpp"
#include "core/wake/waker.hpp"
#include "features/keepers/keepers.hpp"

namespace drawbridge::app {

// How the process ends (docs/operations.md).
inline constexpr int exit_ok = 0;
inline constexpr int exit_runtime = 1;
inline constexpr int exit_interrupted = 130;
inline constexpr int exit_config = 2;
inline constexpr int exit_no_route = 4;
inline constexpr int exit_no_proxy = 5;

struct DaemonOptions {
  std::optional<std::filesystem::path> config;  // -c; none: what is in the working directory
  config::Overlays overlays;
  bool strict = false;  // a bad server file stops the start
  control::FileWatchOptions watch;
  control::ResolverOptions resolver;
  control::HttpClientOptions http;
  control::ServiceManagerOptions service_manager;
  // Called before the process ends without destructors, on a second signal; may be empty.
  std::function<void()> before_exit = {};
};

// What a reload came to.
struct ReloadOutcome {
  std::vector<std::string> changed;  // global keys that hold now, for new connections at least
  std::vector<std::string> waiting;  // global keys that wait for a restart
  std::vector<std::string> added, updated, removed;  // servers
  std::size_t errors = 0;                            // sources whose last good version stays live
  std::vector<std::string> problems;  // what is wrong in files, warnings included, one line each
};

struct CommandParts;
struct StatusFacts;

class Daemon {
 public:
  explicit Daemon(DaemonOptions options);
  ~Daemon();  // stops at once
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Reads the configuration and starts to serve. Not 0: it has logged why and nothing runs.
  int start();
  // Handles TERM, INT and HUP: stop with drain (a second one: at once), reload. Before start(). One
  // daemon a process.
  void handle_signals();
  // Blocks until it has stopped; the exit code.
  int wait();

  // Any thread. Begins to stop; `drain` none: the configured time.
  void stop(std::optional<Duration> drain = std::nullopt);
  // Any thread. Reads everything again; returns when new connections are served by what was read.
  ReloadOutcome reload();

  // Any thread. Takes an address of a server out of service for new connections, or back in; kept
  // in drain_file. Errors: no such server or address, the file cannot be written.
  Result<> drain(const std::string& server, const std::string& address, bool drained);
  // Any thread. How a line of the console could go on.
  std::vector<std::string> completions(const std::string& line);
  // Any thread. Runs a command of the console; what it came to.
  api::Answer command(const std::string& line);

  // Not on the control thread.
  [[nodiscard]] std::vector<Endpoint> addresses();
  [[nodiscard]] std::uint64_t generation();
  // Returns when every new connection is served by the world of generation().
  void settle();
  // After start(): where the console keeps its history.
  [[nodiscard]] std::filesystem::path history_file() const {
    return global_->state_dir / "console_history";
  }
  [[nodiscard]] core::Proxy& proxy() { return *proxy_; }
  // Control context.
  [[nodiscard]] core::Waker& waker() { return *waker_; }

 private:
  int load_global_at_start();
  int open();
  void watch_global();
  Result<> change_drains(const std::string& server, const std::string& address, bool drained);
  ReloadOutcome read_everything();
  int begin_gate();
  void make_providers();
  void make_waker();
  void end_servers(const std::function<void()>& done);
  void open_control_socket();
  void make_commands();
  std::string answer(std::string_view request);
  [[nodiscard]] StatusFacts status_facts() const;
  void set_permissions();
  void stop_with_words(std::optional<Duration> drain, const std::string& words);
  Result<> reset_health(const std::string& server, const std::string& address);
  void tell(const config::Problems& problems);
  void apply_lists();
  void apply_global();
  void check_together();
  void publish();
  void watch_workers();
  void begin_stop(std::optional<Duration> drain);
  void on_signal(int signal);

  DaemonOptions options_;
  std::optional<std::filesystem::path> global_path_;
  std::shared_ptr<const config::GlobalConfig> global_;
  config::Origins origins_;

  control::ControlThread control_;
  std::unique_ptr<control::Resolver> resolver_;
  std::unique_ptr<control::HttpClient> http_;
  std::unique_ptr<control::FileWatch> watch_;
  control::FileWatch::Handle global_watch_;
  std::unique_ptr<DrainBook> drain_book_;
  std::unique_ptr<ServerFiles> server_files_;
  std::unique_ptr<control::ControlSocket> control_socket_;
  std::unique_ptr<GateFiles> gate_files_;
  std::unique_ptr<core::BanStore> bans_;
  std::unique_ptr<core::Proxy> proxy_;
  std::unique_ptr<core::Registry> registry_;
  std::unique_ptr<Providers> providers_;
  std::unique_ptr<features::keepers::Keepers> keepers_;
  std::unique_ptr<core::Waker> waker_;
  std::unique_ptr<CommandParts> command_parts_;
  std::unique_ptr<api::CommandRegistry> commands_;
  std::unique_ptr<core::GameCommands> game_commands_;
  std::set<std::string> operators_;  // admins until the next start
  core::WorldPtr world_;
  std::set<std::string> found_together_;  // what cross_check() said of the last world
  control::ServiceManager service_manager_;
  control::Timer watchdog_;
  ReloadOutcome outcome_;            // of the reload that was asked for and runs now
  bool is_asked_to_reload_ = false;  // that is now
  bool workers_silent_ = false;      // as the watchdog saw them last
  bool errors_together_ = false;     // cross_check() found some
  TimePoint started_;
  bool serving_ = false;
  bool stopping_ = false;
  int signals_seen_ = 0;
};

}  // namespace drawbridge::app
