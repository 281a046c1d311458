// Clients from before 1.7: the parser fed with their opening bytes and anything behind them, and
// our answers made from any text: a kick is FF, a count, and exactly that many UTF-16 units.
#include <cstdlib>

#include "mc/disconnect.hpp"
#include "mc/hello.hpp"
#include "mc/status.hpp"
#include "mc/text.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_kick(const ByteBuffer& packet) {
  require(packet.size() >= 3 && packet[0] == 0xFF);
  const std::size_t units = static_cast<std::size_t>(packet[1]) << 8 | packet[2];
  require(packet.size() == 3 + units * 2);
}

// Byte by byte or at once: the same hello.
void check_hello(ByteView all) {
  HelloParser whole;
  const auto at_once = whole.feed(all);
  HelloParser slow;
  for (std::size_t n = 1; n <= all.size(); ++n) {
    const auto part = slow.feed(all.first(n));
    if (!part) return require(!at_once.has_value());
    if (!part->has_value()) continue;
    require(at_once.has_value() && at_once->has_value());
    require((*part)->kind == (*at_once)->kind && (*part)->size == (*at_once)->size);
    require((*part)->player == (*at_once)->player && (*part)->host == (*at_once)->host);
    return;
  }
  require(at_once.has_value() && !at_once->has_value());
  if (whole.wants_pause()) require(whole.give_up_waiting().kind == HelloKind::legacy_ping);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView rest(data, size);
  const ByteBuffer openings[] = {{0xFE}, {0xFE, 0x01}, {0xFE, 0x01, 0xFA}, {0x02}, {0x02, 0x33}};
  for (ByteBuffer bytes : openings) {
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    check_hello(bytes);
  }
  const Text text{.form = Text::Form::legacy, .value = std::string(as_text(rest))};
  check_kick(legacy_kick(text));
  StatusFacts facts;
  facts.description = text;
  facts.version_name = std::string(as_text(rest.first(size / 2)));
  facts.online = 3;
  facts.max = 20;
  for (const LegacyPing form : {LegacyPing::beta, LegacyPing::v1_4, LegacyPing::v1_6})
    check_kick(legacy_status(form, facts));
  return 0;
}
