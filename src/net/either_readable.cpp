#include "net/either_readable.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "net/stream_socket.hpp"
#include "net/worker.hpp"

namespace drawbridge::net {

namespace {

constexpr std::uint32_t input_events = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

}  // namespace

EitherReadable either_readable(Stream& first, Stream& second, TimePoint deadline) {
  return EitherReadable(*first.socket_, *second.socket_, deadline);
}

EitherReadable::EitherReadable(StreamSocket& first, StreamSocket& second, TimePoint deadline)
    : Wait(first.worker()), first_(&first), second_(&second), deadline_(deadline) {}

EitherReadable::~EitherReadable() {
  leave();
}

void EitherReadable::leave() {
  for (StreamSocket* socket : {first_, second_})
    if (socket != nullptr && socket->either_ == this) socket->either_ = nullptr;
}

// Events are edges: what had come before we wait raises none, so it is looked for first.
bool EitherReadable::has_input(StreamSocket& socket, Side side) {
  if (socket.cancelled()) {
    result_ = std::unexpected(IoError{IoError::Kind::cancelled, socket.end(), 0});
    return true;
  }
  Byte one = 0;
  ssize_t n = 0;
  do {
    n = recv(socket.fd(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return false;
  result_ = side;
  return true;
}

bool EitherReadable::await_ready() {
  return has_input(*first_, Side::first) || has_input(*second_, Side::second);
}

bool EitherReadable::begin() {
  for (StreamSocket* socket : {first_, second_}) {
    if (const auto watched = socket->watch(); !watched) {
      result_ = std::unexpected(watched.error());
      return false;
    }
  }
  first_->either_ = this;
  second_->either_ = this;
  return true;
}

void EitherReadable::ready(const StreamSocket& socket, std::uint32_t events) {
  if (!waiting() || (events & input_events) == 0) return;
  result_ = &socket == first_ ? Side::first : Side::second;
  finish();
}

void EitherReadable::lost(const StreamSocket& socket) {
  (&socket == first_ ? first_ : second_) = nullptr;
  cancel_wait();
}

IoResult<Side> EitherReadable::await_resume() {
  leave();
  if (outcome() == Outcome::timed_out)
    return std::unexpected(IoError{IoError::Kind::timed_out, Fault::proxy, 0});
  if (outcome() == Outcome::cancelled)
    return std::unexpected(IoError{IoError::Kind::cancelled, Fault::proxy, 0});
  return result_;
}

}  // namespace drawbridge::net
