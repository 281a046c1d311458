#include "core/proxy.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <latch>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "core/limbo/reconnect.hpp"
#include "core/limbo/server_wake.hpp"
#include "core/session/packet_pump.hpp"
#include "core/texts.hpp"
#include "net/pipe_pool.hpp"
#include "net/socket_options.hpp"

namespace drawbridge::core {

namespace {

constexpr Duration drain_poll = milliseconds(100);
// For those who are in the middle of a ping or a log-in when it stops.
constexpr Duration setups_limit = seconds(1);
// For the words at the end of the drain to reach those who read slowly.
constexpr Duration farewell_limit = seconds(2);
constexpr Duration farewell_poll = milliseconds(20);
constexpr Duration open_again_every = seconds(10);

std::size_t worker_count(const config::GlobalConfig& global) {
  if (global.worker_threads != 0) return global.worker_threads;
  return std::max(1U, std::thread::hardware_concurrency());
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return std::min<rlim_t>(limit.rlim_cur, std::size_t{1} << 24);
}

void warn_of_congestion(const config::GlobalConfig& global) {
  if (global.tcp_congestion.empty()) return;
  const auto usable = net::check_congestion(global.tcp_congestion);
  if (!usable)
    log::warn("net", "tcp_congestion is not used",
              {{"value", global.tcp_congestion}, {"reason", usable.error().what}});
}

}  // namespace

Proxy::Open::~Open() {
  if (listener) listener->close();
}

Proxy::Open& Proxy::Open::operator=(Open&& other) noexcept {
  if (listener && listener != other.listener) listener->close();
  config = std::move(other.config);
  listener = std::move(other.listener);
  key = std::move(other.key);
  accepts = other.accepts;
  return *this;
}

// What of a listener can change while it is open: the rights of its socket, and who it believes.
void Proxy::Open::follow(const ListenerRules& rules) {
  const bool same_rights = rules.config.mode == config.mode;
  config = rules.config;
  key->reads_headers = config.receive_proxy_protocol != config::ReceiveProxy::off;
  if (!same_rights && config.bind.is_unix())
    chmod(config.bind.unix_path.c_str(), static_cast<mode_t>(config.mode));
}

Proxy::Proxy(control::ControlThread& control, control::Resolver& resolver,
             control::HttpClient& http)
    : control_(control),
      services_(resolver, http),
      prober_(control, [this](std::function<void(Desk&)> job) { on_some_desk(std::move(job)); }) {
  services_.limbo_handlers.add(std::string(ServerWake::name), std::make_shared<ServerWake>());
  services_.limbo_handlers.add(std::string(Reconnect::name), std::make_shared<Reconnect>());
}

Proxy::~Proxy() {
  stop();
}

std::vector<ListenFailure> Proxy::start(WorldPtr world) {
  std::vector<ListenFailure> failures = open_missing(*world);
  if (!failures.empty() || listeners_.empty()) {
    listeners_.clear();
    return failures;
  }
  warn_of_congestion(*world->global);
  global_ = world->global;
  const std::size_t count = worker_count(*world->global);
  services_.workers = count;
  services_.descriptors = descriptor_limit();
  try {
    start_workers(world, count);
  } catch (const std::system_error& error) {
    stop();
    return {
        {.address = fmt::format("{} workers", count),
         .reason = fmt::format("they cannot be started ({}); a worker needs 5 descriptors and a "
                               "thread: see `worker_threads` and `ulimit -n`",
                               error.code().message())}};
  }
  for (Open& open : listeners_) start_accepting(open);
  prober_.set_world(std::move(world));
  tick();
  return {};
}

// Throws std::system_error when descriptors or threads run out.
void Proxy::start_workers(const WorldPtr& world, std::size_t count) {
  const auto pipes = std::make_shared<net::PipePool>();
  for (std::size_t i = 0; i < count; ++i) {
    posts_.push_back(std::make_unique<Post>(
        net::Worker::Options{.index = static_cast<int>(i), .coalesce = {}, .pipes = pipes},
        services_));
    services_.desks.push_back(&posts_.back()->desk);
    posts_.back()->desk.set_world(world);
    posts_.back()->desk.set_bans(bans_);
  }
  for (const auto& post : posts_)
    post->thread = std::thread([worker = &post->worker] { worker->run(); });
}

bool Proxy::workers_answer() {
  const bool all = std::ranges::all_of(
      posts_, [this](const auto& post) { return post->beat->load() == beats_; });
  // While one is silent there is no need to fill its queue.
  if (!all) return false;
  ++beats_;
  for (const auto& post : posts_)
    post->worker.post([beat = post->beat, now = beats_] { beat->store(now); });
  return true;
}

void Proxy::on_some_desk(std::function<void(Desk&)> job) {
  if (posts_.empty()) return;
  Post& post = *posts_[next_post_++ % posts_.size()];
  post.worker.post([desk = &post.desk, job = std::move(job)] { job(*desk); });
}

void Proxy::list_players(std::function<void(std::vector<PlayerNote>)> done) {
  // Handed over when the last worker's copy goes, be its mail read or dropped.
  struct Gathered {
    Gathered(control::ControlThread& t, std::function<void(std::vector<PlayerNote>)> d)
        : thread(t), done(std::move(d)) {}
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
    ~Gathered() {
      thread.post(
          [done = std::move(done), all = std::move(all)]() mutable { done(std::move(all)); });
    }
    control::ControlThread& thread;
    std::function<void(std::vector<PlayerNote>)> done;
    std::mutex mutex;  // guards `all`
    std::vector<PlayerNote> all;
  };
  const auto gathered = std::make_shared<Gathered>(control_, std::move(done));
  for (const auto& post : posts_)
    post->worker.post([desk = &post->desk, gathered] {
      std::vector<PlayerNote> mine = desk->players();
      const std::scoped_lock lock(gathered->mutex);
      std::ranges::move(mine, std::back_inserter(gathered->all));
    });
}

std::vector<ListenFailure> Proxy::publish(const WorldChange& change) {
  for (const std::string& id : change.updated) services_.status_cache.invalidate(id);
  for (const std::string& id : change.removed) services_.status_cache.remove(id);
  // These are of servers and addresses; they are few, and soon asked for again.
  if (!change.updated.empty() || !change.removed.empty()) services_.routed_status_cache.clear();
  const WorldPtr& world = change.world;
  if (world->global->tcp_congestion != global_->tcp_congestion) warn_of_congestion(*world->global);
  global_ = world->global;
  for (const auto& post : posts_)
    post->worker.post([desk = &post->desk, world] { desk->set_world(world); });

  prober_.set_world(world);
  return follow_listeners(world);
}

std::vector<Proxy::Open> Proxy::take_unwanted(const World& world) {
  std::vector<Open> out;
  std::vector<Open> wanted;
  for (Open& open : listeners_) {
    const ListenerRules* rules = world.listener(open.config.bind.text());
    if (rules != nullptr) open.follow(*rules);
    (rules != nullptr ? wanted : out).push_back(std::move(open));
  }
  listeners_ = std::move(wanted);
  return out;
}

// Opens what is missing beside what is there, then closes what nobody wants any more: a `bind` that
// cannot be opened must not shut the only door. What could not be opened is tried again.
std::vector<ListenFailure> Proxy::follow_listeners(const WorldPtr& world) {
  std::vector<Open> leaving = take_unwanted(*world);
  auto failures = open_missing(*world);
  // One that is to go may have the port of one that is to come ([::] after 0.0.0.0).
  const auto is_in_the_way = [&failures](const Open& open) {
    return std::ranges::any_of(failures, [&](const ListenFailure& failure) {
      return failure.in_use && failure.port == open.config.bind.port;
    });
  };
  std::vector<config::EffectiveListener> closed;
  for (const Open& open : leaving)
    if (is_in_the_way(open)) closed.push_back(open.config);
  std::erase_if(leaving, is_in_the_way);
  if (!closed.empty()) failures = open_missing(*world);
  if (listeners_.empty()) {
    ListenFailure ignored;
    for (const config::EffectiveListener& one : closed)
      if (auto again = open(one, *world->global, ignored)) leaving.push_back(std::move(*again));
    listeners_ = std::exchange(leaving, {});
    for (const Open& open : listeners_)
      log::warn("net", "still listening where it was, as nothing else could be opened",
                {{"address", open.config.bind.text()}});
  }
  for (const Open& open : leaving)
    log::info("net", "no longer listening", {{"address", open.config.bind.text()}});
  for (Open& open : listeners_)
    if (!open.accepts) start_accepting(open);
  open_again_.cancel();
  if (!failures.empty())
    open_again_ = control_.after(open_again_every, [this, world] { follow_listeners(world); });
  return failures;
}

void Proxy::set_bans(BanListPtr bans) {
  bans_ = std::move(bans);
  for (const auto& post : posts_)
    post->worker.post([desk = &post->desk, bans = bans_] { desk->set_bans(bans); });
}

RefusalReport Proxy::refusals() const {
  RefusalReport out;
  const TimePoint now = Clock::now();
  for (const auto& post : posts_) out.merge(post->desk.refusal_report(now));
  return out;
}

void Proxy::settle() {
  std::latch there(static_cast<std::ptrdiff_t>(posts_.size()));
  // Counts when it goes, so that a worker that ends without looking at its mail counts too.
  const auto counted = [&there] {
    return std::unique_ptr<std::latch, void (*)(std::latch*)>(
        &there, [](std::latch* latch) { latch->count_down(); });
  };
  for (const auto& post : posts_) post->worker.post([token = counted()] {});
  there.wait();
}

void Proxy::ask_desks(const std::function<void(Desk&)>& job) {
  for (const auto& post : posts_) post->worker.post([desk = &post->desk, &job] { job(*desk); });
  settle();
}

void Proxy::move_player(std::uint64_t number, const MoveOrder& order) {
  for (const auto& post : posts_)
    post->worker.post([desk = &post->desk, number, order] {
      if (desk->find_session(number) != nullptr) desk->mover().move(number, order);
    });
}

void Proxy::tell_player(std::uint64_t number, const mc::Text& words) {
  for (const auto& post : posts_)
    post->worker.post([desk = &post->desk, number, words] { desk->tell_session(number, words); });
}

std::vector<PlayerNote> Proxy::players() {
  std::mutex mutex;  // guards `all`
  std::vector<PlayerNote> all;
  ask_desks([&](Desk& desk) {
    std::vector<PlayerNote> mine = desk.players();
    const std::scoped_lock lock(mutex);
    std::ranges::move(mine, std::back_inserter(all));
  });
  return all;
}

std::size_t Proxy::set_ups() {
  std::atomic<std::size_t> count = 0;
  for (const auto& post : posts_)
    post->worker.post([worker = &post->worker, &count] { count += worker->tasks(); });
  settle();
  return count;
}

bool Proxy::is_open(const config::EffectiveListener& wanted) const {
  return std::ranges::any_of(
      listeners_, [&](const Open& open) { return open.config.bind.text() == wanted.bind.text(); });
}

std::vector<ListenFailure> Proxy::open_missing(const World& world) {
  std::vector<ListenFailure> failures;
  for (const ListenerRules& rules : world.listeners) {
    if (is_open(rules.config)) continue;
    ListenFailure failure;
    auto opened = open(rules.config, *world.global, failure);
    if (opened)
      listeners_.push_back(std::move(*opened));
    else
      failures.push_back(std::move(failure));
  }
  return failures;
}

Result<Proxy::Open> Proxy::open(const config::EffectiveListener& wanted,
                                const config::GlobalConfig& global, ListenFailure& failure) {
  failure.address = wanted.bind.text();
  failure.port = wanted.bind.port;
  const Endpoint endpoint{wanted.bind.ip.value_or(IpAddress{}), wanted.bind.port};
  net::ListenerOptions options{
      .bind = {.endpoint = endpoint, .unix_path = wanted.bind.unix_path, .unix_mode = wanted.mode},
      .name = wanted.name,
      .reuse_port = global.so_reuseport,
      .on_accept = {},
      .on_exhausted = {}};
  const auto key = std::make_shared<ListenerKey>();
  key->bind = wanted.bind.text();
  key->reads_headers = wanted.receive_proxy_protocol != config::ReceiveProxy::off;
  options.on_accept = [this, key](net::Worker& worker, net::Fd fd, Endpoint peer,
                                  const net::Listener&) {
    posts_[static_cast<std::size_t>(worker.index())]->desk.accept(
        std::move(fd), {.peer = peer, .listener = key, .at = {}, .place = {}, .source = {}});
  };
  options.on_exhausted = [this](net::Worker& worker) {
    posts_[static_cast<std::size_t>(worker.index())]->desk.shed_for_descriptors();
  };
  auto listener = net::Listener::open(std::move(options), &failure.in_use);
  if (!listener) {
    failure.reason = listener.error().what;
    return std::unexpected(std::move(listener.error()));
  }
  return Open(wanted, std::move(*listener), key);
}

void Proxy::start_accepting(Open& open) {
  std::vector<net::Worker*> workers;
  for (const auto& post : posts_) workers.push_back(&post->worker);
  open.listener->start(workers);
  open.accepts = true;
  log::info("net", "listening",
            {{"address", open.config.bind.is_unix() ? open.config.bind.text()
                                                    : open.listener->address().text()},
             {"name", open.config.name}});
  if (open.listener->fell_back_to_ipv4())
    log::warn("net", "this system has no IPv6, so only IPv4 is listened on",
              {{"asked", open.config.bind.text()}});
}

std::vector<Endpoint> Proxy::addresses() const {
  std::vector<Endpoint> out;
  for (const Open& open : listeners_)
    if (!open.config.bind.is_unix()) out.push_back(open.listener->address());
  return out;
}

void Proxy::tick() {
  for (const LogSummary& summary : services_.throttle.summaries(Clock::now()))
    log::info("connection", summary.reason, {{"suppressed", summary.text()}});
  tick_ = control_.after(seconds(1), [this] { tick(); });
}

void Proxy::shut_down(Duration drain, std::function<void()> done) {
  services_.stopping = true;
  open_again_.cancel();
  listeners_.clear();
  if (connections() > 0)
    log::info("app", "waiting for players to leave",
              {{"connections", connections()},
               {"at_most", std::chrono::duration_cast<seconds>(drain).count()}});
  // Players whose packets pass through us can be told, if time is left to do something about it; a
  // relay's bytes are none of our business.
  if (drain > Duration::zero())
    for (const auto& post : posts_)
      post->worker.post([desk = &post->desk] { desk->tell_players(config::Kick::shutdown); });
  setups_until_ = Clock::now() + setups_limit;
  await_drain(Clock::now() + drain, std::move(done));
}

void Proxy::await_drain(TimePoint until, std::function<void()> done) {
  if (connections() == 0) return finish(done);
  // Without a player there is nobody to wait for: a ping, a scanner, somebody who says nothing.
  if (services_.sessions == 0 && Clock::now() >= setups_until_) return finish(done);
  if (Clock::now() >= until) {
    for (const auto& post : posts_)
      post->worker.post([desk = &post->desk] {
        desk->kick_players(config::Kick::shutdown, SessionEndReason::shutdown);
      });
    return await_farewell(Clock::now() + farewell_limit, std::move(done));
  }
  drain_ = control_.after(drain_poll,
                          [this, until, done = std::move(done)] { await_drain(until, done); });
}

// Those who can read why are given the time to; relayed players cannot and have had theirs.
void Proxy::await_farewell(TimePoint until, std::function<void()> done) {
  const bool was_last_look = services_.intercepted == 0 || Clock::now() >= until;
  drain_ = control_.after(farewell_poll, [this, was_last_look, until, done = std::move(done)] {
    if (was_last_look) return finish(done);
    await_farewell(until, done);
  });
}

void Proxy::finish(const std::function<void()>& done) {
  stop();
  done();
}

void Proxy::stop() {
  if (stopped_) return;
  stopped_ = true;
  services_.stopping = true;
  prober_.stop();
  tick_.cancel();
  drain_.cancel();
  open_again_.cancel();
  listeners_.clear();
  for (const auto& post : posts_) post->worker.stop();
  for (const auto& post : posts_)
    if (post->thread.joinable()) post->thread.join();
  posts_.clear();
}

}  // namespace drawbridge::core
