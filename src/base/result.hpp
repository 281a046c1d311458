// What can go wrong, as a value: the data plane never throws. An error says what happened and whose
// fault it was, so that the log level and the player's message follow from it.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace drawbridge {

// Who has to change something for the error to go away.
enum class Fault : std::uint8_t { client, backend, proxy };

struct Error {
  std::string what;  // one line, for an operator; never holds raw bytes of a client
  Fault fault = Fault::proxy;
};

template <typename T = void>
using Result = std::expected<T, Error>;

// `return fail(Fault::client, "frame of {} bytes", n);`
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(Fault fault, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{fmt::format(format, std::forward<Args>(args)...), fault});
}

}  // namespace drawbridge
