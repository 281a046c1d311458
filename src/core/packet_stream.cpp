#include "core/packet_stream.hpp"

#include <algorithm>
#include <utility>

namespace drawbridge::core {

namespace {

// One read; a login's packets are small, a mod list takes several.
constexpr std::size_t read_size = 4096;
// What a compressed frame may be longer than the packet in it: the second length, and a stream that
// did not get smaller.
constexpr std::size_t frame_overhead = 64;

}  // namespace

PacketStream::PacketStream(net::Stream stream, Fault end, mc::Version version, mc::Codecs& codecs)
    : stream_(std::move(stream)), end_(end), version_(version), codecs_(&codecs) {}

void PacketStream::push(ByteView received) {
  in_.insert(in_.end(), received.begin(), received.end());
}

net::Task<Result<mc::Packet>> PacketStream::read(std::size_t cap, TimePoint deadline) {
  for (;;) {
    auto packet = received(cap);
    if (!packet) co_return std::unexpected(std::move(packet.error()));
    if (packet->has_value()) co_return **packet;
    auto more = co_await receive(deadline);
    if (!more) co_return std::unexpected(std::move(more.error()));
  }
}

Result<std::optional<mc::Packet>> PacketStream::received(std::size_t cap) {
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  const std::size_t longest =
      std::min(mc::max_frame, threshold_.is_on() ? cap + frame_overhead : cap);
  auto frame = mc::next_frame(in_, longest, end_);
  if (!frame) return std::unexpected(std::move(frame.error()));
  if (!frame->has_value()) return std::nullopt;
  used_ = (*frame)->size;
  const mc::Sender sender{.threshold = threshold_, .max_inflated = cap, .fault = end_};
  auto contents = mc::open_frame((*frame)->body, sender);
  if (!contents) return std::unexpected(std::move(contents.error()));
  auto whole = mc::whole_packet(*contents, codecs_->inflater, end_);
  if (!whole) return std::unexpected(std::move(whole.error()));
  if (!contents->is_compressed()) return mc::split_packet(*whole, end_);
  inflated_.assign(whole->begin(), whole->end());
  return mc::split_packet(inflated_, end_);
}

net::Task<Result<>> PacketStream::receive(TimePoint deadline) {
  const std::size_t had = in_.size();
  in_.resize(had + read_size);
  const ByteSpan space = ByteSpan(in_).subspan(had);
  auto count = co_await stream_.read_some(space, deadline);
  in_.resize(had + (count ? *count : 0));
  if (!count) co_return std::unexpected<Error>(count.error());
  if (*count == 0) {
    co_return fail(end_, "closed by the {}", end_ == Fault::client ? "client" : "server");
  }
  if (cipher_) cipher_->decrypt.decrypt(ByteSpan(in_).subspan(had));
  co_return Result<>{};
}

net::Task<Result<>> PacketStream::write_body(ByteBuffer body, TimePoint deadline) {
  ByteBuffer frame;
  auto framed = mc::append_packet(frame, body, threshold_, codecs_->deflater, Fault::proxy);
  if (!framed) co_return std::unexpected(std::move(framed.error()));
  if (cipher_) cipher_->encrypt.encrypt(frame);
  auto sent = co_await stream_.write_all(frame, deadline);
  if (!sent) co_return std::unexpected<Error>(sent.error());
  co_return Result<>{};
}

net::Task<Result<>> PacketStream::write_raw(ByteBuffer frames, TimePoint deadline) {
  auto sent = co_await stream_.write_all(frames, deadline);
  if (!sent) co_return std::unexpected<Error>(sent.error());
  co_return Result<>{};
}

void PacketStream::encrypt_from_now(mc::SharedSecret secret) {
  cipher_ = std::make_unique<LinkCipher>(secret);
  // What lies behind the packet that was read last is cipher text already.
  cipher_->decrypt.decrypt(ByteSpan(in_).subspan(used_));
}

LinkStart PacketStream::release() {
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  return {.fd = stream_.release(),
          .unread = std::exchange(in_, {}),
          .unsent = {},
          .threshold = threshold_,
          .state = state,
          .cipher = std::move(cipher_)};
}

}  // namespace drawbridge::core
