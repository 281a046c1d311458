#include "net/stream.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "net/connect_wait.hpp"
#include "net/either_readable.hpp"
#include "net/stream_socket.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

constexpr std::size_t discard_at_most = std::size_t{16} << 10;
constexpr Duration discard_for = seconds(1);

IoError cancelled_error(Fault end) {
  return {IoError::Kind::cancelled, end, 0};
}

}  // namespace

// --- StreamSocket ---

StreamSocket::~StreamSocket() {
  drop_waits();
  if (watched_ && fd_.valid()) worker_.unwatch(fd_.get());
  if (watched_) worker_.forget(*this);
  worker_.disarm(*this);
}

void StreamSocket::drop_waits() {
  if (reading_ != nullptr) {
    reading_->socket_ = nullptr;
    std::exchange(reading_, nullptr)->cancel_wait();
  }
  if (writing_ != nullptr) {
    writing_->socket_ = nullptr;
    std::exchange(writing_, nullptr)->cancel_wait();
  }
  if (connecting_ != nullptr) {
    connecting_->socket_ = nullptr;
    std::exchange(connecting_, nullptr)->cancel_wait();
  }
  if (either_ != nullptr) std::exchange(either_, nullptr)->lost(*this);
}

IoResult<> StreamSocket::watch() {
  if (watched_) return {};
  const int error = worker_.watch(fd_.get(), *this);
  if (error != 0) return std::unexpected(IoError::from_errno(error, Fault::proxy));
  watched_ = true;
  return {};
}

void StreamSocket::cancel() {
  cancelled_ = true;
  if (reading_ != nullptr) reading_->cancel_wait();
  if (writing_ != nullptr) writing_->cancel_wait();
  if (connecting_ != nullptr) connecting_->cancel_wait();
  if (either_ != nullptr) either_->cancel_wait();
}

Fd StreamSocket::release() {
  if (watched_) worker_.unwatch(fd_.get());
  return std::move(fd_);
}

void StreamSocket::on_events(unsigned, std::uint32_t events) {
  // Each may resume the coroutine, after which this socket may be gone.
  if (finishing_) {
    discard_input();
  } else if (reading_ != nullptr) {
    reading_->ready();
  } else if (writing_ != nullptr) {
    writing_->ready();
  } else if (connecting_ != nullptr) {
    connecting_->ready(events);
  } else if (either_ != nullptr) {
    either_->ready(*this, events);
  }
}

void StreamSocket::finish() {
  drop_waits();
  finishing_ = true;
  next_ = worker_.finishing_;
  if (next_ != nullptr) next_->prev_ = this;
  worker_.finishing_ = this;
  if (shutdown(fd_.get(), SHUT_WR) != 0) return close();
  if (!discard_input()) return;
  if (!watch()) return close();
  worker_.arm(*this, worker_.now() + discard_for);
}

bool StreamSocket::discard_input() {
  std::array<Byte, 4096> nowhere;
  for (;;) {
    const ssize_t n = recv(fd_.get(), nowhere.data(), nowhere.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n > 0) discarded_ += static_cast<std::size_t>(n);
    if (n <= 0 || discarded_ >= discard_at_most) {
      close();
      return false;
    }
  }
}

void StreamSocket::close() {
  (prev_ != nullptr ? prev_->next_ : worker_.finishing_) = next_;
  if (next_ != nullptr) next_->prev_ = prev_;
  delete this;
}

void finish_politely(Worker& worker, Fd fd) {
  (new StreamSocket(worker, std::move(fd), Fault::client))->finish();
}

// --- Stream ---

Stream::Stream(Worker& worker, Fd fd, Fault end)
    : socket_(new StreamSocket(worker, std::move(fd), end)) {}

Stream::Stream(Stream&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    delete socket_;
    socket_ = std::exchange(other.socket_, nullptr);
  }
  return *this;
}

Stream::~Stream() {
  delete socket_;
}

int Stream::fd() const {
  return socket_ != nullptr ? socket_->fd() : -1;
}

ReadWait Stream::read_some(ByteSpan space, TimePoint deadline) {
  return ReadWait(*socket_, space, deadline);
}

WriteWait Stream::write_all(ByteView bytes, TimePoint deadline) {
  return WriteWait(*socket_, bytes, deadline);
}

void Stream::cancel() {
  if (socket_ != nullptr) socket_->cancel();
}

Fd Stream::release() {
  if (socket_ == nullptr) return {};
  Fd fd = socket_->release();
  delete std::exchange(socket_, nullptr);
  return fd;
}

void Stream::finish() {
  if (socket_ != nullptr) std::exchange(socket_, nullptr)->finish();
}

// --- Reading ---

ReadWait::ReadWait(StreamSocket& socket, ByteSpan into, TimePoint deadline)
    : Wait(socket.worker()),
      socket_(&socket),
      end_(socket.end()),
      into_(into),
      deadline_(deadline) {}

ReadWait::~ReadWait() {
  if (socket_ != nullptr && socket_->reading_ == this) socket_->reading_ = nullptr;
}

bool ReadWait::await_ready() {
  if (socket_->cancelled()) {
    result_ = std::unexpected(cancelled_error(end_));
    return true;
  }
  return step();
}

bool ReadWait::begin() {
  if (const auto watched = socket_->watch(); !watched) {
    result_ = std::unexpected(watched.error());
    return false;
  }
  socket_->reading_ = this;
  return true;
}

bool ReadWait::step() {
  for (;;) {
    const ssize_t n = recv(socket_->fd(), into_.data(), into_.size(), 0);
    if (n >= 0) {
      result_ = static_cast<std::size_t>(n);
      return true;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return false;
    result_ = std::unexpected(IoError::from_errno(errno, end_));
    return true;
  }
}

IoResult<std::size_t> ReadWait::await_resume() {
  if (socket_ != nullptr && socket_->reading_ == this) socket_->reading_ = nullptr;
  if (outcome() == Outcome::timed_out) {
    return std::unexpected(IoError{IoError::Kind::timed_out, end_, 0});
  }
  if (outcome() == Outcome::cancelled) return std::unexpected(cancelled_error(end_));
  return result_;
}

// --- Writing ---

WriteWait::WriteWait(StreamSocket& socket, ByteView from, TimePoint deadline)
    : Wait(socket.worker()),
      socket_(&socket),
      end_(socket.end()),
      from_(from),
      deadline_(deadline) {}

WriteWait::~WriteWait() {
  if (socket_ != nullptr && socket_->writing_ == this) socket_->writing_ = nullptr;
}

bool WriteWait::await_ready() {
  if (socket_->cancelled()) {
    result_ = std::unexpected(cancelled_error(end_));
    return true;
  }
  return step();
}

bool WriteWait::begin() {
  if (const auto watched = socket_->watch(); !watched) {
    result_ = std::unexpected(watched.error());
    return false;
  }
  socket_->writing_ = this;
  return true;
}

bool WriteWait::step() {
  while (!from_.empty()) {
    const ssize_t n = send(socket_->fd(), from_.data(), from_.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      from_ = from_.subspan(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return false;
    result_ = std::unexpected(IoError::from_errno(errno, end_));
    return true;
  }
  return true;
}

IoResult<> WriteWait::await_resume() {
  if (socket_ != nullptr && socket_->writing_ == this) socket_->writing_ = nullptr;
  if (outcome() == Outcome::timed_out) {
    return std::unexpected(IoError{IoError::Kind::timed_out, end_, 0});
  }
  if (outcome() == Outcome::cancelled) return std::unexpected(cancelled_error(end_));
  return result_;
}

}  // namespace drawbridge::net
