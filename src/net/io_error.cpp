#include "net/io_error.hpp"

#include <cerrno>
#include <system_error>

namespace drawbridge::net {

IoError IoError::from_errno(int code, Fault fault) {
  switch (code) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return {Kind::reset, fault, code};
    case ETIMEDOUT:
      return {Kind::timed_out, fault, code};
    case ECONNREFUSED:
      return {Kind::refused, fault, code};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:  // for an address family that this host has no address of
      return {Kind::unreachable, fault, code};
    case EMFILE:
    case ENFILE:
      return {Kind::no_descriptors, Fault::proxy, code};
    default:
      return {Kind::failed, fault, code};
  }
}

std::string_view IoError::name() const {
  switch (kind) {
    case Kind::timed_out:
      return "timed out";
    case Kind::reset:
      return "connection reset";
    case Kind::cancelled:
      return "cancelled";
    case Kind::abandoned:
      return "no answer will come";
    case Kind::refused:
      return "connection refused";
    case Kind::unreachable:
      return "unreachable";
    case Kind::no_ports:
      return "no local port left towards that address";
    case Kind::no_descriptors:
      return "out of file descriptors";
    case Kind::failed:
      break;
  }
  return "failed";
}

std::string IoError::text() const {
  if (code == 0 || (kind != Kind::failed && kind != Kind::unreachable)) return std::string(name());
  const std::string words = std::generic_category().message(code);
  return kind == Kind::failed ? words : fmt::format("{} ({})", name(), words);
}

}  // namespace drawbridge::net
