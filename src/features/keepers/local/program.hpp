// One server's program: running, stopping, frozen or gone; its input, its output, and the steps of
// its end. It outlives the keepers that speak for it, which come and go with the server's file.
//
// Control context.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/keeper.hpp"
#include "base/result.hpp"
#include "config/server.hpp"
#include "control/control_thread.hpp"
#include "control/readable_watch.hpp"
#include "features/keepers/local/console_log.hpp"
#include "features/keepers/local/process.hpp"

namespace drawbridge::features::keepers::local {

// What finds a program again after a restart of the proxy.
struct ProgramNote {
  ProcessId process;
  bool frozen = false;
};

class Program {
 public:
  // `changed`: the note is another one.
  Program(control::ControlThread& control, std::string id, std::filesystem::path state_dir,
          std::function<void()> changed);
  // What runs is killed, unless it is to be kept.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // What holds for the next start, and for the end of what runs.
  void follow(const config::ServerManager& keys) { keys_ = keys; }
  // It may still be there from before.
  void adopt(const ProgramNote& note);
  // Told what happens by itself; empty: nobody.
  void set_listener(api::KeeperReports listener) { listener_ = std::move(listener); }

  // Starts it, or lets it go on where it was frozen. Nothing to do if it runs.
  Result<> start();
  // Freezes it, or begins to stop it: the stop command, SIGTERM, SIGKILL.
  void rest();
  void stop();
  // The proxy ends. `done` is called once it has ended, at once if it need not.
  void end(std::function<void()> done);

  [[nodiscard]] api::KeeperReport report() const;
  [[nodiscard]] std::optional<ProgramNote> note() const;

 private:
  enum class Stage : std::uint8_t { none, asked, terminated, killed };  // of its end

  Result<> launch();
  void began(const ProcessId& process);
  void watch_leader();
  void leader_gone();
  void await_group();
  void ended();
  void next_stage();
  void ask_to_stop();
  void open_input();
  void watch_output();
  void read_output(bool to_the_end);
  void trim_console();
  void plan_trim();
  void look_for_pattern(ByteView bytes);
  void tell(api::KeeperState state, std::string detail = {});
  [[nodiscard]] std::filesystem::path input_path() const;
  [[nodiscard]] std::filesystem::path console_file() const;
  [[nodiscard]] bool keeps() const { return keys_.on_proxy_exit == config::OnProxyExit::keep; }

  control::ControlThread& control_;
  std::string id_;
  std::filesystem::path state_dir_;
  std::function<void()> changed_;
  config::ServerManager keys_;
  api::KeeperReports listener_;
  std::function<void()> at_end_;

  ProcessId process_;  // pid 0: nothing runs
  bool is_child_ = false;
  bool frozen_ = false;
  bool kept_ = false;  // it was started to outlive us
  Stage stage_ = Stage::none;
  std::optional<ExitStatus> exit_;
  bool crashed_ = false;
  std::string crash_;  // how it ended the last time, if not well

  Descriptor input_, output_, pidfd_;
  control::ReadableWatch leader_watch_, output_watch_;
  control::Timer stage_timer_, group_timer_, output_timer_;
  std::optional<ConsoleLog> console_;
  std::string tail_;  // of the output, as long as the pattern
  bool pattern_seen_ = false;
};

}  // namespace drawbridge::features::keepers::local
