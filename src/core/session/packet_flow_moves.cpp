// The flow between two backends: what was open is closed, the client turns to configuration, the
// next one is attached.
#include "core/session/packet_flow.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/play.hpp"

namespace drawbridge::core {

using mc::Kind;
using mc::State;

Result<ByteView> PacketFlow::detach() {
  detached_ = true;
  rules_.lesson = nullptr;
  configuration_ = {};
  scratch_.clear();
  if (tracker_.in_bundle()) {
    ByteBuffer delimiter;
    mc::Writer(delimiter).varint(
        lanes_[index(Side::backend)].ids->id(Kind::bundle_delimiter).value_or(0));
    append_frame(delimiter);
    if (tracker_.state(Side::backend) == State::play)
      scratch_.insert(scratch_.end(), after_bundle_.begin(), after_bundle_.end());
  }
  after_bundle_ = {};
  last_size_ = 0;
  looks_for_kick_ = false;
  PacketTracker::Rules rules = tracker_rules(rules_);
  rules.drops_chat_session = false;
  tracker_.change_backend(rules);
  settle(Side::client);
  settle(Side::backend);
  return ByteView(scratch_);
}

// Ours, and far smaller than a frame can be.
void PacketFlow::append_frame(const ByteBuffer& packet) {
  (void)mc::append_packet(scratch_, packet, lanes_[index(Side::backend)].receiver, codecs_.deflater,
                          Fault::proxy);
}

Result<ByteView> PacketFlow::turn_to_configuration(const std::vector<ByteBuffer>& before) {
  scratch_.clear();
  if (tracker_.state(Side::backend) == State::configuration) return ByteView(scratch_);
  for (const ByteBuffer& packet : before) append_frame(packet);
  auto start =
      mc::encode_body(mc::StartConfiguration{}, tracker_.version(), State::play, mc::Bound::client);
  if (!start) return std::unexpected(start.error());
  append_frame(*start);
  tracker_.enter(Side::backend, State::configuration);
  half_configured_ = false;
  settle(Side::backend);
  return ByteView(scratch_);
}

void PacketFlow::attach(mc::Threshold threshold, const SessionRules& rules) {
  detached_ = false;
  rules_ = rules;
  lanes_[index(Side::backend)].sender = lanes_[index(Side::client)].receiver = threshold;
  tracker_.change_backend(tracker_rules(rules));
  settle(Side::client);
  settle(Side::backend);
}

}  // namespace drawbridge::core
