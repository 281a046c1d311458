// Views of raw bytes. Buffers that are owned are std::string or std::vector<std::uint8_t>;
// functions take a span.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace drawbridge {

using Byte = std::uint8_t;
using ByteView = std::span<const Byte>;  // read only, not owned
using ByteSpan = std::span<Byte>;        // writable, not owned
using ByteBuffer = std::vector<Byte>;    // owned

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const Byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace drawbridge
