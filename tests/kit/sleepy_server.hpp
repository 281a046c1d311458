// A Minecraft server that a keeper can start: a program of its own that answers status pings, tells
// whoever logs in "welcome NAME", and stops when its console says so. Told to, it is as bad as
// servers get.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kit/program.hpp"
#include "kit/proxy_rig.hpp"
#include "kit/sleeping_port.hpp"

namespace drawbridge::kit {

class SleepyServer {
 public:
  // `habits` are arguments of the program: --delay SECONDS before it listens, --pings close,
  // --deaf (to its console), --stubborn (ignores SIGTERM), --die CODE at once, --flood,
  // --print TEXT once it listens, --players N in its status, --think SECONDS over a log-in,
  // --proxy-header v1|v2: takes nobody without one, and notes them in its folder (`headers`). It
  // refuses transfers, as servers do unless told otherwise.
  explicit SleepyServer(std::vector<std::string> habits = {});
  ~SleepyServer();  // ends what still runs of it

  [[nodiscard]] std::string address() const;
  // A server file with a local keeper for it; `more` are further keys of [server_manager].
  [[nodiscard]] std::string file(std::string_view more = {}, std::string_view server = {}) const;
  // For a Program, so that it runs without a keeper: as "/usr/bin/env".
  [[nodiscard]] Program::Settings by_hand() const;
  // How often it was started, and how often it has ended orderly.
  [[nodiscard]] std::size_t starts() const { return lines_of("starts"); }
  [[nodiscard]] std::size_t orderly_ends() const { return lines_of("ends"); }
  // Whether a process of it is there.
  [[nodiscard]] bool runs() const;
  // SIGKILL to every one of them; how many there were.
  [[nodiscard]] std::size_t kill_all() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  [[nodiscard]] std::size_t lines_of(std::string_view file) const;
  [[nodiscard]] std::vector<int> pids() const;

  TempFolder folder_;
  SleepingPort port_;  // held, so that it is free at every start
  std::vector<std::string> habits_;
};

}  // namespace drawbridge::kit
