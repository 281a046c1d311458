// What stands behind ControlThread, for the .cpp files of this folder: public headers name no Asio.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include "control/control_thread.hpp"

namespace drawbridge::control {

namespace asio = boost::asio;

struct PendingTimer {
  PendingTimer(asio::io_context& io, Job j) : timer(io), job(std::move(j)) {}
  asio::steady_timer timer;
  Job job;  // empty once it ran or was cancelled
};

struct Loop {
  // One thread runs it, but others post: so the hint is 1 and not "unsafe".
  asio::io_context io{1};
  std::thread thread;
  std::atomic<std::thread::id> thread_id{};
  std::atomic<bool> stopping = false;

  // Posted jobs are kept here and not in the io_context, so that they can be destroyed when the
  // thread ends and not only when the io_context does.
  std::mutex mutex;
  std::vector<Job> posted;
  bool started = false;  // under mutex, as is ended
  bool ended = false;
  std::condition_variable ended_or_done;

  // Control context.
  std::unordered_set<std::shared_ptr<PendingTimer>> timers;
  std::optional<asio::signal_set> signals;
  std::function<void(int)> on_signal;

  void run();
  void run_posted();
  void wait_for_signal();
};

}  // namespace drawbridge::control
