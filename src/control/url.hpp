// The URLs that the HTTP client takes: http or https, host, port, path and query. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace drawbridge::control {

struct Url {
  bool tls = false;
  std::string host;  // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string target = "/";  // path and query, as written
  std::string credentials;   // "user:password", decoded; empty if there are none

  // What the Host header says: brackets round IPv6, the port only where it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
  // For messages: scheme, host and port. Nothing secret.
  [[nodiscard]] std::string origin() const;

  // An error (of the proxy: somebody configured it) for any other scheme, a missing host, a bad
  // port, blanks and control characters. A fragment is dropped.
  static Result<Url> parse(std::string_view text);
};

// `text` as part of a query: everything but letters, digits and -._~ as %XX.
std::string url_escaped(std::string_view text);

}  // namespace drawbridge::control
