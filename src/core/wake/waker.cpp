#include "core/wake/waker.hpp"

#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "config/plain_file.hpp"
#include "core/desk.hpp"
#include "core/wake/ping.hpp"
#include "core/wake/wake_file.hpp"

namespace drawbridge::core {

namespace {

namespace fs = std::filesystem;

constexpr Duration save_delay = seconds(1);
constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr mode_t rights_of_new = 0640;

fs::path file_in(const fs::path& state_dir) {
  return state_dir / "wake.json";
}

// Webhooks are told the server's first address.
bool is_kept_alike(const config::ServerConfig& before, const config::ServerConfig& now) {
  if (before.server_manager != now.server_manager) return false;
  return now.server_manager->type != config::KeeperType::webhook ||
         before.addresses == now.addresses;
}

}  // namespace

Waker::Waker(Parts parts)
    : parts_(std::move(parts)),
      tools_{
          .control = parts_.control,
          .budget = budget_,
          .ping = [this](ServerPtr server,
                         std::function<void(PingOutcome)> done) { ping(server, std::move(done)); },
          .status_changed =
              [this](const Server& server) {
                parts_.services.status_cache.invalidate(server.id());
              },
          .changed = [this] { save_soon(); },
          .time_to_come_again = [this] { return parts_.services.time_to_come_again.load(); },
          // The desks look once a second.
          .time_to_settle =
              [this] { return parts_.services.time_to_settle.load() + Duration(seconds(1)); }} {
  load();
}

Waker::~Waker() {
  *alive_ = false;
  if (unsaved_) save();  // whether or not the control thread, and its timers with it, has ended
  sleepers_.clear();
}

void Waker::set_world(const WorldPtr& world) {
  for (const ServerPtr& server : world->servers)
    if (server->wake) sync(server, *world->global);
  for (auto at = sleepers_.begin(); at != sleepers_.end();) {
    const Server* now = world->find(at->first);
    if (now != nullptr && now->wake) {
      ++at;
    } else {
      remembered_[at->first] = at->second->memory();
      at = sleepers_.erase(at);
    }
  }
}

void Waker::sync(const ServerPtr& server, const config::GlobalConfig& global) {
  auto& sleeper = sleepers_[server->id()];
  if (!sleeper) {
    sleeper = std::make_unique<Sleeper>(tools_, server, std::move(remembered_[server->id()]));
    remembered_.erase(server->id());
    return employ(*sleeper, server, global);
  }
  if (&sleeper->server() == server.get()) return;
  const bool same_keeper = is_kept_alike(sleeper->server().config, server->config);
  sleeper->follow(server);
  if (!same_keeper) employ(*sleeper, server, global);
}

void Waker::employ(Sleeper& sleeper, const ServerPtr& server, const config::GlobalConfig& global) {
  auto keeper = parts_.make_keeper(
      server->config, global,
      [this, alive = alive_, id = server->id()](const api::KeeperReport& report) {
        if (!*alive) return;
        if (Sleeper* at = find(id)) at->on_report(report);
      });
  if (keeper) return sleeper.employ(std::move(keeper));
  // `is_active` and the keepers that are built in disagree.
  log::error("wake", "no keeper of that type is built in", {{"server", server->id()}});
  sleepers_.erase(server->id());
}

Sleeper* Waker::find(std::string_view id) {
  const auto at = sleepers_.find(id);
  return at == sleepers_.end() ? nullptr : at->second.get();
}

void Waker::ping(const ServerPtr& server, std::function<void(PingOutcome)> done) {
  // Whatever becomes of the worker, the one who asks hears something.
  struct Once {
    Once(control::ControlThread& t, std::function<void(PingOutcome)> d)
        : thread(t), done(std::move(d)) {}
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;
    ~Once() { tell({}); }
    void tell(PingOutcome outcome) {
      if (!done) return;
      thread.post([done = std::exchange(done, nullptr), outcome = std::move(outcome)]() mutable {
        done(std::move(outcome));
      });
    }
    control::ControlThread& thread;
    std::function<void(PingOutcome)> done;
  };
  auto once = std::make_shared<Once>(parts_.control,
                                     [alive = alive_, done = std::move(done)](PingOutcome outcome) {
                                       if (*alive) done(std::move(outcome));
                                     });
  parts_.on_desk([server, once = std::move(once)](Desk& desk) {
    desk.worker().spawn(
        ping_server(desk, server, [once](PingOutcome outcome) { once->tell(std::move(outcome)); }));
  });
}

void Waker::knock(Knock knock, WakeWaiter waiter) {
  parts_.control.post(
      [this, alive = alive_, knock = std::move(knock), waiter = std::move(waiter)]() mutable {
        Sleeper* at = *alive ? find(knock.server) : nullptr;
        if (at == nullptr) return waiter.answer({.kind = WakeAnswer::Kind::not_needed});
        at->knock(knock, std::move(waiter));
      });
}

Result<> Waker::start(std::string_view server, api::WakeRequest request) {
  Sleeper* at = find(server);
  if (at == nullptr) return fail(Fault::client, "there is no server {} that sleeps", server);
  request.cause = api::WakeCause::api;
  Knock knock{.server = std::string(server),
              .source = {},
              .who = std::move(request),
              .unreachable = false,
              .waits = false};
  at->knock(knock, {.answer = [](const WakeAnswer&) {}, .alive = {}});
  return {};
}

Result<> Waker::stop(std::string_view server, std::string why) {
  Sleeper* at = find(server);
  if (at == nullptr) return fail(Fault::client, "there is no server {} that sleeps", server);
  return at->stop(std::move(why));
}

void Waker::proxy_ends(std::function<void()> done) {
  if (unsaved_) save();
  save_timer_.cancel();
  if (sleepers_.empty()) return done();
  const auto left = std::make_shared<std::size_t>(sleepers_.size());
  for (auto& [id, sleeper] : sleepers_)
    sleeper->proxy_ends([left, done] {
      if (--*left == 0) done();
    });
}

// --- What is kept ---

void Waker::load() {
  const fs::path path = file_in(parts_.state_dir);
  const auto file = config::read_plain_file(path, largest_file);
  if (file && !file->exists()) return;
  auto read = file ? parse_wake_file(file->text) : std::unexpected(file.error());
  if (read) {
    remembered_ = std::move(*read);
  } else {
    log::warn("wake", "what was learned about starts is lost",
              {{"file", path.native()}, {"reason", read.error().what}});
  }
}

void Waker::save_soon() {
  if (std::exchange(unsaved_, true)) return;
  save_timer_ = parts_.control.after(save_delay, [this] { save(); });
}

void Waker::save() {
  unsaved_ = false;
  WakeMemories all = remembered_;
  for (const auto& [id, sleeper] : sleepers_) all[id] = sleeper->memory();
  const fs::path path = file_in(parts_.state_dir);
  std::error_code ignored;
  fs::create_directories(parts_.state_dir, ignored);
  const bool failed = !config::replace_file(path, wake_file_text(all), rights_of_new).has_value();
  if (failed && !save_failed_)
    log::warn("wake", "cannot be kept over a restart: how long servers take to start",
              {{"file", path.native()}});
  save_failed_ = failed;
}

}  // namespace drawbridge::core
