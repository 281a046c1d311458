// Arbitrary bytes on both links of an intercepted session. Whatever comes: what goes out are whole
// frames in the form of their receiver's threshold, never an empty one; where the bytes were cut
// makes no difference; and a kick, or a packet of ours, can be put between frames at any time. The
// one thing that the cut decides is how much of the client's last read still goes on when it was
// more than its budget: the budget is charged by the read, not by the frame.
//
// Input: version, the client's threshold, the backend's, and the phase with the rules, a byte each;
// then pieces: a byte with the side in its highest bit and the length in the others, and so many
// bytes. A piece of length 0 from the client's side is a packet of ours to it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "core/session/packet_flow.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/frame.hpp"
#include "mc/packets/play.hpp"

using namespace drawbridge;
using namespace drawbridge::core;

namespace {

constexpr mc::Version versions[] = {mc::v1_7_2,  mc::v1_8,    mc::v1_9,        mc::v1_12_2,
                                    mc::v1_16,   mc::v1_19_4, mc::v1_20_2,     mc::v1_20_5,
                                    mc::v1_21_4, mc::v26_1,   mc::newest_known};
constexpr mc::Threshold thresholds[] = {{-1}, {0}, {1}, {64}, {256}};
// Small, so that no input asks for much time; the rules are the same.
constexpr std::size_t max_inflated = 100'000;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Setting {
  mc::Version version;
  mc::Threshold client, backend;
  mc::State state;
  SessionRules rules;
};

Setting setting_of(const std::uint8_t* data) {
  const mc::Version version = versions[data[0] % std::size(versions)];
  const bool play = version < mc::v1_20_2 || (data[3] & 1) != 0;
  return {.version = version,
          .client = thresholds[data[1] % std::size(thresholds)],
          .backend = thresholds[data[2] % std::size(thresholds)],
          .state = play ? mc::State::play : mc::State::configuration,
          .rules = {.drops_chat_session = (data[3] & 2) != 0,
                    .max_inflated = max_inflated,
                    .inflated_per_second = (data[3] & 4) != 0 ? 10'000U : 0U,
                    .packets_per_second = (data[3] & 8) != 0 ? 20U : 0U}};
}

void check_frames(ByteView bytes, mc::Threshold receiver) {
  while (!bytes.empty()) {
    const auto frame = mc::next_frame(bytes, mc::max_frame);
    require(frame.has_value() && frame->has_value());
    const auto contents = mc::open_frame((*frame)->body, {receiver, max_inflated, Fault::client});
    require(contents.has_value() && mc::passes_as_received(*contents, receiver, receiver));
    bytes = bytes.subspan((*frame)->size);
  }
}

class Session {
 public:
  explicit Session(const Setting& setting)
      : setting_(setting),
        flow_(setting.version, {setting.state, setting.state}, {setting.client, setting.backend},
              setting.rules, codecs(), scratch_, 0) {}

  void feed(Side from, ByteView bytes) {
    if (ended_) return;
    ByteBuffer& pending = pending_[index(from)];
    pending.insert(pending.end(), bytes.begin(), bytes.end());
    for (;;) {
      const auto step = flow_.next(from, pending, 0);
      require(step.pass + step.skip <= pending.size());
      emit(other(from), ByteView(pending).first(step.pass));
      emit(other(from), step.instead);
      pending.erase(pending.begin(),
                    pending.begin() + static_cast<std::ptrdiff_t>(step.pass + step.skip));
      ended_ = step.then == PacketFlow::Step::Then::bad;
      over_budget_ = ended_ && flow_.bad_input().over_budget;
      if (step.then != PacketFlow::Step::Then::more) break;
    }
  }
  void put_ours() {
    if (ended_) return;
    const auto id = flow_.tracker().ids(Side::backend).id(mc::Kind::keep_alive);
    const ByteBuffer packet = {static_cast<Byte>(id.value_or(0)), 0, 0, 0, 0, 0, 0, 0, 1};
    const auto frame = flow_.frame_for(Side::client, packet);
    require(frame.has_value() && frame->empty() == flow_.tracker().in_bundle());
    emit(Side::client, *frame);
  }
  void finish() {
    flow_.look_at_last_frame();
    const auto kick = flow_.kick(mc::Text::legacy("that is all"));
    require(kick.has_value() && !kick->empty());
    emit(Side::client, *kick);
  }
  // Whether it did the same as `cut`, which was given the same bytes in smaller pieces.
  [[nodiscard]] bool agrees_with(const Session& cut) const {
    const ByteBuffer& sent = out_[index(Side::backend)];
    const ByteBuffer& cut_sent = cut.out_[index(Side::backend)];
    return out_[index(Side::client)] == cut.out_[index(Side::client)] &&
           over_budget_ == cut.over_budget_ &&
           (over_budget_ ? std::ranges::mismatch(sent, cut_sent).in2 == cut_sent.end()
                         : sent == cut_sent);
  }

 private:
  static mc::Codecs& codecs() {
    static mc::Codecs all;
    return all;
  }
  void emit(Side to, ByteView bytes) {
    // Only 1.8 changes a threshold on the way, the backend's.
    if (to == Side::client) check_frames(bytes, setting_.client);
    if (to == Side::backend && setting_.version != mc::v1_8) check_frames(bytes, setting_.backend);
    out_[index(to)].insert(out_[index(to)].end(), bytes.begin(), bytes.end());
  }

  Setting setting_;
  ByteBuffer scratch_;
  PacketFlow flow_;
  std::array<ByteBuffer, 2> pending_;
  std::array<ByteBuffer, 2> out_;
  bool ended_ = false;
  bool over_budget_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t head = 4;
  if (size < head) return 0;
  const Setting setting = setting_of(data);
  Session whole(setting);
  Session cut(setting);
  ByteView rest = ByteView(data, size).subspan(head);
  while (!rest.empty()) {
    const Side from = (rest[0] & 0x80) != 0 ? Side::backend : Side::client;
    const std::size_t length = std::min<std::size_t>(rest[0] & 0x7F, rest.size() - 1);
    const ByteView piece = rest.subspan(1, length);
    rest = rest.subspan(1 + length);
    if (length == 0 && from == Side::client) {
      whole.put_ours();
      cut.put_ours();
      continue;
    }
    whole.feed(from, piece);
    cut.feed(from, piece.first(length / 2));
    cut.feed(from, piece.subspan(length / 2));
  }
  whole.finish();
  cut.finish();
  require(whole.agrees_with(cut));
  return 0;
}
