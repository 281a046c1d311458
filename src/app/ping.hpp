// `drawbridge ping`: a server list ping as a client sends it, and what came back in words.
// Blocking; for the command line.
#pragma once

#include <string>

#include "base/clock.hpp"

namespace drawbridge::app {

struct PingOptions {
  std::string target;           // host, host:port, [v6]:port; port 25565 without one
  std::string host;             // name in the handshake; empty: the target's
  bool legacy = false;          // the ping of a 1.6 client
  bool proxy_protocol = false;  // a PROXY v2 LOCAL header first
  Duration timeout = seconds(5);
};

struct PingReport {
  std::string text;   // for the terminal
  int exit_code = 0;  // 0 answered, 2 bad target, 4 no answer
};

PingReport ping(const PingOptions& options);

}  // namespace drawbridge::app
