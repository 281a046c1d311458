#include "app/daemon.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "app/commands/parts.hpp"
#include "app/log_stream.hpp"
#include "app/port_owner.hpp"
#include "app/problem_log.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/check.hpp"
#include "config/diff.hpp"
#include "config/grammar.hpp"
#include "config/inactive.hpp"

namespace drawbridge::app {

namespace {

// A relayed player holds two descriptors; the rest of the process needs some.
constexpr rlim_t reserved_descriptors = 64;

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const rlim_t players =
      limit.rlim_cur > reserved_descriptors ? (limit.rlim_cur - reserved_descriptors) / 2 : 0;
  log::info("app", "descriptor limit",
            {{"descriptors", limit.rlim_cur}, {"players_at_most", players}});
}

void log_listen_failure(const core::ListenFailure& failure) {
  if (!failure.in_use) {
    log::error("net", "cannot start", {{"address", failure.address}, {"reason", failure.reason}});
    return;
  }
  const auto owner = find_port_owner(failure.port);
  const std::string who =
      owner ? fmt::format("process {} ({})", owner->pid, owner->command)
            : std::string("another process (run as root, or `ss -ltnp`, to see which)");
  log::error(
      "net",
      fmt::format(
          "port {} is taken by {}. Either let Drawbridge listen elsewhere "
          "(`bind = \"[::]:25577\"` in drawbridge.toml, or --bind), or move the other one: a "
          "Minecraft server beside Drawbridge wants another `server-port` in server.properties, "
          "and that port in `addresses` of its server file",
          failure.port, who),
      {{"address", failure.address}});
}

// Keys that were not said before.
void log_inactive(const std::vector<std::string>& keys, const std::vector<std::string>& before) {
  for (const std::string& key : keys)
    if (std::ranges::find(before, key) == before.end())
      log::warn("config", "accepted, not active yet", {{"key", key}});
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, " "));
}

}  // namespace

Daemon::Daemon(DaemonOptions options)
    : options_(std::move(options)), service_manager_(options_.service_manager) {}

Daemon::~Daemon() {
  control_.run_and_wait([this] { begin_stop(Duration::zero()); });
  control_.stop();
  control_.join();
  // In control context again: the thread has ended.
  if (proxy_) proxy_->stop();
  control_socket_.reset();
  bans_.reset();
  gate_files_.reset();
  server_files_.reset();
  global_watch_.release();
  drain_book_.reset();
  watch_.reset();
  waker_.reset();
  keepers_.reset();
  providers_.reset();
  proxy_.reset();
  http_.reset();
  resolver_.reset();
}

int Daemon::start() {
  raise_descriptor_limit();
  if (const int code = load_global_at_start(); code != exit_ok) return code;
  resolver_ = std::make_unique<control::Resolver>(control_, options_.resolver);
  http_ = std::make_unique<control::HttpClient>(control_, *resolver_, options_.http);
  watch_ = std::make_unique<control::FileWatch>(control_, options_.watch);
  proxy_ = std::make_unique<core::Proxy>(control_, *resolver_, *http_);
  registry_ = std::make_unique<core::Registry>(proxy_->services().states, proxy_->services().pools,
                                               proxy_->services().gate, proxy_->services().wakes);
  registry_->set_global(global_);
  make_providers();
  make_waker();
  watch_global();
  drain_book_ = std::make_unique<DrainBook>(*watch_, global_->drain_file, proxy_->services().pools);
  server_files_ = std::make_unique<ServerFiles>(
      control_, *watch_, *registry_,
      ServerFiles::Hooks{.tell = [this](const config::Problems& problems) { tell(problems); },
                         .changed = [this] { publish(); }});
  server_files_->follow(global_->servers_dir);
  providers_->follow(*global_);
  if (server_files_->folder_unreadable()) return exit_runtime;  // usually wrong rights; it is said
  if (const int code = begin_gate(); code != exit_ok) return code;
  make_commands();
  if (const int code = open(); code != exit_ok) return code;
  open_control_socket();
  started_ = Clock::now();
  serving_ = true;
  watch_workers();
  service_manager_.ready(fmt::format("serving {} servers", world_->servers.size()));
  control_.start();
  return exit_ok;
}

int Daemon::load_global_at_start() {
  const config::GlobalFile found = config::find_global_file(options_.config);
  if (!found.note.empty()) log::warn("config", found.note);
  global_path_ = found.path;
  config::Loaded loaded = config::load_global(found.path, options_.overlays);
  log_problems(loaded.problems);
  if (!loaded.config) return exit_config;
  log::info("config",
            found.path ? "configuration read" : "no configuration file, so the defaults hold",
            {{"file", found.path ? found.path->string() : std::string{}}});
  log_inactive(config::inactive_keys(*loaded.config, loaded.origins), {});
  global_ = std::make_shared<const config::GlobalConfig>(std::move(*loaded.config));
  origins_ = std::move(loaded.origins);
  return exit_ok;
}

void Daemon::make_providers() {
  ProviderHooks hooks;
  hooks.changed = [this] { publish(); };
  hooks.look = [this](auto done) {
    proxy_->list_players(
        [this, done = std::move(done)](const auto& players) { done(report_of(*world_, players)); });
  };
  hooks.act = [this](const std::string& id, bool start) {
    return start ? waker_->start(id, {}) : waker_->stop(id, "asked for");
  };
  providers_ = std::make_unique<Providers>(control_, *http_, *registry_, std::move(hooks));
}

void Daemon::make_waker() {
  keepers_ = std::make_unique<features::keepers::Keepers>(
      features::keepers::KeeperTools{.control = control_,
                                     .http = *http_,
                                     .state_dir = global_->state_dir,
                                     .docker = &providers_->docker_engine()});
  waker_ = std::make_unique<core::Waker>(core::Waker::Parts{
      .control = control_,
      .services = proxy_->services(),
      .on_desk =
          [this](std::function<void(core::Desk&)> job) { proxy_->on_some_desk(std::move(job)); },
      .make_keeper =
          [this](const config::ServerConfig& server, const config::GlobalConfig& global,
                 api::KeeperReports on_report) {
            return keepers_->make({server, global, std::move(on_report)});
          },
      .state_dir = global_->state_dir});
  proxy_->services().waker = waker_.get();
}

// Servers that end together with the proxy.
void Daemon::end_servers(const std::function<void()>& done) {
  waker_->proxy_ends([this, done] { keepers_->proxy_ends(done); });
}

// Before the first connection: bans and filters hold from the start.
int Daemon::begin_gate() {
  gate_files_ =
      std::make_unique<GateFiles>(*watch_, [this] { apply_lists(); }, [this] { publish(); });
  bans_ = std::make_unique<core::BanStore>(
      control_, [this](core::BanListPtr bans) { proxy_->set_bans(std::move(bans)); });
  const auto begun = bans_->configure(global_->ban);
  if (begun) return exit_ok;
  log::error("bans", "the ban file cannot be read, so its bans would not hold",
             {{"reason", begun.error().what}});
  return exit_config;
}

// Without it players are served all the same; only commands cannot ask.
void Daemon::open_control_socket() {
  control_socket_ = std::make_unique<control::ControlSocket>(
      control_, global_->control.socket,
      [this](std::string_view request) { return answer(request); }, log_stream);
  if (const auto opened = control_socket_->open(); !opened)
    log::warn("app", "`drawbridge status` will not work", {{"reason", opened.error().what}});
}

// A list of networks changed: whoever names it is read again.
void Daemon::apply_lists() {
  apply_global();
  server_files_->reread_lists();
  providers_->resync();  // labels may name lists, too
  publish();
}

int Daemon::open() {
  gate_files_->follow(*global_, registry_->described(), server_files_->lists_of_bad());
  registry_->set_countries(gate_files_->countries());
  core::WorldChange first = registry_->build();
  world_ = first.world;
  check_together();
  if (options_.strict &&
      (server_files_->had_errors() || errors_together_ || registry_->has_doubled_ids())) {
    log::error("config", "a server file is bad, and --strict was asked for");
    return exit_config;
  }
  const auto failures = proxy_->start(world_);
  for (const core::ListenFailure& failure : failures) log_listen_failure(failure);
  if (!failures.empty()) return exit_runtime;
  if (world_->listeners.empty()) {
    log::error("net", "there is nothing to listen on: set `bind`, or a [[listener]] table");
    return exit_config;
  }
  waker_->set_world(world_);
  drain_book_->set_world(world_);
  log::info("app", "ready",
            {{"servers", world_->servers.size()}, {"servers_dir", global_->servers_dir.string()}});
  if (world_->servers.empty())
    log::info(
        "app",
        fmt::format(
            "no server is configured yet: create {}/my-server.toml with `domains` and `addresses`",
            global_->servers_dir.string()));
  return exit_ok;
}

// A sign of life only while every worker gets round to its work: three looks in the time that the
// service manager waits.
void Daemon::watch_workers() {
  const Duration every = service_manager_.watchdog() / 3;
  if (every <= Duration::zero()) return;
  const bool answer = proxy_->workers_answer();
  if (answer) service_manager_.alive();
  if (answer == workers_silent_) {
    workers_silent_ = !answer;
    if (answer)
      log::info("app", "every worker answers again");
    else
      log::warn("app", "a worker does not answer, so the service manager gets no sign of life");
  }
  watchdog_ = control_.after(every, [this] { watch_workers(); });
}

// --- Changes of files ---

void Daemon::watch_global() {
  // Where none is yet, one may be written.
  const std::filesystem::path path = global_path_.value_or("drawbridge.toml");
  global_watch_ = watch_->watch_file(path, [this](const control::ChangedPaths&) {
    apply_global();
    publish();
  });
}

void Daemon::tell(const config::Problems& problems) {
  log_problems(problems);
  if (!is_asked_to_reload_) return;
  for (std::string& text : texts_of(problems)) outcome_.problems.push_back(std::move(text));
}

void Daemon::apply_global() {
  if (!global_path_) global_path_ = config::find_global_file(options_.config).path;
  config::Loaded loaded = config::load_global(global_path_, options_.overlays);
  tell(loaded.problems);
  if (!loaded.config) {
    log::error("config", "the global file is bad; the values that are live stay");
    ++outcome_.errors;
    return;
  }
  const config::Changes changes = config::diff(*global_, *loaded.config);
  if (changes.empty()) return;
  std::vector<std::string> live = changes.live;
  live.insert(live.end(), changes.new_connections.begin(), changes.new_connections.end());
  if (!live.empty()) log::info("config", "changed", {{"keys", joined(live)}});
  if (!changes.restart.empty())
    log::warn("config", "changed, but these wait for a restart",
              {{"keys", joined(changes.restart)}});
  log_inactive(config::inactive_keys(*loaded.config, loaded.origins),
               config::inactive_keys(*global_, origins_));
  outcome_.changed = live;
  outcome_.waiting = changes.restart;
  const auto old_folder = global_->servers_dir;
  global_ = std::make_shared<const config::GlobalConfig>(
      config::without_restart_keys(*global_, std::move(*loaded.config)));
  origins_ = std::move(loaded.origins);
  registry_->set_global(global_);
  set_permissions();
  providers_->follow(*global_);
  if (const auto configured = bans_->configure(global_->ban); !configured)
    log::error("bans", "the ban file cannot be read", {{"reason", configured.error().what}});
  if (global_->servers_dir != old_folder) {
    server_files_->follow(global_->servers_dir);
  }
}

// What only shows when all files are looked at together; each finding is said once for as long as
// it lasts.
void Daemon::check_together() {
  config::Problems fresh;
  std::set<std::string> said;
  const config::Problems found = config::cross_check(*global_, origins_, registry_->described());
  if (config::has_errors(found)) errors_together_ = true;
  for (const config::Problem& problem : found) {
    if (!found_together_.contains(problem.text())) fresh.push_back(problem);
    said.insert(problem.text());
  }
  log_problems(fresh);
  found_together_ = std::move(said);
}

void Daemon::publish() {
  if (stopping_) return;
  gate_files_->follow(*global_, registry_->described(), server_files_->lists_of_bad());
  registry_->set_countries(gate_files_->countries());
  const core::WorldChange change = registry_->build();
  world_ = change.world;
  for (const core::ListenFailure& failure : proxy_->publish(change)) {
    log_listen_failure(failure);
    ++outcome_.errors;
    outcome_.problems.push_back(fmt::format("{}: {}; tried again every ten seconds",
                                            failure.address,
                                            failure.in_use ? "the port is taken" : failure.reason));
  }
  waker_->set_world(world_);
  drain_book_->set_world(world_);
  outcome_.added = change.added;
  outcome_.updated = change.updated;
  outcome_.removed = change.removed;
  if (change.servers_changed())
    log::info("config", "servers changed",
              {{"added", joined(change.added)},
               {"updated", joined(change.updated)},
               {"removed", joined(change.removed)}});
  check_together();
}

ReloadOutcome Daemon::read_everything() {
  service_manager_.reloading();
  outcome_ = {};
  is_asked_to_reload_ = true;
  apply_global();
  drain_book_->read();
  server_files_->reread();
  providers_->resync();
  registry_->reread_pictures();
  bans_->reload();
  publish();
  is_asked_to_reload_ = false;
  outcome_.errors += server_files_->faults() + server_files_->bad().size();
  for (const auto& [path, bad] : server_files_->bad())
    outcome_.problems.insert(outcome_.problems.end(), bad.problems.begin(), bad.problems.end());
  const auto count = [](const std::vector<std::string>& items) { return items.size(); };
  log::info("config", "reloaded",
            {{"changed", joined(outcome_.changed)},
             {"wait_for_restart", joined(outcome_.waiting)},
             {"added", count(outcome_.added)},
             {"updated", count(outcome_.updated)},
             {"removed", count(outcome_.removed)},
             {"errors", outcome_.errors}});
  service_manager_.ready(fmt::format("serving {} servers", world_->servers.size()));
  return outcome_;
}

ReloadOutcome Daemon::reload() {
  ReloadOutcome outcome;
  control_.run_and_wait([&] {
    if (stopping_) return;
    outcome = read_everything();
    proxy_->settle();
  });
  return outcome;
}

void Daemon::settle() {
  control_.run_and_wait([this] { proxy_->settle(); });
}

// --- The end ---

void Daemon::handle_signals() {
  control_.on_signals({SIGTERM, SIGINT, SIGHUP}, [this](int signal) { on_signal(signal); });
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) {
    log::info("app", "reloading (SIGHUP)");
    if (!stopping_) read_everything();
    return;
  }
  ++signals_seen_;
  if (signals_seen_ > 1) {
    log::warn("app", "stopping at once");
    log::flush();
    if (options_.before_exit) options_.before_exit();
    std::_Exit(signal == SIGINT ? 130 : 143);
  }
  log::info("app",
            signal == SIGINT ? "stopping (SIGINT); again to leave at once" : "stopping (SIGTERM)");
  begin_stop(std::nullopt);
}

void Daemon::stop(std::optional<Duration> drain) {
  control_.post([this, drain] { begin_stop(drain); });
}

void Daemon::begin_stop(std::optional<Duration> drain) {
  if (stopping_) return;
  stopping_ = true;
  if (!serving_) return control_.stop();
  const Duration time = drain.value_or(global_->shutdown.drain);
  Duration servers{};
  for (const core::ServerPtr& server : world_->servers)
    if (server->wake)
      servers = std::max(servers, server->config.server_manager->shutdown_timeout + seconds(15));
  service_manager_.stopping(time + servers + seconds(15));
  proxy_->shut_down(time, [this] {
    end_servers([this] {
      log::info("app", "stopped");
      control_.stop();
    });
  });
}

int Daemon::wait() {
  control_.join();
  log::flush();
  return exit_ok;
}

std::vector<Endpoint> Daemon::addresses() {
  std::vector<Endpoint> out;
  control_.run_and_wait([&] { out = proxy_->addresses(); });
  return out;
}

std::uint64_t Daemon::generation() {
  std::uint64_t out = 0;
  control_.run_and_wait([&] { out = world_->generation; });
  return out;
}

}  // namespace drawbridge::app
