// Everybody on one worker who has not logged in yet, oldest first, with what they make us hold.
// When that is more than the worker's share of limits.stranger_memory, or they are more than its
// share of the descriptors, the oldest go: an honest client is done in a second, who only wants to
// occupy us is the oldest. Players are not in here, and never go for a stranger.
//
// Worker's thread only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "net/task.hpp"

namespace drawbridge::core {

class Strangers;

// A stranger's place in the list; leaves it in its destructor. Lives in the connection.
class Stranger {
 public:
  Stranger() = default;
  ~Stranger() { leave(); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  // What this connection holds beyond what every connection does.
  void hold(std::size_t bytes);
  // Counts as if it had come just now: whoever passed the checks does not go for those who have
  // not.
  void renew();
  void leave();
  // It was made to go; its waits fail from then on.
  [[nodiscard]] bool was_shed() const { return shed_; }

 private:
  friend class Strangers;
  Strangers* list_ = nullptr;
  net::TaskControl* task_ = nullptr;
  Stranger* older_ = nullptr;
  Stranger* newer_ = nullptr;
  std::size_t bytes_ = 0;
  bool shed_ = false;
};

class Strangers {
 public:
  // What a connection that has begun its hello costs: coroutine frames, its socket's record and
  // first buffer (9.3 KiB of resident memory, measured with 6,000 of them), and an estimate of what
  // the kernel keeps for a socket.
  static constexpr std::size_t base_cost = std::size_t{12} << 10;

  // This worker's share; 0 = no limit. Sheds at once whoever is too much.
  void set_limits(std::size_t bytes, std::size_t count);
  // `task` lives at least as long as the stranger.
  void add(Stranger& stranger, net::TaskControl& task);
  // Makes the oldest go, at most so many of them: descriptors have run out.
  void shed_oldest(std::size_t count);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t shed() const { return shed_; }

 private:
  friend class Stranger;
  [[nodiscard]] bool too_many() const;
  void enforce();
  void shed_one();
  void link(Stranger& stranger);
  void unlink(Stranger& stranger);

  Stranger* oldest_ = nullptr;
  Stranger* newest_ = nullptr;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t most_bytes_ = 0;
  std::size_t most_ = 0;
  std::uint64_t shed_ = 0;
};

}  // namespace drawbridge::core
