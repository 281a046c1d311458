// The log's inside: what is set, and where lines go. Which of them pass is log_filter.cpp, how they
// look log_line.cpp.
//
// A line is formatted by the thread that logs, and then written by one thread of spdlog's, through
// a bounded queue: a terminal in scroll lock or a supervisor that no longer reads its pipe must not
// stop a worker, and with it every player on it. When the queue is full the oldest lines go; the
// next line that gets through says how many.
//
// That thread writes what has come in one go and then rests for some milliseconds: whoever logs
// meanwhile need not wake it. A wake-up and a write for each line would cost a worker that ends
// many connections a second 10 % of its processor.
#include "base/log.hpp"

#include <pthread.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log_filter.hpp"
#include "base/log_line.hpp"
#include "base/log_reader.hpp"

namespace drawbridge::log {

namespace {

// ---- Where lines go ----

// Longest time that a line waits for those that come with it. The first one after a pause waits for
// none.
constexpr auto rest_after_write = std::chrono::milliseconds(10);
constexpr std::size_t write_at_most = std::size_t{64} << 10;
constexpr std::size_t queue_lines = 8192;

std::atomic<log::Writer> other_writer = nullptr;

// Standard error. Lives on the log's own thread, next_flush() apart.
class StandardError final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit StandardError(spdlog::details::thread_pool& queue) : queue_(queue) {}

  // Call it before the flush is queued.
  std::future<void> next_flush() {
    const std::scoped_lock lock(waiting_mutex_);
    auto done = waiting_.emplace_back().get_future();
    asked_.notify_one();
    return done;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    give_to_readers(static_cast<Level>(message.level),
                    std::string_view(message.payload.data(), message.payload.size()));
    lines_.append(message.payload.data(), message.payload.size());
    lines_ += '\n';
    if (lines_.size() < write_at_most && queue_.queue_size() > 0) return;
    write_out();
    std::unique_lock lock(waiting_mutex_);
    asked_.wait_for(lock, rest_after_write, [&] { return !waiting_.empty(); });
  }
  void flush_() override {
    write_out();
    const std::scoped_lock lock(waiting_mutex_);
    for (auto& waiting : waiting_) waiting.set_value();
    waiting_.clear();
  }

 private:
  void write_out() {
    if (const Writer writer = other_writer.load(std::memory_order_acquire); writer != nullptr) {
      if (!lines_.empty()) writer(lines_);
      lines_.clear();
      return;
    }
    std::string_view rest = lines_;
    while (!rest.empty()) {
      const ssize_t n = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;  // nobody reads: there is no better place to say so
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    lines_.clear();
  }

  spdlog::details::thread_pool& queue_;
  std::string lines_;  // not written yet; more are in the queue
  std::mutex waiting_mutex_;
  std::condition_variable asked_;
  std::vector<std::promise<void>> waiting_;
};

// The thread and its queue. Made by the first line that is written, so that a command that logs
// nothing has no thread.
static_assert(static_cast<int>(Level::trace) == spdlog::level::trace &&
              static_cast<int>(Level::error) == spdlog::level::err);

class Queue {
 public:
  Queue() {
    // Signals belong to the program's own threads, from this thread's first instruction on.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pool_ = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    sink_ = std::make_shared<StandardError>(*pool_);
    logger_ = std::make_shared<spdlog::async_logger>("drawbridge", sink_, pool_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
    logger_->set_level(spdlog::level::trace);
  }
  void line(Level level, std::string_view text) {
    const std::size_t lost = pool_->overrun_counter();
    if (lost != told_lost_.exchange(lost, std::memory_order_relaxed))
      logger_->log(spdlog::level::warn,
                   "log lines were lost, because nobody read fast enough lost_in_all={}", lost);
    logger_->log(static_cast<spdlog::level::level_enum>(level),
                 spdlog::string_view_t(text.data(), text.size()));
  }
  void flush() {
    auto done = sink_->next_flush();
    logger_->flush();
    // Bounded: with a reader that is gone for good the program must still be able to end.
    done.wait_for(std::chrono::seconds(2));
  }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<StandardError> sink_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::atomic<std::size_t> told_lost_ = 0;
};

Queue& writer() {
  // Never destroyed: objects that end after main() may still log. What is queued by then is written
  // by atexit().
  static Queue& instance = [] -> Queue& {
    auto* made = new Queue;
    std::atexit([] { flush(); });
    return *made;
  }();
  return instance;
}

// Everything that can be set while lines are written. A filter is replaced, never changed, and the
// replaced ones are kept (an operator sets a few of them in a process' life), so that readers need
// no lock.
struct State {
  std::mutex mutex;
  std::deque<Filter> filters{Filter{}};
  std::atomic<const Filter*> filter = &filters.back();
  std::atomic<Level> most_verbose = Level::info;
  std::atomic<Look> look = look_of_standard_error("auto");
  std::atomic<Sink> sink = nullptr;
  std::mutex sink_mutex;  // one line at a time
};
static_assert(std::atomic<Look>::is_always_lock_free);

State& state() {
  static State& instance = *new State;
  return instance;
}

}  // namespace

Result<> set_filter(std::string_view filter) {
  auto parsed = parse_filter(filter);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  s.filters.push_back(std::move(*parsed));
  s.filter.store(&s.filters.back(), std::memory_order_release);
  s.most_verbose.store(s.filters.back().most_verbose(), std::memory_order_relaxed);
  return {};
}

std::string filter() {
  const Filter& now = *state().filter.load(std::memory_order_acquire);
  std::string out(name_of(now.everything));
  for (const auto& [target, level] : now.targets)
    out += fmt::format(",{}={}", target, name_of(level));
  return out;
}

void set_format(Format format) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  Look look = s.look.load();
  look.format = format;
  s.look.store(look);
}

void set_color(std::string_view when) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  Look look = look_of_standard_error(when);
  look.format = s.look.load().format;
  s.look.store(look);
}

void set_sink(Sink sink) {
  State& s = state();
  const std::scoped_lock lock(s.sink_mutex);
  s.sink.store(sink);
}

void set_writer(Writer writer) {
  flush();  // what was logged before goes where it was meant to
  other_writer.store(writer, std::memory_order_release);
}

bool is_colored() {
  return state().look.load().colored;
}

void flush() {
  writer().flush();
}

bool enabled(Level level, std::string_view target) {
  const State& s = state();
  if (level == Level::off || level < s.most_verbose.load(std::memory_order_relaxed)) return false;
  return level >= s.filter.load(std::memory_order_acquire)->level_of(target);
}

void write(Level level, std::string_view target, std::string_view message, Fields fields) {
  if (!enabled(level, target)) return;
  State& s = state();
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  Look look = s.look.load(std::memory_order_relaxed);
  const bool elsewhere = s.sink.load(std::memory_order_acquire) != nullptr;
  if (elsewhere) look.colored = look.local_time = false;
  const std::string line = look.format == Format::json
                               ? json_line(now, level, target, message, fields)
                               : text_line(look, now, level, message, fields);
  if (elsewhere) {
    const std::scoped_lock lock(s.sink_mutex);
    if (const Sink sink = s.sink.load()) return sink(level, line);
  }
  writer().line(level, line);
}

}  // namespace drawbridge::log
