// The console on a terminal: a line editor with history and completion, and the log above its
// prompt. It has one thread, which is the only one that writes to the terminal while the prompt is
// there; log lines are handed to it.
//
// The editor is libedit. It is asked for one character at a time, and its character is waited for
// together with log lines, so that those can be written between two keys.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::features::console {

struct ConsoleHooks {
  // What is to be printed of a line that was entered. On the console's thread, as the next.
  std::function<std::string(const std::string& line)> run;
  // Words that the last word of `line` could become.
  std::function<std::vector<std::string>(const std::string& line)> complete;
};

class Console {
 public:
  // Standard input and output are a terminal, and we are in its foreground.
  static bool is_possible();

  // `history`: a file of earlier lines, made when there are any; empty: none is kept. One console a
  // process.
  Console(ConsoleHooks hooks, std::filesystem::path history);
  ~Console();  // gives the terminal back
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Shows the prompt. Whoever sends lines to print() begins before, so that none falls between.
  void start();
  // Any thread: lines that go above the prompt, each with its end. What is too much for the
  // terminal is left out, oldest first.
  void print(std::string_view lines);

  // Puts the terminal into the state that the console found it in; for a process that ends without
  // destructors. Any thread.
  static void restore_terminal();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace drawbridge::features::console
