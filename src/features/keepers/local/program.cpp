#include "features/keepers/local/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/bytes.hpp"
#include "base/log.hpp"

namespace drawbridge::features::keepers::local {

namespace {

using api::KeeperState;

constexpr Duration after_terminate = seconds(10);
constexpr Duration group_poll = milliseconds(100);
// A server that floods its console is read at no more than this much in each pause, and waits.
constexpr Duration output_pause = milliseconds(5);
constexpr Duration trim_every = minutes(1);
constexpr std::size_t output_at_once = std::size_t{64} << 10;
constexpr std::size_t last_words = std::size_t{1} << 20;

// What ends a program that somebody stopped by hand: by its console, by SIGINT or SIGTERM (a JVM
// then says 130 or 143).
bool is_clean(const ExitStatus& exit) {
  if (exit.signal != 0) return exit.signal == SIGTERM || exit.signal == SIGINT;
  return exit.code == 0 || exit.code == 128 + SIGTERM || exit.code == 128 + SIGINT;
}

std::string words_for(const ExitStatus& exit) {
  if (exit.signal != 0) return fmt::format("killed by signal {}", exit.signal);
  return fmt::format("exit code {}", exit.code);
}

}  // namespace

Program::Program(control::ControlThread& control, std::string id, std::filesystem::path state_dir,
                 std::function<void()> changed)
    : control_(control),
      id_(std::move(id)),
      state_dir_(std::move(state_dir)),
      changed_(std::move(changed)) {}

Program::~Program() {
  if (process_.pid == 0 || kept_) return;
  signal_group(process_.pid, SIGKILL);
  if (!is_child_) return;
  int status = 0;
  while (waitpid(process_.pid, &status, 0) < 0 && errno == EINTR) {
  }
}

void Program::tell(KeeperState state, std::string detail) {
  if (!listener_) return;
  // Not from within a call of the keeper's.
  control_.post(
      [listener = listener_,
       report = api::KeeperReport{.state = state, .detail = std::move(detail), .address = {}}] {
        listener(report);
      });
}

api::KeeperReport Program::report() const {
  if (process_.pid == 0)
    return {.state = crashed_ ? KeeperState::crashed : KeeperState::stopped,
            .detail = crash_,
            .address = {},
            .absent = true};
  if (stage_ != Stage::none) return {.state = KeeperState::stopping};
  return {.state = frozen_ ? KeeperState::stopped : KeeperState::running};
}

std::optional<ProgramNote> Program::note() const {
  if (process_.pid == 0) return std::nullopt;
  return ProgramNote{.process = process_, .frozen = frozen_};
}

// --- Its beginning ---

std::filesystem::path Program::input_path() const {
  return state_dir_ / (id_ + ".stdin");
}

std::filesystem::path Program::console_file() const {
  return keys_.log_file.value_or(*keys_.working_dir / "console.log");
}

void Program::adopt(const ProgramNote& note) {
  if (process_.pid != 0 || !is_there_or_its_group(note.process)) return;
  log::info("wake", "found running from before", {{"server", id_}, {"pid", note.process.pid}});
  kept_ = keeps();
  frozen_ = note.frozen && is_frozen(note.process.pid);
  is_child_ = false;
  console_.emplace(console_file(), keys_.log_size);
  began(note.process);
  open_input();
  if (kept_) trim_console();
}

Result<> Program::start() {
  if (process_.pid != 0) {
    if (stage_ != Stage::none) return fail(Fault::proxy, "it is being stopped");
    if (std::exchange(frozen_, false)) {
      signal_group(process_.pid, SIGCONT);
      changed_();
    }
    return {};
  }
  return launch();
}

Result<> Program::launch() {
  kept_ = keeps();
  console_.emplace(console_file(), keys_.log_size);
  Descriptor child_input, child_output;
  if (kept_) {
    // Both must work without us: a FIFO that the server holds open itself, and a file.
    std::error_code error;
    std::filesystem::create_directories(state_dir_, error);
    std::filesystem::remove(input_path(), error);
    if (mkfifo(input_path().c_str(), 0600) != 0)
      return fail(Fault::proxy, "{}: {}", input_path().native(), std::strerror(errno));
    child_input = Descriptor(open(input_path().c_str(), O_RDWR | O_CLOEXEC));
    child_output = console_->for_child();
    if (!child_output.valid())
      return fail(Fault::proxy, "{}: {}", console_file().native(), std::strerror(errno));
  } else {
    std::array<int, 2> in{}, out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0) return fail(Fault::proxy, "no descriptors are left");
    child_input = Descriptor(in[0]);
    input_ = Descriptor(in[1]);
    if (pipe2(out.data(), O_CLOEXEC) != 0) return fail(Fault::proxy, "no descriptors are left");
    output_ = Descriptor(out[0]);
    child_output = Descriptor(out[1]);
    fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  }
  auto process = start_process({.command = keys_.command,
                                .args = keys_.args,
                                .working_dir = *keys_.working_dir,
                                .environment = keys_.environment,
                                .ends_with_us = !kept_,
                                .input = child_input.get(),
                                .output = child_output.get()});
  if (!process) return std::unexpected(std::move(process.error()));
  is_child_ = true;
  frozen_ = false;
  began(*process);
  if (kept_) {
    open_input();
    plan_trim();
  }
  tail_.clear();
  pattern_seen_ = keys_.ready_pattern.empty();
  if (!kept_) watch_output();
  return {};
}

void Program::began(const ProcessId& process) {
  process_ = process;
  stage_ = Stage::none;
  exit_.reset();
  crashed_ = false;
  crash_.clear();
  changed_();
  watch_leader();
}

void Program::open_input() {
  input_ = Descriptor(open(input_path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

// --- Its end ---

void Program::watch_leader() {
  pidfd_ = open_pidfd(process_.pid);
  if (!pidfd_.valid()) return await_group();
  leader_watch_ = control::ReadableWatch(control_, pidfd_.get(), [this] { leader_gone(); });
}

void Program::leader_gone() {
  if (is_child_) exit_ = reap(process_.pid);
  await_group();
}

// A start script may have left the server behind; then the server is what runs.
void Program::await_group() {
  if (!group_runs(process_.pid)) return ended();
  group_timer_ = control_.after(group_poll, [this] { await_group(); });
}

void Program::ended() {
  read_output(true);
  leader_watch_.release();
  output_watch_.release();
  trim_console();
  output_timer_.cancel();
  stage_timer_.cancel();
  input_.close();
  output_.close();
  pidfd_.close();
  const bool asked = stage_ != Stage::none;
  const std::string how =
      exit_ ? words_for(*exit_) : std::string("how it ended is not known: it was found running");
  crashed_ = !asked && !(exit_ && is_clean(*exit_));
  crash_ = crashed_ ? how : std::string();
  process_ = {};
  frozen_ = false;
  stage_ = Stage::none;
  changed_();
  log::info("wake", "process ended", {{"server", id_}, {"how", how}});
  tell(crashed_ ? KeeperState::crashed : KeeperState::stopped, crash_);
  if (const auto call = std::exchange(at_end_, nullptr)) call();
}

void Program::rest() {
  if (keys_.idle_action != config::IdleAction::pause) return stop();
  if (process_.pid == 0 || frozen_) return;
  signal_group(process_.pid, SIGSTOP);
  frozen_ = true;
  changed_();
  tell(KeeperState::stopped, "frozen");
}

void Program::stop() {
  if (process_.pid == 0 || stage_ != Stage::none) return;
  if (std::exchange(frozen_, false)) signal_group(process_.pid, SIGCONT);
  next_stage();
}

void Program::next_stage() {
  Duration patience = keys_.shutdown_timeout;
  switch (stage_) {
    case Stage::none:
      if (!keys_.stop_command.empty() && input_.valid()) {
        stage_ = Stage::asked;
        ask_to_stop();
        break;
      }
      stage_ = Stage::terminated;
      signal_group(process_.pid, SIGTERM);
      break;
    case Stage::asked:
      log::warn("wake", "it did not stop when asked; SIGTERM", {{"server", id_}});
      stage_ = Stage::terminated;
      signal_group(process_.pid, SIGTERM);
      patience = std::min(patience, after_terminate);
      break;
    case Stage::terminated:
      log::warn("wake", "it does not end; SIGKILL", {{"server", id_}});
      stage_ = Stage::killed;
      signal_group(process_.pid, SIGKILL);
      return;
    case Stage::killed:
      return;
  }
  stage_timer_ = control_.after(patience, [this] { next_stage(); });
}

void Program::ask_to_stop() {
  const std::string line = keys_.stop_command + "\n";
  const ssize_t sent = write(input_.get(), line.data(), line.size());
  if (sent != static_cast<ssize_t>(line.size()))
    log::warn("wake", "its input does not take the stop command", {{"server", id_}});
}

void Program::end(std::function<void()> done) {
  if (process_.pid == 0 || kept_) return done();
  at_end_ = [before = std::move(at_end_), done = std::move(done)] {
    if (before) before();
    done();
  };
  stop();
}

// --- Its output ---

void Program::watch_output() {
  output_watch_ = control::ReadableWatch(control_, output_.get(), [this] { read_output(false); });
}

void Program::read_output(bool to_the_end) {
  if (!output_.valid()) return;
  std::vector<Byte> buffer(output_at_once);
  std::size_t total = 0;
  for (;;) {
    const ssize_t got = read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) return output_.close();
    const ByteView bytes = ByteView(buffer).first(static_cast<std::size_t>(got));
    console_->write(bytes);
    look_for_pattern(bytes);
    total += bytes.size();
    if (!to_the_end || total >= last_words) break;
  }
  if (to_the_end) return;
  if (total < output_at_once) return watch_output();
  output_timer_ = control_.after(output_pause, [this] { watch_output(); });
}

// It writes its file by itself, for weeks.
void Program::trim_console() {
  if (!console_ || !kept_) return;
  console_->trim();
  plan_trim();
}

void Program::plan_trim() {
  output_timer_ = control_.after(trim_every, [this] { trim_console(); });
}

void Program::look_for_pattern(ByteView bytes) {
  if (pattern_seen_) return;
  tail_ += as_text(bytes);
  const std::string& pattern = keys_.ready_pattern;
  if (tail_.find(pattern) != std::string::npos) {
    pattern_seen_ = true;
    tail_.clear();
    return tell(KeeperState::running, "its output says that it is ready");
  }
  if (tail_.size() >= pattern.size()) tail_.erase(0, tail_.size() - pattern.size() + 1);
}

}  // namespace drawbridge::features::keepers::local
