// A whole Drawbridge in this process, on a port of the system's choice, with a configuration folder
// of its own. The same wiring as the program (app/daemon.hpp), only with a shorter debounce.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/daemon.hpp"
#include "kit/wire.hpp"

namespace drawbridge::kit {

// A temporary folder that goes with its object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Writes a file by rename, as editors do.
  void write(const std::filesystem::path& name, std::string_view text) const;
  void remove(const std::filesystem::path& name) const;

 private:
  std::filesystem::path path_;
};

class ProxyRig {
 public:
  struct Settings {
    std::string global;                          // more lines of drawbridge.toml
    std::map<std::string, std::string> servers;  // file name without .toml > text
    std::string bind = "127.0.0.1:0";
    bool start = true;
    control::ResolverOptions resolver = {};  // whom to ask for names
    control::FileWatchOptions watch = {.quiet = milliseconds(20), .at_most = milliseconds(200)};
    control::HttpClientOptions http = {};  // whose certificates to believe
  };
  explicit ProxyRig(Settings settings);
  ~ProxyRig();

  [[nodiscard]] Endpoint endpoint();
  [[nodiscard]] app::Daemon& daemon() { return *daemon_; }
  // What start() answered.
  [[nodiscard]] int start_code() const { return start_code_; }

  // Ends the daemon and starts another one on the same files (on another port, where it is 0).
  void restart();

  // Writes or removes a server file and waits until the watcher has made it live.
  void write_server(const std::string& name, std::string_view text);
  void remove_server(const std::string& name);
  // The same for drawbridge.toml (the bind line is kept).
  void write_global(std::string_view more);
  // ... and another bind from now on.
  void bind_elsewhere(std::string bind);
  // Writes without waiting.
  [[nodiscard]] const TempFolder& folder() const { return folder_; }
  // Runs `change`, then waits until the next generation of the world serves new connections.
  void await_change(const std::function<void()>& change);

  // Log lines since the rig was made that contain every one of these texts.
  [[nodiscard]] std::size_t log_lines(std::initializer_list<std::string_view> parts) const;
  // Waits for such a line.
  bool logged(std::initializer_list<std::string_view> parts) const;
  // Waits for a change of the servers ("added=mc") that nobody here has made, until new connections
  // see it.
  bool changed_servers(std::string_view change);
  [[nodiscard]] std::string whole_log() const;

 private:
  [[nodiscard]] app::DaemonOptions options() const;

  TempFolder folder_;
  std::string bind_;
  control::ResolverOptions resolver_;
  control::HttpClientOptions http_;
  control::FileWatchOptions watch_;
  std::unique_ptr<app::Daemon> daemon_;
  int start_code_ = 0;
};

// A server file.
std::string server_file(std::string_view domain, const std::string& address,
                        std::string_view more = {});

}  // namespace drawbridge::kit
