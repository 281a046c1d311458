// NBT of both forms: skipping and building agree, and what was built is written as it came.
#include <algorithm>
#include <cstdlib>

#include "base/strings.hpp"
#include "mc/nbt.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(ByteView bytes, Version version) {
  Reader skipping(bytes, version);
  skip_nbt(skipping);
  Reader reading(bytes, version);
  const Nbt nbt = read_nbt(reading);
  if (!reading.ok()) {
    require(!skipping.ok() || reading.why() == "NBT has too many values");
    return;
  }
  require(skipping.ok() && skipping.position() == reading.position());

  Reader copying(bytes, version);
  RawNbt raw;
  nbt_field(copying, raw);
  require(copying.ok() && std::ranges::equal(raw.bytes, bytes.first(reading.position())));

  ByteBuffer out;
  Writer writer(out, v1_20_2);
  write_nbt(writer, nbt);
  require(writer.ok());
  // Without the name of the root, whatever it was.
  const std::size_t size = out.size() - 1;
  require(out[0] == bytes[0] &&
          std::ranges::equal(ByteView(out).last(size), ByteView(raw.bytes).last(size)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check(bytes, v1_20);
  check(bytes, v1_20_2);
  const std::string utf8 = utf8_from_modified(as_text(bytes));
  require(is_valid_utf8(utf8));
  require(utf8_from_modified(modified_from_utf8(utf8)) == utf8);
  return 0;
}
