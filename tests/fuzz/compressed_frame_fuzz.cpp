// One frame of a link with compression, passed on to another link. What is framed anew is canonical
// for its receiver and holds the same packet; the id that was peeked is the packet's; and whatever
// we inflate, zlib by itself inflates to the same.
//
// Input: the threshold of the sender and of the receiver, each as an index below (the highest bit
// of the first: sent by a backend), then the frame's body.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "mc/compressed_frame.hpp"
#include "mc/frame.hpp"
#include "mc/reader.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

constexpr Threshold thresholds[] = {{-1}, {0}, {1}, {64}, {256}, {5'000}, {3'000'000}};

// Small, so that no input asks for much time; the rule is the same.
constexpr std::size_t max_inflated = 200'000;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_against_zlib(const Contents& contents, ByteView packet) {
  if (!contents.is_compressed()) return;
  ByteBuffer plain(packet.size());
  auto size = static_cast<uLongf>(plain.size());
  require(uncompress(plain.data(), &size, contents.bytes.data(),
                     static_cast<uLong>(contents.bytes.size())) == Z_OK);
  require(size == packet.size() && std::ranges::equal(plain, packet));
}

void check_id(const Result<std::int32_t>& peeked, ByteView packet) {
  Reader reader(packet);
  std::int32_t id = 0;
  reader.varint(id);
  // A stream that says nothing in its first KiB has an id for those only who read on.
  if (peeked) require(reader.ok() && id == *peeked);
}

void check_sent(ByteView sent, ByteView packet, Threshold receiver, Codecs& codecs) {
  const auto frame = next_frame(sent, max_frame);
  require(frame.has_value() && frame->has_value() && (*frame)->size == sent.size());
  const auto contents = open_frame((*frame)->body, {receiver, max_inflated, Fault::client});
  require(contents.has_value() && passes_as_received(*contents, receiver, receiver));
  const auto again = whole_packet(*contents, codecs.inflater, Fault::client);
  require(again.has_value() && std::ranges::equal(*again, packet));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static Codecs codecs;  // used on, as a worker's: what one frame leaves must not harm the next
  const Sender sender{.threshold = thresholds[(data[0] & 0x7F) % std::size(thresholds)],
                      .max_inflated = max_inflated,
                      .fault = (data[0] & 0x80) != 0 ? Fault::backend : Fault::client};
  const Threshold receiver = thresholds[data[1] % std::size(thresholds)];

  const auto contents = open_frame(ByteView(data, size).subspan(2), sender);
  if (!contents) return 0;
  require(!contents->bytes.empty() && contents->packet_size() != 0);
  const auto id = peek_packet_id(*contents, codecs.inflater, sender.fault);
  const bool passes = passes_as_received(*contents, sender.threshold, receiver);

  const auto view = whole_packet(*contents, codecs.inflater, sender.fault);
  ByteBuffer sent;
  const auto done = append_reframed(sent, *contents, receiver, codecs, sender.fault);
  if (!view) {
    require(!done.has_value() && sent.empty());
    return 0;
  }
  const ByteBuffer packet(view->begin(), view->end());
  require(packet.size() == contents->packet_size());
  check_against_zlib(*contents, packet);
  check_id(id, packet);
  require(done.has_value());  // nothing here is too large for a frame
  check_sent(sent, packet, receiver, codecs);
  // A raw frame that passes is what we would have made of it, up to the form of its length.
  if (passes && !contents->is_compressed())
    require(sent.size() >= packet.size() &&
            std::equal(packet.rbegin(), packet.rend(), sent.rbegin()));
  return 0;
}
