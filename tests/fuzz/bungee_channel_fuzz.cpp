// What a server says on the BungeeCord channel, from arbitrary bytes. Beyond "does not crash": a
// request that was read says what it was read from, its texts are UTF-8 and survive Java's form,
// and what is handed on is a part of the message that another server can read whole.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/strings.hpp"
#include "mc/bungee_channel.hpp"

namespace {

using namespace drawbridge;
using namespace drawbridge::mc;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_text(std::string_view text) {
  require(is_valid_utf8(text));
  ByteBuffer written;
  append_java_utf(written, text);
  ByteView left = written;
  const auto read = take_java_utf(left);
  require(read && left.empty());
  // A lone surrogate was three bytes and so is what stands for it: nothing has to be cut.
  require(*read == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView message(data, size);
  const auto subchannel = bungee_subchannel(message);
  const auto request = read_bungee_request(message);
  if (!subchannel) {
    require(!request);
    return 0;
  }
  if (!request) return 0;
  require(request->subchannel == *subchannel);
  check_text(request->target);
  check_text(request->text);
  const bool forwards = *subchannel == BungeeSubchannel::forward ||
                        *subchannel == BungeeSubchannel::forward_to_player;
  require(forwards == !request->data.empty());
  if (!forwards) return 0;
  require(!std::ranges::search(message, request->data).empty());
  ByteView left = request->data;
  require(take_java_utf(left).has_value() && left.size() >= 2);
  require((std::size_t{left[0]} << 8 | left[1]) == left.size() - 2);
  return 0;
}
