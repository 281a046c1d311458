// What layouts share, and how a packet is put together from its Kind. A layout is written once:
//
//   struct KeepAlive {
//     static constexpr std::string_view name = "keep_alive";
//     static constexpr Kind kind = Kind::keep_alive;
//     ...
//     static void fields(auto& io, auto& p) { io.i64(p.id); }
//   };
//
// with `io` a Reader or a Writer; decode<P>() is in reader.hpp. The layouts were read in
// minecraft-data; tests/golden holds bytes of other programs for each.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mc/frame.hpp"
#include "mc/packet_ids.hpp"
#include "mc/reader.hpp"
#include "mc/version.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

// A VarInt count of at most `max`, then `fields(item)` for each. A reader believes no count that
// has not at least one byte for each item behind it.
void list_field(auto& io, auto& items, std::size_t max, auto fields) {
  if constexpr (std::remove_reference_t<decltype(io)>::reading) {
    std::int32_t count = 0;
    io.varint(count);
    if (count < 0 || static_cast<std::size_t>(count) > max ||
        static_cast<std::size_t>(count) > io.left()) {
      return io.fail("a count is beyond its limit");
    }
    items.clear();
    for (std::int32_t i = 0; i < count && io.ok(); ++i) fields(items.emplace_back());
  } else {
    if (items.size() > max) return io.fail("a count is beyond its limit");
    io.varint(static_cast<std::int32_t>(items.size()));
    for (const auto& item : items) fields(item);
  }
}

// What a frame's body is before compression: id and fields. An error (of the proxy) where this
// version has no such packet there, or a field is beyond its cap.
template <typename P>
Result<ByteBuffer> encode_body(const P& packet, Version version, State state, Bound bound) {
  const auto id = id_map(version, state, bound).id(P::kind);
  if (!id) return fail(Fault::proxy, "{} has no {}", release_name(version), P::name);
  ByteBuffer body;
  Writer writer(body, version);
  writer.varint(*id);
  P::fields(writer, packet);
  if (!writer.ok()) return fail(Fault::proxy, "{}: {}", P::name, writer.why());
  if (body.size() > max_frame) return fail(Fault::proxy, "{}: beyond a frame", P::name);
  return body;
}

}  // namespace drawbridge::mc
