#include "control/control_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "control/loop.hpp"

namespace drawbridge::control {

namespace {
// Far enough never to be reached, near enough for the clock's arithmetic.
constexpr Duration longest_delay = hours{24 * 365};
}  // namespace

// --- Timer

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

void Timer::cancel() {
  if (const auto state = state_.lock()) {
    // Destroyed last: what the job holds may own this handle.
    const Job job = std::move(state->job);
    state->timer.cancel();
    state_.reset();
  }
}

bool Timer::pending() const {
  const auto state = state_.lock();
  return state && state->job;
}

// --- Loop

void Loop::run() {
  pthread_setname_np(pthread_self(), "control");
  const auto work = asio::make_work_guard(io);
  io.run();

  // From here on nothing of this thread runs any more: what waits is destroyed, by this thread.
  if (signals) {
    signals.reset();  // gives the default actions back
  }
  std::exchange(timers, {}).clear();
  std::vector<Job> dropped;
  {
    const std::lock_guard lock(mutex);
    ended = true;
    dropped.swap(posted);
  }
  dropped.clear();
  thread_id = std::thread::id{};
  ended_or_done.notify_all();
}

void Loop::run_posted() {
  std::vector<Job> batch;
  {
    const std::lock_guard lock(mutex);
    batch.swap(posted);
  }
  for (Job& job : batch) {
    if (stopping) return;
    job();
    job = Job();  // what it holds goes before the next job runs
  }
}

void Loop::wait_for_signal() {
  signals->async_wait([this](boost::system::error_code error, int signal) {
    if (error || stopping) return;
    on_signal(signal);
    wait_for_signal();
  });
}

// --- ControlThread

ControlThread::ControlThread() : loop_(std::make_unique<Loop>()) {}

ControlThread::~ControlThread() {
  stop();
  join();
}

void ControlThread::start() {
  {
    const std::lock_guard lock(loop_->mutex);
    loop_->started = true;
  }
  Loop* loop = loop_.get();
  loop_->thread = std::thread([loop] {
    loop->thread_id = std::this_thread::get_id();
    loop->run();
  });
}

void ControlThread::post(Job job) {
  Loop& loop = *loop_;
  if (loop.stopping) return;
  {
    const std::lock_guard lock(loop.mutex);
    if (loop.ended) return;
    loop.posted.push_back(std::move(job));
    if (loop.posted.size() > 1) return;  // the turn that will run them is on its way
  }
  asio::post(loop.io, [&loop] { loop.run_posted(); });
}

bool ControlThread::run_and_wait(const std::function<void()>& job) {
  Loop& loop = *loop_;
  {
    std::unique_lock lock(loop.mutex);
    if (loop.started && loop.ended) return false;
    if (!loop.started || is_current()) {
      lock.unlock();
      job();
      return true;
    }
  }
  bool done = false;
  post([&] {
    job();
    const std::lock_guard lock(loop.mutex);
    done = true;
    loop.ended_or_done.notify_all();
  });
  std::unique_lock lock(loop.mutex);
  loop.ended_or_done.wait(lock, [&] { return done || loop.ended; });
  return done;
}

Timer ControlThread::after(Duration delay, Job job) {
  Loop& loop = *loop_;
  const auto state = std::make_shared<PendingTimer>(loop.io, std::move(job));
  state->timer.expires_after(std::clamp(delay, Duration::zero(), longest_delay));
  loop.timers.insert(state);
  // Weak: a wait that was cut off stays in the io_context until that is destroyed.
  state->timer.async_wait([&loop, weak = std::weak_ptr(state)](boost::system::error_code) {
    const auto alive = weak.lock();
    if (!alive) return;
    loop.timers.erase(alive);
    Job due = std::move(alive->job);
    if (due && !loop.stopping) due();
  });
  return Timer(state);
}

void ControlThread::on_signals(std::initializer_list<int> signals,
                               std::function<void(int)> handler) {
  // A signal_set and not a signalfd: that would need the signals blocked in every thread, and a
  // blocked mask is inherited by children, who then cannot be asked to end.
  Loop& loop = *loop_;
  loop.on_signal = std::move(handler);
  loop.signals.emplace(loop.io);
  for (const int signal : signals) loop.signals->add(signal);
  loop.wait_for_signal();
}

void ControlThread::stop() {
  loop_->stopping = true;
  loop_->io.stop();
}

void ControlThread::join() {
  if (loop_->thread.joinable()) loop_->thread.join();
}

bool ControlThread::is_current() const {
  return loop_->thread_id == std::this_thread::get_id();
}

}  // namespace drawbridge::control
