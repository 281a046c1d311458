// Reads the fields of one packet. Failure sticks: after the first bad field every read leaves its
// argument alone, so that a packet's layout stays a straight line of reads and is checked once, at
// the end. No length that a stranger names is believed: each variable field has a cap, and nothing
// is allocated before the bytes are known to be there.
//
// Reader and Writer share their method names, so that a packet's layout is written once:
//   static void fields(auto& io, auto& p) { io.string(p.name, 16); io.u16(p.port); }
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// The most UTF-16 units that the game takes in a string without a limit of its own.
inline constexpr std::size_t max_string = 32767;

// UTF-16 units of a UTF-8 text: what the game's limits count. For bytes that are not UTF-8 an
// estimate.
std::size_t utf16_length(std::string_view utf8);

class Reader {
 public:
  static constexpr bool reading = true;

  // `bytes` must outlive the reader. `version` is for layouts that depend on it.
  explicit Reader(ByteView bytes, Version v = newest_known) : version(v), bytes_(bytes) {}

  Version version;

  [[nodiscard]] bool ok() const { return why_.empty(); }
  // Why the first failed read failed; empty while all is well.
  [[nodiscard]] std::string_view why() const { return why_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  // A check of the layout's own. `why` must be a literal.
  void fail(std::string_view why) {
    if (ok()) why_ = why;
  }

  void boolean(bool& out);
  void u8(std::uint8_t& out) { integer(out); }
  void i8(std::int8_t& out) { integer(out); }
  void u16(std::uint16_t& out) { integer(out); }
  void i16(std::int16_t& out) { integer(out); }
  void i32(std::int32_t& out) { integer(out); }
  void i64(std::int64_t& out) { integer(out); }
  void f32(float& out);
  void f64(double& out);
  // At most 5 (10) bytes; over-long forms are taken, as the game takes them.
  void varint(std::int32_t& out);
  void varlong(std::int64_t& out);
  void uuid(Uuid& out);
  // VarInt count of bytes, then UTF-8, of at most `max_chars` UTF-16 units. Not checked to be
  // UTF-8: the game replaces bad bytes, so whoever shows or compares the text decides.
  void string(std::string& out, std::size_t max_chars = max_string);
  void string(std::string_view& out, std::size_t max_chars = max_string);  // a view into the packet
  // A counted byte array: the count is a VarInt, before 1.8 an i16.
  void bytes(ByteBuffer& out, std::size_t max);
  // Everything up to the end of the packet.
  void rest(ByteBuffer& out, std::size_t max);
  // `count` bytes as a view into the packet; empty after a failure.
  ByteView raw(std::size_t count);

  // A Boolean, then the value if it is there.
  template <typename T, typename Fields>
  void optional(std::optional<T>& out, Fields&& fields) {
    bool present = false;
    boolean(present);
    out.reset();
    if (!ok() || !present) return;
    fields(out.emplace());
    if (!ok()) out.reset();
  }

 private:
  template <std::integral T>
  void integer(T& out) {
    const ByteView in = raw(sizeof(T));
    if (in.size() != sizeof(T)) return;
    T value;
    std::memcpy(&value, in.data(), sizeof(T));
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    out = value;
  }
  // A count of at most `max` that is also there to be read.
  std::optional<std::size_t> count(std::int64_t value, std::size_t max);

  ByteView bytes_;
  std::size_t at_ = 0;
  std::string_view why_;
};

// The whole of `body` (without the packet id) as a P. Bytes left over are an error, as in the game.
template <typename P>
Result<P> decode(ByteView body, Version version, Fault fault) {
  Reader reader(body, version);
  P packet;
  P::fields(reader, packet);
  if (reader.ok() && reader.left() != 0) reader.fail("bytes left over");
  if (!reader.ok()) return drawbridge::fail(fault, "{}: {}", P::name, reader.why());
  return packet;
}

}  // namespace drawbridge::mc
