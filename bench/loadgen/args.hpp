// Command line of the load generator: `NAME VALUE` pairs, every one of them known to the suite that
// runs. An option that no suite reads is an error, because a misspelt option would silently measure
// something else.
#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drawbridge::bench {

// Prints to standard error and ends the program with status 1: a measurement that went wrong has no
// result.
template <class... Args>
[[noreturn]] void die(fmt::format_string<Args...> format, Args&&... args) {
  fmt::print(stderr, "bench load: {}\n", fmt::format(format, std::forward<Args>(args)...));
  std::exit(1);
}

class Args {
 public:
  // `argv` after the suite's name: --name value --name value ...
  Args(int argc, char** argv);

  std::string text(std::string_view name, std::string_view otherwise);
  // Ends the program when the value is not a number in [low, high].
  int number(std::string_view name, int otherwise, int low, int high);
  double real(std::string_view name, double otherwise);
  // Comma separated process ids; empty when the option is absent.
  std::vector<int> pids(std::string_view name);
  // Ends the program when an option was given that nothing has asked for.
  void finish() const;

 private:
  const std::string* find(std::string_view name);

  std::map<std::string, std::string, std::less<>> given_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace drawbridge::bench
