#include "features/console/console.hpp"

#include <histedit.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <mutex>
#include <thread>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::features::console {

namespace {

constexpr int history_size = 1000;
constexpr std::size_t most_waiting = std::size_t{256} << 10;  // bytes of log
constexpr char prompt_text[] = "> ";
constexpr std::size_t prompt_width = 2;
constexpr std::size_t most_shown = 60;  // words of a completion

termios found{};  // the terminal before us
bool has_found = false;

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // the terminal is gone
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::size_t columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// What all of them begin with.
std::string common_start(const std::vector<std::string>& words) {
  std::string out = words.front();
  for (const std::string& word : words) {
    std::size_t same = 0;
    while (same < out.size() && same < word.size() && lower(out[same]) == lower(word[same])) ++same;
    out.resize(same);
  }
  return out;
}

}  // namespace

struct Console::State {
  State(ConsoleHooks h, std::filesystem::path file)
      : hooks(std::move(h)), history_file(std::move(file)), wake(eventfd(0, EFD_CLOEXEC)) {}
  ~State() { close(wake); }

  void loop();
  void show_waiting();
  bool read_key(wchar_t& out);
  unsigned char complete();
  [[nodiscard]] std::string before_cursor() const;

  static State& of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<State*>(self);
  }
  static char* prompt(EditLine*) { return const_cast<char*>(prompt_text); }
  static int key(EditLine* editor, wchar_t* out) { return of(editor).read_key(*out) ? 1 : 0; }
  static unsigned char complete_key(EditLine* editor, int) { return of(editor).complete(); }

  ConsoleHooks hooks;
  std::filesystem::path history_file;
  int wake;
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::thread thread;
  std::mutex mutex;     // guards the next two
  std::string waiting;  // lines to be shown
  bool ending = false;
};

bool Console::is_possible() {
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 &&
         tcgetpgrp(STDIN_FILENO) == getpgrp();
}

Console::Console(ConsoleHooks hooks, std::filesystem::path history)
    : state_(std::make_unique<State>(std::move(hooks), std::move(history))) {
  // Names and words may be in any script; how numbers and dates look stays as it is.
  if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1)
    (void)std::setlocale(LC_CTYPE, "C.UTF-8");
  has_found = tcgetattr(STDIN_FILENO, &found) == 0;
}

void Console::start() {
  // Signals belong to the program's other threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  state_->thread = std::thread([state = state_.get()] { state->loop(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Console::~Console() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->ending = true;
  }
  eventfd_write(state_->wake, 1);
  if (state_->thread.joinable()) state_->thread.join();
  restore_terminal();
  write_all(state_->waiting);
}

void Console::print(std::string_view lines) {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->waiting += lines;
    if (state_->waiting.size() > most_waiting) {
      const std::size_t cut = state_->waiting.find('\n', state_->waiting.size() - most_waiting);
      state_->waiting.erase(0, cut == std::string::npos ? std::string::npos : cut + 1);
    }
  }
  eventfd_write(state_->wake, 1);
}

void Console::restore_terminal() {
  if (has_found) tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}

void Console::State::loop() {
  editor = el_init("drawbridge", stdin, stdout, stderr);
  history = history_init();
  HistEvent event{};
  ::history(history, &event, H_SETSIZE, history_size);
  ::history(history, &event, H_SETUNIQUE, 1);
  if (!history_file.empty()) ::history(history, &event, H_LOAD, history_file.c_str());
  el_set(editor, EL_CLIENTDATA, this);
  el_set(editor, EL_SIGNAL, 0);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_PROMPT, &State::prompt);
  el_set(editor, EL_HIST, ::history, history);
  // Wide, because the narrow one copies both names and never frees them.
  el_wset(editor, EL_ADDFN, L"complete", L"Completes the word", &State::complete_key);
  el_set(editor, EL_BIND, "^I", "complete", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(editor, EL_GETCFN, &State::key);
  for (;;) {
    int count = 0;
    const char* entered = el_gets(editor, &count);
    if (entered == nullptr || count <= 0) {
      const std::scoped_lock lock(mutex);
      if (ending) break;
      if (has_found && isatty(STDIN_FILENO) == 0) break;
      // Ctrl-D on an empty line.
      waiting += "`stop` stops the proxy\n";
      pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR)) != 0) break;
      continue;
    }
    const std::string line(trimmed(entered));
    if (line.empty()) continue;
    ::history(history, &event, H_ENTER, entered);
    if (!history_file.empty()) {
      std::error_code failed;  // then there is no history the next time
      std::filesystem::create_directories(history_file.parent_path(), failed);
      ::history(history, &event, H_SAVE, history_file.c_str());
    }
    if (line == "clear" || line == "cls") {
      write_all("\x1b[2J\x1b[H");
      continue;
    }
    write_all(hooks.run(line));
  }
  history_end(history);
  el_end(editor);
}

// Takes the prompt away, writes what waits, and puts the prompt back.
void Console::State::show_waiting() {
  std::string lines;
  {
    const std::scoped_lock lock(mutex);
    lines.swap(waiting);
  }
  if (lines.empty()) return;
  std::fflush(stdout);  // what the editor has drawn comes first
  const std::size_t rows = (prompt_width + before_cursor().size()) / columns();
  std::string out = "\r";
  if (rows > 0) out += "\x1b[" + std::to_string(rows) + "A";
  // The editor is not told: for it the line is where it was.
  const LineInfo* line = el_line(editor);
  const std::string behind(line->cursor, line->lastchar);
  out += "\x1b[J" + lines + prompt_text + before_cursor();
  // Save the cursor, what is behind it, restore the cursor.
  if (!behind.empty()) out += "\0337" + behind + "\0338";
  write_all(out);
}

// The next character. False: it is over.
bool Console::State::read_key(wchar_t& out) {
  std::mbstate_t state{};
  for (;;) {
    show_waiting();
    pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                     {.fd = wake, .events = POLLIN, .revents = 0}};
    if (poll(both, 2, -1) < 0 && errno != EINTR) return false;
    if ((both[1].revents & POLLIN) != 0) {
      eventfd_t count = 0;
      eventfd_read(wake, &count);
      const std::scoped_lock lock(mutex);
      if (ending) return false;
    }
    if (both[0].revents == 0) continue;
    char byte = 0;
    const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    const std::size_t length = std::mbrtowc(&out, &byte, 1, &state);
    if (length == static_cast<std::size_t>(-2)) continue;  // more of it is to come
    if (length == static_cast<std::size_t>(-1)) out = L'?';
    return true;
  }
}

std::string Console::State::before_cursor() const {
  const LineInfo* line = el_line(editor);
  return {line->buffer, line->cursor};
}

unsigned char Console::State::complete() {
  const std::string line = before_cursor();
  const std::vector<std::string> words = hooks.complete(line);
  if (words.empty()) return CC_REFRESH_BEEP;
  const std::size_t blank = line.rfind(' ');
  const std::string begun = line.substr(blank == std::string::npos ? 0 : blank + 1);
  std::string more = common_start(words);
  if (words.size() == 1) more += ' ';
  if (more.size() > begun.size()) {
    el_deletestr(editor, static_cast<int>(begun.size()));
    el_insertstr(editor, more.c_str());
    return CC_REFRESH;
  }
  std::string shown;
  for (std::size_t i = 0; i < words.size() && i < most_shown; ++i)
    shown += (i == 0 ? "" : "  ") + words[i];
  if (words.size() > most_shown) shown += "  ...";
  const std::scoped_lock lock(mutex);
  waiting += shown + "\n";
  return CC_NORM;
}

}  // namespace drawbridge::features::console
