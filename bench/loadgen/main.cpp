// drawbridge_bench_load SUITE --name value ...: the load generator and its helpers; bench/run is
// the program that people start. Every suite ends by itself; --limit SECONDS is the last resort
// (SIGALRM ends the program).
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "suites.hpp"

namespace {

using namespace drawbridge::bench;

struct Suite {
  std::string_view name;
  void (*run)(Args&);
};

constexpr Suite suites[] = {
    {"game", run_game},       {"bulk", run_bulk},
    {"flood", run_flood},     {"idle", run_idle},
    {"accept", run_accept},   {"stalled", run_stalled},
    {"status", run_status},   {"bare-status", run_bare_status},
    {"serial", run_serial},   {"spin", run_spin},
    {"refused", run_refused}, {"limbo", run_limbo},
    {"move", run_move},
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const Suite& suite : suites) {
    if (suite.name != wanted) continue;
    Args args(argc - 2, argv + 2);
    ::alarm(static_cast<unsigned>(args.number("limit", 60, 1, 3600)));
    suite.run(args);
    return 0;
  }
  fmt::print(stderr, "usage: drawbridge_bench_load SUITE --name value ...\nsuites:");
  for (const Suite& suite : suites) fmt::print(stderr, " {}", suite.name);
  fmt::print(stderr, "\n");
  return 2;
}
