#include "mc/reader.hpp"

namespace drawbridge::mc {

std::size_t utf16_length(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<Byte>(c);
    if ((byte & 0xC0) != 0x80) ++units;  // the first byte of a character
    if (byte >= 0xF0) ++units;           // beyond 16 bits: a surrogate pair
  }
  return units;
}

ByteView Reader::raw(std::size_t count) {
  if (!ok()) return {};
  if (count > left()) {
    fail("ends too early");
    return {};
  }
  const ByteView out = bytes_.subspan(at_, count);
  at_ += count;
  return out;
}

void Reader::boolean(bool& out) {
  std::uint8_t value = 0;
  u8(value);
  if (ok()) out = value != 0;
}

void Reader::f32(float& out) {
  std::uint32_t bits = 0;
  integer(bits);
  if (ok()) out = std::bit_cast<float>(bits);
}

void Reader::f64(double& out) {
  std::uint64_t bits = 0;
  integer(bits);
  if (ok()) out = std::bit_cast<double>(bits);
}

namespace {

// Seven bits a byte, the lowest first. In the last allowed byte bits beyond the type are dropped,
// as Java's shift does.
template <typename Unsigned>
std::optional<Unsigned> read_varint(ByteView in, std::size_t& used) {
  constexpr std::size_t longest = (sizeof(Unsigned) * 8 + 6) / 7;
  Unsigned value = 0;
  for (used = 0; used < in.size() && used < longest;) {
    const Byte byte = in[used];
    value |= static_cast<Unsigned>(static_cast<Unsigned>(byte & 0x7F) << (7 * used));
    ++used;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

void Reader::varint(std::int32_t& out) {
  if (!ok()) return;
  std::size_t used = 0;
  const auto value = read_varint<std::uint32_t>(bytes_.subspan(at_), used);
  if (!value) return fail("bad VarInt");
  at_ += used;
  out = static_cast<std::int32_t>(*value);
}

void Reader::varlong(std::int64_t& out) {
  if (!ok()) return;
  std::size_t used = 0;
  const auto value = read_varint<std::uint64_t>(bytes_.subspan(at_), used);
  if (!value) return fail("bad VarLong");
  at_ += used;
  out = static_cast<std::int64_t>(*value);
}

void Reader::uuid(Uuid& out) {
  const ByteView in = raw(out.bytes.size());
  if (in.size() == out.bytes.size()) std::memcpy(out.bytes.data(), in.data(), in.size());
}

std::optional<std::size_t> Reader::count(std::int64_t value, std::size_t max) {
  if (!ok()) return std::nullopt;
  if (value < 0 || static_cast<std::uint64_t>(value) > max) {
    fail("a length is beyond its limit");
    return std::nullopt;
  }
  return static_cast<std::size_t>(value);
}

void Reader::string(std::string_view& out, std::size_t max_chars) {
  std::int32_t length = 0;
  varint(length);
  // A UTF-16 unit takes at most three bytes of UTF-8: the game's own limit on the encoded form.
  const auto size = count(length, max_chars * 3);
  if (!size) return;
  const std::string_view text = as_text(raw(*size));
  if (!ok()) return;
  if (utf16_length(text) > max_chars) return fail("a text is beyond its limit");
  out = text;
}

void Reader::string(std::string& out, std::size_t max_chars) {
  std::string_view view;
  string(view, max_chars);
  if (ok()) out = view;
}

void Reader::bytes(ByteBuffer& out, std::size_t max) {
  std::int32_t length = 0;
  if (version >= v1_8) {
    varint(length);
  } else {
    std::int16_t narrow = 0;
    i16(narrow);
    length = narrow;
  }
  const auto size = count(length, max);
  if (!size) return;
  const ByteView in = raw(*size);
  if (ok()) out.assign(in.begin(), in.end());
}

void Reader::rest(ByteBuffer& out, std::size_t max) {
  if (!count(static_cast<std::int64_t>(left()), max)) return;
  const ByteView in = raw(left());
  out.assign(in.begin(), in.end());
}

}  // namespace drawbridge::mc
