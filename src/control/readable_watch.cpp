#include "control/readable_watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/log.hpp"
#include "control/loop.hpp"

namespace drawbridge::control {

struct ReadableWatch::State {
  State(asio::io_context& io, int fd) : descriptor(io, fd) {}
  asio::posix::stream_descriptor descriptor;  // a copy of the caller's
  std::function<void()> on_readable;
};

ReadableWatch::ReadableWatch(ControlThread& control, int fd, std::function<void()> on_readable) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    log::error("control", "a descriptor cannot be watched", {{"errno", errno}});
    return;
  }
  state_ = std::make_shared<State>(control.loop().io, copy);
  state_->on_readable = std::move(on_readable);
  state_->descriptor.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [weak = std::weak_ptr(state_)](const boost::system::error_code& error) {
        const auto state = weak.lock();
        if (error || !state || !state->on_readable) return;
        // It may watch anew, or release this very handle.
        const auto call = std::exchange(state->on_readable, nullptr);
        call();
      });
}

ReadableWatch& ReadableWatch::operator=(ReadableWatch&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
  }
  return *this;
}

void ReadableWatch::release() {
  if (!state_) return;
  state_->on_readable = nullptr;
  state_.reset();
}

}  // namespace drawbridge::control
