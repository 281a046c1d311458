#include "mc/writer.hpp"

#include <limits>

namespace drawbridge::mc {
namespace {

template <typename Unsigned>
void write_varint(ByteBuffer& out, Unsigned value) {
  while (value >= 0x80) {
    out.push_back(static_cast<Byte>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<Byte>(value));
}

}  // namespace

void Writer::varint(std::int32_t value) {
  write_varint(out_, static_cast<std::uint32_t>(value));
}

void Writer::varlong(std::int64_t value) {
  write_varint(out_, static_cast<std::uint64_t>(value));
}

void Writer::uuid(const Uuid& value) {
  raw(value.bytes);
}

void Writer::string(std::string_view value, std::size_t max_chars) {
  if (utf16_length(value) > max_chars || value.size() > max_chars * 3) {
    return fail("a text is beyond its limit");
  }
  varint(static_cast<std::int32_t>(value.size()));
  raw(as_bytes(value));
}

void Writer::bytes(ByteView value, std::size_t max) {
  const bool narrow = version < v1_8;
  const std::size_t limit =
      narrow ? std::numeric_limits<std::int16_t>::max() : std::numeric_limits<std::int32_t>::max();
  if (value.size() > max || value.size() > limit) return fail("a byte array is beyond its limit");
  if (narrow) {
    i16(static_cast<std::int16_t>(value.size()));
  } else {
    varint(static_cast<std::int32_t>(value.size()));
  }
  raw(value);
}

void Writer::rest(ByteView value, std::size_t max) {
  if (value.size() > max) return fail("a byte array is beyond its limit");
  raw(value);
}

}  // namespace drawbridge::mc
