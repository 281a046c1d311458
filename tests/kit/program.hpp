// The real program as a child process: for what only a process has, such as signals, exit codes,
// descriptors and a log on standard error.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {

class Program {
 public:
  struct Settings {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment = {};  // beside PATH and the sanitizers' own
    std::filesystem::path folder = "/";                   // working directory
    std::uint32_t descriptors = 0;                        // RLIMIT_NOFILE, 0: as it is
    uid_t user = 0;                                       // who it runs as, 0: as the test
  };
  Program(const std::string& path, const Settings& settings);
  ~Program();  // kills it
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // The exit code, 1000 + the signal that ended it, or nothing if it did not end in time.
  std::optional<int> wait(Duration limit = patience);

  [[nodiscard]] std::string output() const;  // standard output so far
  [[nodiscard]] std::string errors() const;  // standard error so far: the log
  // Lines of the log that contain every one of these texts.
  [[nodiscard]] std::vector<std::string> lines(std::initializer_list<std::string_view> parts) const;
  // Waits for such a line.
  bool logged(std::initializer_list<std::string_view> parts) const;
  // Where it listens, once the log says so (its first listener, text format).
  Endpoint endpoint() const;

 private:
  TempFolder written_;
  pid_t pid_ = -1;
  std::optional<int> ended_;
};

// Runs it to its end.
struct Ended {
  std::optional<int> code;
  std::string output;
  std::string errors;
};
Ended run_program(const std::string& path, const Program::Settings& settings);

}  // namespace drawbridge::kit
