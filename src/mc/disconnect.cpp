#include "mc/disconnect.hpp"

#include "mc/frame.hpp"
#include "mc/utf16.hpp"

namespace drawbridge::mc {

ByteBuffer login_disconnect(const Text& reason, Version version) {
  const std::string json = to_json(reason, version);
  ByteBuffer body;
  Writer writer(body, version);
  writer.varint(0x00);
  writer.varint(static_cast<std::int32_t>(json.size()));
  writer.raw(as_bytes(json));
  ByteBuffer out;
  append_frame(out, body);
  return out;
}

ByteBuffer legacy_kick(const Text& reason) {
  constexpr std::size_t longest = 256;
  ByteBuffer out{0xFF};
  append_legacy_string(out, to_legacy(reason), longest);
  return out;
}

}  // namespace drawbridge::mc
