// Every layout at every version: bytes that are read are written again, and read the same from then
// on. The first two bytes choose the version and the layout, so that the corpus has inputs for
// each.
#include <cstdlib>

#include "mc/packets/all_for_tests.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Layout& layout, ByteView fields, Version version) {
  const auto once = layout.reencode(fields, version);
  if (!once) {
    // What can be read can be written.
    require(!once.error().what.starts_with("written"));
    return;
  }
  const auto twice = layout.reencode(*once, version);
  require(twice.has_value() && *twice == *once);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto versions = releases();
  const Version version = versions[data[0] % versions.size()].version;
  const Layout& layout = layouts[data[1] % std::size(layouts)];
  check(layout, ByteView(data, size).subspan(2), version);
  return 0;
}
