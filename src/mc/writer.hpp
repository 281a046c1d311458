// Writes the fields of one packet, with the method names of Reader (see there). Failure sticks here
// too: a text beyond its cap, which a receiver would refuse, spoils the packet instead of going
// out.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "mc/reader.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

class Writer {
 public:
  static constexpr bool reading = false;

  // Appends to `out`, which must outlive the writer.
  explicit Writer(ByteBuffer& out, Version v = newest_known) : version(v), out_(out) {}

  Version version;

  [[nodiscard]] bool ok() const { return why_.empty(); }
  [[nodiscard]] std::string_view why() const { return why_; }
  void fail(std::string_view why) {
    if (ok()) why_ = why;
  }

  void boolean(bool value) { out_.push_back(value ? 1 : 0); }
  void u8(std::uint8_t value) { integer(value); }
  void i8(std::int8_t value) { integer(value); }
  void u16(std::uint16_t value) { integer(value); }
  void i16(std::int16_t value) { integer(value); }
  void i32(std::int32_t value) { integer(value); }
  void i64(std::int64_t value) { integer(value); }
  void f32(float value) { integer(std::bit_cast<std::uint32_t>(value)); }
  void f64(double value) { integer(std::bit_cast<std::uint64_t>(value)); }
  void varint(std::int32_t value);
  void varlong(std::int64_t value);
  void uuid(const Uuid& value);
  void string(std::string_view value, std::size_t max_chars = max_string);
  void bytes(ByteView value, std::size_t max);
  void rest(ByteView value, std::size_t max);
  void raw(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }

  template <typename T, typename Fields>
  void optional(const std::optional<T>& value, Fields&& fields) {
    boolean(value.has_value());
    if (value) fields(*value);
  }

 private:
  template <std::integral T>
  void integer(T value) {
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    const auto* from = reinterpret_cast<const Byte*>(&value);
    out_.insert(out_.end(), from, from + sizeof(T));
  }

  ByteBuffer& out_;
  std::string_view why_;
};

}  // namespace drawbridge::mc
