// Keeps a processor awake: a loop in the class SCHED_IDLE, which gives way to everything else.
// Waking a virtual processor that sleeps costs five times what waking one that runs costs, and that
// cost is the host's, not the relay's.
#include <sched.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "suites.hpp"

namespace drawbridge::bench {

void run_spin(Args& args) {
  args.finish();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const sched_param none{};
  if (::sched_setscheduler(0, SCHED_IDLE, &none) != 0) {
    die("SCHED_IDLE: {}", std::strerror(errno));
  }
  volatile unsigned long turns = 0;
  while (true) turns = turns + 1;  // SIGALRM of --limit, or the end of the parent, ends it
}

}  // namespace drawbridge::bench
