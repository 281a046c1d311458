#include "net/worker.hpp"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "net/mailbox.hpp"
#include "net/pump.hpp"
#include "net/stream_socket.hpp"
#include "net/sys.hpp"

namespace drawbridge::net {

namespace {

thread_local Worker* current_worker = nullptr;

// epoll's 64 bits of user data: the target's address (a multiple of 8) and the slot.
constexpr std::uint64_t slot_mask = 7;
// Addresses that are no object: the worker's own two descriptors.
constexpr std::uint64_t mail_tag = 8;
constexpr std::uint64_t timer_tag = 16;

[[noreturn]] void give_up(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Signals belong to the main thread; splice() to a closed socket raises SIGPIPE here, which must
// not end the process. Faults stay open (a blocked SIGSEGV would kill without a report), and so
// does the profiler's signal.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t set;
    sigfillset(&set);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}) {
      sigdelset(&set, signal);
    }
    pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~BlockSignals() {
    // One SIGPIPE may be pending; taken here, or it would be delivered by the unblocking.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const timespec at_once{};
    while (sigtimedwait(&pipe, nullptr, &at_once) == SIGPIPE) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  sigset_t before_;
};

timespec to_timespec(Duration d) {
  const auto s = std::chrono::duration_cast<seconds>(d);
  return {static_cast<time_t>(s.count()), static_cast<long>((d - s).count())};
}

}  // namespace

// The first coroutine of a chain, owned until it ends.
struct Worker::Root final : TaskControl {
  Root(Worker& w, Task<> t) : worker(w), task(std::move(t)) {}
  Worker& worker;
  Task<> task;
  Root* prev = nullptr;
  Root* next = nullptr;

  static void* operator new(std::size_t bytes) { return setup_allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { setup_release(p, bytes); }
};

Worker::Worker(Options options)
    : options_(std::move(options)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      urgent_(epoll_create1(EPOLL_CLOEXEC)),
      timer_fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      mailbox_(std::make_shared<Mailbox>()),
      coalesce_(options_.coalesce),
      second_tick_(*this) {
  if (!epoll_.valid() || !urgent_.valid() || !timer_fd_.valid()) give_up("worker");
  epoll_event mail{.events = EPOLLIN, .data = {.u64 = mail_tag}};
  // Edge-triggered: arming the timer again clears it, so it is never read.
  epoll_event timer{.events = EPOLLIN | EPOLLET, .data = {.u64 = timer_tag}};
  for (const int epoll : {epoll_.get(), urgent_.get()}) {
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, mailbox_->fd(), &mail) != 0) give_up("epoll_ctl");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, timer_fd_.get(), &timer) != 0) give_up("epoll_ctl");
  }
  if (!options_.pipes) options_.pipes = std::make_shared<PipePool>();
  pump_ = std::make_unique<Pump>(*this, options_.pipes);
}

Worker::~Worker() {
  mailbox_->close();
}

Worker* Worker::current() {
  return current_worker;
}

TimePoint Worker::now() const {
  if (!now_known_) {
    now_ = Clock::now();
    now_known_ = true;
  }
  return now_;
}

void Worker::run() {
  const BlockSignals blocked;
  Worker* const outer = std::exchange(current_worker, this);
  if (outer == nullptr) {
    const std::string name = "worker-" + std::to_string(options_.index);
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    // The kernel may lump timeouts together by 50 us otherwise, which is a whole short slot.
    prctl(PR_SET_TIMERSLACK, 1'000UL);
  }
  load_meter_ = LoadMeter(now());
  arm(second_tick_, now() + seconds(1));
  while (!stopping_.load(std::memory_order_relaxed)) turn(true);

  shut();
  current_worker = outer;
}

// Everything that lives in this thread's set-up memory goes here, on this thread.
void Worker::shut() {
  mailbox_->close();
  attached_.clear();
  disarm(second_tick_);
  if (tasks_ != nullptr) end_tasks();
  for (auto& f : at_end_) f();
  pump_->close_all(RelayEndReason::shutdown);
  end_of_turn_.run();
  while (finishing_ != nullptr) finishing_->close();
}

void Worker::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  mailbox_->post([] {});
}

void Worker::post(Function f) {
  mailbox_->post(std::move(f));
}

void Worker::set_coalesce(Coalesce coalesce) {
  post([this, coalesce] { coalesce_ = coalesce; });
}

void Worker::on_second(Function f) {
  every_second_.push_back(std::move(f));
}

void Worker::SecondTick::on_deadline() {
  worker.arm(*this, worker.now() + seconds(1));
  for (auto& f : worker.every_second_) f();
}

void Worker::detach(const void* served) {
  const auto it = std::ranges::find_if(attached_, [&](const auto& p) { return p.get() == served; });
  if (it == attached_.end()) return;
  const std::shared_ptr<void> last = std::move(*it);
  attached_.erase(it);
}

// --- One turn ---

// A negative count is EINTR (a debugger, a stop signal): no events.
inline void Worker::dispatch(int count) {
  event_count_ = count;
  for (event_next_ = 0; event_next_ < count;) {
    const epoll_event& event = events_[static_cast<std::size_t>(event_next_++)];
    const std::uint64_t tag = event.data.u64;
    if (tag > timer_tag) [[likely]] {
      reinterpret_cast<Pollable*>(tag & ~slot_mask)
          ->on_events(static_cast<unsigned>(tag & slot_mask), event.events);
    } else if (tag == mail_tag) {
      mailbox_->drain_fd();
      attention_ = true;
    } else if (tag == timer_tag) {
      timer_fired_ = true;
      attention_ = true;
    }  // else: forgotten in this turn
  }
}

inline int Worker::sleep() {
  if (coalesce_.mode != Coalesce::Mode::off) {
    if (const Duration slot = slot_before_sleep(); slot > Duration::zero()) {
      const timespec limit = to_timespec(slot);
      epoll_event any;
      epoll_pwait2(urgent_.get(), &any, 1, &limit, nullptr);
    }
  }
  const int count = sys::wait(epoll_.get(), events_.data(), batch, -1);
  mailbox_->awake();
  return count;
}

void Worker::turn(bool may_block) {
  bool busy = !may_block;
  if (attention_) [[unlikely]]
    busy |= look_ahead();
  if (!busy && !mailbox_->prepare_to_sleep()) [[unlikely]] {
    attention_ = busy = true;
  }
  const int count = busy ? sys::wait(epoll_.get(), events_.data(), batch, 0) : sleep();
  now_known_ = false;
  dispatch(count);
  if (attention_) [[unlikely]]
    rest_of_turn();
}

// True: there is work for this turn whatever the events.
bool Worker::look_ahead() {
  if (timers_.next() < timerfd_at_) rearm_timerfd();
  current_.take(ready_);
  // What was queued while the last turn ended (a coroutine that was destroyed, say) counts too.
  attention_ = !current_.empty() || !end_of_turn_.empty();
  return attention_;
}

void Worker::rest_of_turn() {
  if (mailbox_->has_mail()) run_posted();
  if (timer_fired_) run_timers();
  current_.run();
  end_of_turn_.run();
  while (ended_ != nullptr) {
    Root* root = std::exchange(ended_, ended_->next);
    delete root;
  }
}

// How long to sleep out before the events are looked at; zero when this is no time for it.
// `event_count_` still tells what the last turn had: after a turn without traffic the next packet
// must not wait.
Duration Worker::slot_before_sleep() {
  const int last = event_count_;
  const bool had_traffic = last > 0 && last < batch;
  if (coalesce_.mode == Coalesce::Mode::fixed) {
    return had_traffic ? coalesce_.slot : Duration::zero();
  }
  if (load_meter_.note(std::max(last, 0))) load_meter_.measure(Clock::now());
  return had_traffic && task_count_ == 0 ? load_meter_.slot() : Duration::zero();
}

void Worker::forget(const Pollable& target) {
  const auto address = reinterpret_cast<std::uint64_t>(&target);
  for (int i = event_next_; i < event_count_; ++i) {
    epoll_event& event =
        events_[static_cast<std::size_t>(i)];  // packed: no reference to its members
    if ((event.data.u64 & ~slot_mask) == address) event.data.u64 = 0;
  }
}

void Worker::run_posted() {
  mailbox_->take(mail_);
  for (auto& f : mail_) f();
  mail_.clear();
}

void Worker::run_timers() {
  timer_fired_ = false;
  timerfd_at_ = no_deadline;
  timers_.run(now());
}

void Worker::rearm_timerfd() {
  timerfd_at_ = timers_.next();
  itimerspec when{};
  when.it_value = to_timespec(timerfd_at_.time_since_epoch());
  if (when.it_value.tv_sec <= 0 && when.it_value.tv_nsec <= 0) when.it_value = {0, 1};
  timerfd_settime(timer_fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

int Worker::watch(int fd, Pollable& target, unsigned slot, std::uint32_t events, bool urgent) {
  epoll_event event{.events = events,
                    .data = {.u64 = reinterpret_cast<std::uint64_t>(&target) | slot}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return errno;
  if (urgent && epoll_ctl(urgent_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    return error;
  }
  return 0;
}

void Worker::unwatch(int fd, bool urgent) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  if (urgent) epoll_ctl(urgent_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

// --- Coroutines ---

void Worker::spawn(Task<> task) {
  assert(current_worker == this);
  auto* root = new Root(*this, std::move(task));
  root->next = tasks_;
  if (tasks_ != nullptr) tasks_->prev = root;
  tasks_ = root;
  ++task_count_;
  count_load();
  auto& promise = root->task.frame_.promise();
  promise.control = root;
  promise.on_end = &Worker::task_ended;
  root->task.frame_.resume();
}

void Worker::task_ended(TaskControl* control) {
  auto* root = static_cast<Root*>(control);
  Worker& worker = root->worker;
  (root->prev != nullptr ? root->prev->next : worker.tasks_) = root->next;
  if (root->next != nullptr) root->next->prev = root->prev;
  root->next = std::exchange(worker.ended_, root);
  worker.attention_ = true;
  --worker.task_count_;
  worker.count_load();
}

void Worker::cancel_tasks() {
  for (Root* root = tasks_; root != nullptr; root = root->next) root->cancel();
}

// What was cancelled unwinds in the next turn; a coroutine that answers a cancel with another wait
// is cancelled there at once. What is still alive after that is destroyed where it stands.
void Worker::end_tasks() {
  cancel_tasks();
  attention_ = true;
  turn(false);
  while (tasks_ != nullptr) {
    Root* root = tasks_;
    tasks_ = root->next;
    if (tasks_ != nullptr) tasks_->prev = nullptr;
    --task_count_;
    delete root;
  }
}

void Worker::count_load() {
  load_.store(static_cast<std::uint32_t>(task_count_ + pump_->size() + sessions_),
              std::memory_order_relaxed);
}

}  // namespace drawbridge::net
