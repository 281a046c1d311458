// Why an operation on a socket, or a wait, did not succeed: eight bytes without a string, because
// the usual errors (a peer that left, a deadline) are traffic and not news. Turns into an Error by
// itself where one is returned.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::net {

struct IoError {
  enum class Kind : std::uint8_t {
    timed_out,       // the caller's deadline, or the kernel's (keepalive, TCP_USER_TIMEOUT)
    reset,           // the other end is gone: RST, or a write behind its close
    cancelled,       // the owner ended it: TaskControl::cancel, Stream::cancel, the worker stops
    abandoned,       // a Later whose resolvers all went without an answer
    refused,         // dial: nobody listens there
    unreachable,     // dial: no way to the host
    no_ports,        // dial: all local ports towards that address are in use
    no_descriptors,  // EMFILE, ENFILE: our own limit
    failed           // anything else; `code` tells
  };

  Kind kind = Kind::failed;
  Fault fault = Fault::proxy;  // which end the descriptor belonged to
  int code = 0;                // errno, 0 where none applies

  static IoError from_errno(int code, Fault fault);
  [[nodiscard]] std::string_view name() const;  // "timed out", "connection reset", ...
  [[nodiscard]] std::string text()
      const;  // the name, and the system's words where they add something
  operator Error() const { return {text(), fault}; }  // NOLINT(google-explicit-constructor)
  bool operator==(Kind other) const { return kind == other; }
};

template <class T = void>
using IoResult = std::expected<T, IoError>;

}  // namespace drawbridge::net
