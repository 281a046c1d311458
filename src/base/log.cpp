// The log's inside: which lines pass, how they look, and where they go.
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

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.hpp"

namespace drawbridge::log {

namespace {

// ---- Which lines pass ----

struct Filter {
  Level everything = Level::info;
  std::vector<std::pair<std::string, Level>> targets;

  [[nodiscard]] Level level_of(std::string_view target) const {
    for (const auto& [name, level] : targets)
      if (name == target) return level;
    return everything;
  }
  [[nodiscard]] Level most_verbose() const {
    Level lowest = everything;
    for (const auto& [name, level] : targets) lowest = std::min(lowest, level);
    return lowest;
  }
};

constexpr std::array<std::string_view, 6> level_names = {"trace", "debug", "info",
                                                         "warn",  "error", "off"};

std::optional<Level> parse_level(std::string_view word) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (equal_ignoring_case(word, level_names[i])) return static_cast<Level>(i);
  return std::nullopt;
}

// Targets of Infrarust's own filters name modules that do not exist here; each of them means
// everything.
bool means_everything(std::string_view target) {
  return target.starts_with("infrarust");
}

Result<Filter> parse_filter(std::string_view text) {
  Filter filter;
  std::optional<Level> bare;
  std::optional<Level> foreign;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view entry = trimmed(part);
    if (entry.empty()) continue;
    const auto equals = entry.find('=');
    const std::string_view target = trimmed(entry.substr(0, equals));
    if (equals == std::string_view::npos) {
      if (const auto level = parse_level(entry)) {
        bare = level;
      } else if (means_everything(entry)) {
        foreign = Level::trace;  // a target alone enables all of its levels
      } else {
        return fail(Fault::proxy,
                    "log filter: \"{}\" is none of trace, debug, info, warn, error, off",
                    escaped_for_log(entry));
      }
      continue;
    }
    const auto level = parse_level(trimmed(entry.substr(equals + 1)));
    if (!level || target.empty())
      return fail(Fault::proxy,
                  "log filter: \"{}\" is not TARGET=LEVEL with one of the levels "
                  "trace, debug, info, warn, error, off",
                  escaped_for_log(entry));
    if (means_everything(target)) {
      foreign = std::min(foreign.value_or(Level::off), *level);
    } else {
      std::erase_if(filter.targets, [&](const auto& known) { return known.first == target; });
      filter.targets.emplace_back(target, *level);
    }
  }
  filter.everything = foreign.value_or(bare.value_or(Level::info));
  return filter;
}

// ---- Where lines go ----

// Longest time that a line waits for those that come with it. The first one after a pause waits for
// none.
constexpr auto rest_after_write = std::chrono::milliseconds(10);
constexpr std::size_t write_at_most = std::size_t{64} << 10;
constexpr std::size_t queue_lines = 8192;

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
class Writer {
 public:
  Writer() {
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
  void line(std::string_view text) {
    const std::size_t lost = pool_->overrun_counter();
    if (lost != told_lost_.exchange(lost, std::memory_order_relaxed))
      logger_->log(spdlog::level::info,
                   "log lines were lost, because nobody read fast enough lost_in_all={}", lost);
    logger_->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
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

Writer& writer() {
  // Never destroyed: objects that end after main() may still log. What is queued by then is written
  // by atexit().
  static Writer& instance = [] -> Writer& {
    auto* made = new Writer;
    std::atexit([] { flush(); });
    return *made;
  }();
  return instance;
}

// ---- How lines look ----

struct alignas(4) Look {
  Format format = Format::text;
  bool colored = false;
  bool local_time = false;
};

Look look_of_standard_error(std::string_view color) {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' && std::string_view(value) != "0";
  };
  const char* terminal_kind = std::getenv("TERM");
  const bool terminal = isatty(STDERR_FILENO) == 1;
  Look look;
  look.local_time = terminal;
  if (color == "always" || color == "never") {
    look.colored = color == "always";
  } else if (std::getenv("NO_COLOR") != nullptr && *std::getenv("NO_COLOR") != '\0') {
    look.colored = false;
  } else if (is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE")) {
    look.colored = true;
  } else {
    look.colored =
        terminal && terminal_kind != nullptr && std::string_view(terminal_kind) != "dumb";
  }
  return look;
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

// Our own words may hold quotes; all else that is unsafe on a terminal becomes \xNN.
void append_message(std::string& out, std::string_view message) {
  while (!message.empty()) {
    const auto quote = std::min(message.find('"'), message.size());
    out += escaped_for_log(message.substr(0, quote), message.size() * 4);
    if (quote < message.size()) out += '"';
    message.remove_prefix(std::min(quote + 1, message.size()));
  }
}

// The longest value shown whole. Names from strangers are far shorter; a backend's error may be
// longer.
constexpr std::size_t value_limit = 1024;

// By byte: whether a value of such bytes alone needs no quotes.
constexpr auto bare_bytes = [] {
  std::array<bool, 256> bare{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        ".,:;/@+-_*%?!&#~|()[]{}<>^$'"))
    bare.at(static_cast<Byte>(c)) = true;
  return bare;
}();

void append_value(std::string& out, std::string_view value) {
  const bool simple =
      !value.empty() && value.size() <= value_limit &&
      std::ranges::all_of(value, [](char c) { return bare_bytes[static_cast<Byte>(c)]; });
  if (simple) {
    out += value;
  } else {
    out += '"';
    out += escaped_for_log(value, value_limit);
    out += '"';
  }
}

std::string text_line(const Look& look, const timespec& now, Level level, std::string_view message,
                      Fields fields) {
  static constexpr std::array<std::string_view, 5> names = {"TRACE", "DEBUG", "INFO", "WARN",
                                                            "ERROR"};
  static constexpr std::array<std::string_view, 5> colors = {"\033[90m", "\033[36m", "\033[32m",
                                                             "\033[33m", "\033[31m"};
  constexpr std::string_view dim = "\033[2m";
  constexpr std::string_view plain = "\033[0m";
  const auto index = static_cast<std::size_t>(level);
  std::string out;
  tm parts{};
  if (look.local_time) {
    localtime_r(&now.tv_sec, &parts);
    out = fmt::format("{:02}:{:02}:{:02} ", parts.tm_hour, parts.tm_min, parts.tm_sec);
  } else {
    gmtime_r(&now.tv_sec, &parts);
    out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z ", parts.tm_year + 1900,
                      parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                      now.tv_nsec / 1'000'000);
  }
  if (look.colored) out += colors[index];
  out += names[index];
  if (look.colored) out += plain;
  if (look.local_time) out.append(5 - names[index].size(), ' ');
  out += ' ';
  append_message(out, message);
  for (const Field& field : fields) {
    out += ' ';
    if (look.colored) out += dim;
    out += field.key;
    out += '=';
    if (look.colored) out += plain;
    append_value(out, field.value);
  }
  return out;
}

// Of one well-formed UTF-8 sequence of at most three bytes.
unsigned code_point(std::string_view sequence) {
  constexpr std::array<unsigned, 4> lead_mask = {0, 0x7F, 0x1F, 0x0F};
  unsigned value = static_cast<Byte>(sequence[0]) & lead_mask[sequence.size()];
  for (const char c : sequence.substr(1)) value = value << 6 | (static_cast<Byte>(c) & 0x3FU);
  return value;
}

// Bytes that are not UTF-8 become U+FFFD, which JSON can carry.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    if (n == 0) {
      out += "\\ufffd";
    } else if (text[0] == '"' || text[0] == '\\') {
      out += '\\';
      out += text[0];
    } else if (controls_terminal(text, n)) {
      out += fmt::format("\\u{:04x}", code_point(text.substr(0, n)));
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(std::max<std::size_t>(n, 1));
  }
  out += '"';
}

std::string json_line(const timespec& now, Level level, std::string_view target,
                      std::string_view message, Fields fields) {
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::string out = fmt::format(
      R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","level":"{}","target":)",
      parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
      parts.tm_sec, now.tv_nsec / 1'000'000, level_names[static_cast<std::size_t>(level)]);
  append_json_string(out, target);
  out += ",\"message\":";
  append_json_string(out, message);
  for (const Field& field : fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    // JSON has no "nan" and no "inf".
    const bool number_word = field.value.ends_with("nan") || field.value.ends_with("inf");
    if (field.quoted || number_word)
      append_json_string(out, field.value);
    else
      out += field.value;
  }
  out += '}';
  return out;
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
  writer().line(line);
}

}  // namespace drawbridge::log
