// Texts in both forms: whatever a backend sends as one comes out as the other, and from then on
// nothing changes any more.
#include <cstdlib>

#include "mc/text_nbt.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Text& text) {
  to_legacy(text);
  for (const Version version : {v1_8, v1_16, v1_20_3, v1_21_4, v1_21_5}) {
    const WireText wire = wire_text(text, version);
    const auto read = read_wire_text(wire, version, Fault::backend);
    // A list of nothing, or one that only null was in, is a text before this and none after.
    if (!read) continue;
    const WireText again = wire_text(*read, version);
    const auto stable = read_wire_text(again, version, Fault::backend);
    require(stable.has_value());
    // The JSON parser rounds 17 digits to a neighbour now and then; its writer gives each such
    // number an E.
    if (stable->value.find('E') == std::string::npos) {
      require(wire_text(*stable, version) == again);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto nbt = parse_nbt(bytes, v1_20_3, Fault::backend);
  if (nbt) {
    if (const auto text = text_from_nbt(*nbt, Fault::backend)) check(*text);
  }
  if (const auto text = json_text(as_text(bytes))) check(*text);
  return 0;
}
