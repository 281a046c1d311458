// The two ends of an intercepted session.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.hpp"

namespace drawbridge::core {

enum class Side : std::uint8_t { client, backend };

constexpr Side other(Side side) {
  return side == Side::client ? Side::backend : Side::client;
}
constexpr std::size_t index(Side side) {
  return static_cast<std::size_t>(side);
}
constexpr Fault fault_of(Side side) {
  return side == Side::client ? Fault::client : Fault::backend;
}

}  // namespace drawbridge::core
