// PROXY headers: how the bytes are cut into segments makes no difference, no header is longer than
// its cap, and what was read can be written and read again.
#include <cstdlib>

#include "net/proxy_protocol.hpp"

using namespace drawbridge;
using namespace drawbridge::net;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_segments(ByteView all, const Result<std::optional<ProxyHeader>>& at_once) {
  for (std::size_t n = 0; n <= all.size(); ++n) {
    const auto part = parse_proxy_header(all.first(n));
    if (!part) return require(!at_once.has_value());
    if (!*part) continue;
    require(n == (*part)->size);
    return require(at_once.has_value() && *at_once == *part);
  }
  require(at_once.has_value() && !at_once->has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView all(data, size);
  const auto at_once = parse_proxy_header(all);
  check_segments(all, at_once);
  if (!at_once || !*at_once) return 0;

  const ProxyHeader& header = **at_once;
  require(looks_like_proxy_header(all));
  require(header.size <= size);
  require(header.size <= (header.version == ProxyVersion::v1 ? max_proxy_v1 : max_proxy_v2));
  require(header.source.has_value() == header.destination.has_value());
  require(!header.is_local || !header.source);
  if (!header.source) return 0;
  for (const ProxyForm form : {ProxyForm::v1, ProxyForm::v2, ProxyForm::v2_crc32c}) {
    const ByteBuffer written = proxy_header(form, *header.source, *header.destination);
    const auto again = parse_proxy_header(written);
    require(again.has_value() && again->has_value() && (*again)->size == written.size());
    require((*again)->source == header.source && (*again)->destination == header.destination);
  }
  return 0;
}
