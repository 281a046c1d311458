#include "core/session/packet_flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/commands/game_commands.hpp"
#include "core/limbo/limbo_lesson.hpp"
#include "mc/bungee_channel.hpp"
#include "mc/frame.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/play.hpp"
#include "mc/reader.hpp"

namespace drawbridge::core {

using mc::Contents;
using mc::Kind;
using mc::State;

namespace {

constexpr std::size_t nothing_passes = std::numeric_limits<std::size_t>::max();
// Packets larger than this whose fields would be of interest are not inflated for them.
constexpr std::size_t most_inflated_for_fields = 512;
// A kick may be longer than other packets that matter.
constexpr std::size_t longest_kick = 65'536;
// The tab list of a full server, with skins.
constexpr std::size_t longest_tab_list = std::size_t{1} << 20;
// Of a configuration that waits for its end. Beyond it, it goes on.
constexpr std::size_t longest_configuration = std::size_t{4} << 20;
// Commands and what is to be completed; the server's whole tree (a vanilla one has 30 KiB).
constexpr std::size_t longest_said = 5'632;
// A client's list of plugin channels.
constexpr std::size_t longest_channels = 32'768;
constexpr std::size_t largest_tree = std::size_t{1} << 20;

std::size_t longest_of(Kind kind) {
  switch (kind) {
    case Kind::kick_disconnect:
    case Kind::disconnect:
      return longest_kick;
    case Kind::chat:
    case Kind::chat_command:
    case Kind::tab_complete:
      return longest_said;
    case Kind::custom_payload:
      return longest_channels;
    case Kind::declare_commands:
      return largest_tree;
    case Kind::player_info:
    case Kind::player_remove:
      return longest_tab_list;
    default:
      return most_inflated_for_fields;
  }
}

// How many bytes the VarInt at the front has.
std::size_t varint_length(ByteView bytes) {
  std::size_t size = 1;
  while ((bytes[size - 1] & 0x80) != 0) ++size;
  return size;
}

}  // namespace

PacketFlow::PacketFlow(mc::Version version, Phases phases, Thresholds thresholds,
                       const SessionRules& rules, mc::Codecs& codecs, ByteBuffer& scratch,
                       std::uint32_t second, std::shared_ptr<const mc::CommandTree> commands)
    : rules_(rules),
      codecs_(codecs),
      scratch_(scratch),
      tracker_(version, phases.client, phases.backend, tracker_rules(rules)),
      budget_(rules.packets_per_second, rules.inflated_per_second, second),
      commands_(std::move(commands)) {
  lanes_[index(Side::client)].sender = lanes_[index(Side::backend)].receiver = thresholds.client;
  lanes_[index(Side::backend)].sender = lanes_[index(Side::client)].receiver = thresholds.backend;
  settle(Side::client);
  settle(Side::backend);
}

PacketTracker::Rules PacketFlow::tracker_rules(const SessionRules& rules) {
  return {.drops_chat_session = rules.drops_chat_session,
          .takes_commands = rules.takes_commands,
          .answers_channel = rules.answers_channel,
          .holds_kicks = rules.holds_kicks,
          .holds_configuration = rules.holds_kicks,
          .luggage = rules.luggage};
}

void PacketFlow::look_for_kick() {
  if (looks_for_kick_) return;
  looks_for_kick_ = true;
  settle(Side::backend);
}

// What is compressed passes unseen if it is compressed rightly at both ends and too large to
// matter. A client's must also not be smaller than its own threshold, which look() refuses.
void PacketFlow::settle(Side from) {
  Lane& lane = lanes_[index(from)];
  lane.ids = &tracker_.ids(from);
  if (detached_ && from == Side::client) {
    lane.raw_below = 0;
    lane.compressed_from = nothing_passes;
    return;
  }
  if (lane.sender.is_on() != lane.receiver.is_on()) {
    lane.raw_below = 0;
    lane.compressed_from = nothing_passes;
    return;
  }
  if (!lane.sender.is_on()) {
    lane.raw_below = nothing_passes;
    return;
  }
  lane.raw_below = static_cast<std::size_t>(lane.receiver.bytes);
  std::size_t largest = tracker_.largest_that_matters(from);
  if (from == Side::backend && looks_for_kick_) largest = std::max(largest, longest_kick);
  lane.compressed_from =
      largest == nothing_passes
          ? nothing_passes
          : std::max({largest + 1, lane.raw_below, static_cast<std::size_t>(lane.sender.bytes)});
}

mc::Sender PacketFlow::sender(Side from) const {
  return {.threshold = lanes_[index(from)].sender,
          .max_inflated = rules_.max_inflated,
          .fault = fault_of(from)};
}

std::size_t PacketFlow::frame_size(ByteView bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 3; ++i) {
    length |= static_cast<std::size_t>(bytes[i] & 0x7F) << (7 * i);
    if ((bytes[i] & 0x80) == 0) return length + i + 1;
  }
  return 0;
}

// The hot path: a few instructions a frame. Everything unusual is left to look().
[[gnu::always_inline]] inline PacketFlow::Glance PacketFlow::glance(Side from, const Lane& lane,
                                                                    ByteView bytes,
                                                                    Seen& seen) const {
  const Byte* at = bytes.data();
  const Byte* const end = at + bytes.size();
  std::size_t size = *at++;
  if (size >= 0x80) {
    if (at == end) return Glance::part;
    const std::size_t second = *at++;
    size = (size & 0x7F) | (second & 0x7F) << 7;
    if (second >= 0x80) [[unlikely]] {
      if (at == end) return Glance::part;
      const std::size_t third = *at++;
      if (third >= 0x80) return Glance::bad_length;
      size |= third << 14;
    }
  }
  seen.prefix = static_cast<std::size_t>(at - bytes.data());
  seen.size = size;
  seen.inflated = 0;
  if (static_cast<std::size_t>(end - at) < size) return Glance::part;
  const Byte* const next = at + size;
  if (lane.sender.is_on()) {
    if (size < 2) return Glance::look;
    std::size_t declared = *at++;
    if (declared != 0) {
      for (unsigned shift = 7; (at[-1] & 0x80) != 0; shift += 7) {
        if (shift > 21 || at == next) return Glance::look;
        declared = (declared & ((std::size_t{1} << shift) - 1)) |
                   static_cast<std::size_t>(*at++ & 0x7F) << shift;
      }
      if (declared < lane.compressed_from || declared > rules_.max_inflated || at == next)
        return Glance::look;
      const auto stream = static_cast<std::size_t>(next - at);
      if (from == Side::client && !mc::Inflater::is_plausible(stream, declared))
        return Glance::look;
      seen.inflated = declared;
      return Glance::passes;
    }
    --size;
  }
  if (size >= lane.raw_below || size == 0) return Glance::look;
  std::int32_t id = *at;
  if (id >= 0x80) {
    if (size < 2 || at[1] >= 0x80) return Glance::look;
    id = (id & 0x7F) | at[1] << 7;
  }
  const Kind kind = lane.ids->kind(id);
  return kind == Kind::none || !tracker_.matters(from, kind) ? Glance::passes : Glance::look;
}

PacketFlow::Step PacketFlow::next(Side from, ByteView bytes, std::uint32_t second) {
  const Lane& lane = lanes_[index(from)];
  std::size_t at = 0;
  std::size_t last = 0;
  Counts counts;
  Seen seen;
  while (at < bytes.size()) {
    const Glance glanced = glance(from, lane, bytes.subspan(at), seen);
    if (glanced == Glance::passes) [[likely]] {
      ++counts.packets;
      counts.inflated += seen.inflated;
      last = at;
      at += seen.prefix + seen.size;
      continue;
    }
    if (glanced == Glance::part) break;
    // What was good so far goes on even if this frame ends the session.
    if (!charge(from, counts, second)) {
      Step step = bad(Error{"more packets or inflated bytes than allowed", fault_of(from)}, true);
      step.pass = at;
      return step;
    }
    counts = {};
    Step step;
    if (glanced == Glance::bad_length) {
      step = bad(Error{"frame length of more than 3 bytes", fault_of(from)});
    } else {
      step = look(from, bytes.subspan(at, seen.prefix + seen.size), seen.prefix, second);
    }
    if (step.then == Step::Then::more && step.skip == 0 && step.instead.empty()) {
      at += step.pass;
      continue;
    }
    step.pass += at;
    return step;
  }
  if (!charge(from, counts, second)) {
    Step step = bad(Error{"more packets or inflated bytes than allowed", fault_of(from)}, true);
    step.pass = at;
    return step;
  }
  if (from == Side::backend && counts.packets != 0) keep_last_frame(bytes.subspan(last, at - last));
  return {.pass = at, .skip = 0, .instead = {}, .then = Step::Then::rest};
}

void PacketFlow::keep_last_frame(ByteView frame) {
  last_size_ = 0;
  if (!lanes_[index(Side::backend)].sender.is_on()) return;
  const std::size_t prefix = varint_length(frame);
  // A raw one was seen.
  if (frame[prefix] == 0) return;
  const std::size_t stream = prefix + varint_length(frame.subspan(prefix));
  const std::size_t size = std::min(last_.size(), frame.size() - stream);
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(stream), size, last_.begin());
  last_size_ = static_cast<std::uint8_t>(size);
}

void PacketFlow::look_at_last_frame() {
  if (last_size_ == 0 || tracker_.state(Side::backend) != State::play) return;
  const Contents contents{.bytes = ByteView(last_).first(last_size_), .inflated = longest_kick};
  const auto id = mc::peek_packet_id(contents, codecs_.inflater, Fault::backend);
  if (id && tracker_.ids(Side::backend).kind(*id) == Kind::kick_disconnect)
    tracker_.note(Side::backend, Kind::kick_disconnect, {});
}

bool PacketFlow::charge(Side from, Counts& counts, std::uint32_t second) {
  lanes_[index(from)].packets += counts.packets;
  return from == Side::backend || budget_.charge(counts.packets, counts.inflated, second);
}

PacketFlow::Step PacketFlow::bad(Error error, bool over_budget) {
  bad_ = {std::move(error), over_budget};
  return {.pass = 0, .skip = 0, .instead = {}, .then = Step::Then::bad};
}

// --- A frame that needs more than a glance ---

PacketFlow::Step PacketFlow::look(Side from, ByteView frame, std::size_t prefix,
                                  std::uint32_t second) {
  Step step{.pass = 0, .skip = frame.size(), .instead = {}, .then = Step::Then::more};
  Counts counts{.packets = 1, .inflated = 0};
  if (frame.size() == prefix) {
    // Older versions take an empty frame, vanilla from 1.21.9 ends the connection for it.
    if (!charge(from, counts, second))
      return bad(Error{"more packets than allowed", fault_of(from)}, true);
    return step;
  }
  const auto contents = mc::open_frame(frame.subspan(prefix), sender(from));
  if (!contents) return bad(contents.error());
  counts.inflated = contents->inflated;
  if (!charge(from, counts, second))
    return bad(Error{"more packets or inflated bytes than allowed", fault_of(from)}, true);
  if (from == Side::client && contents->is_compressed() &&
      !mc::Inflater::is_plausible(contents->bytes.size(), contents->inflated)) {
    return bad(Error{fmt::format("{} compressed bytes for a packet of {}", contents->bytes.size(),
                                 contents->inflated),
                     Fault::client});
  }

  if (detached_ && from == Side::client) return look_detached(*contents, step);

  const Lane& lane = lanes_[index(from)];
  const mc::Threshold receiver = lane.receiver;
  const bool passes = mc::passes_as_received(*contents, lane.sender, receiver);
  const bool may_matter =
      !contents->is_compressed() || contents->inflated <= tracker_.largest_that_matters(from) ||
      (from == Side::backend && looks_for_kick_ && contents->inflated <= longest_kick);
  PacketTracker::Verdict verdict = PacketTracker::Verdict::pass;
  if (may_matter) {
    const auto id = mc::peek_packet_id(*contents, codecs_.inflater, fault_of(from));
    if (!id) return bad(id.error());
    instead_ = {};
    verdict = note(from, *contents, *id);
    if (verdict == PacketTracker::Verdict::drop) {
      step.instead = instead_;
      return step;
    }
    if (from == Side::backend && tracker_.awaits_tree()) {
      tracker_.looked_for_tree();
      if (!tracker_.awaits_tree()) settle(from);
    }
  }
  scratch_.clear();
  if (verdict == PacketTracker::Verdict::hold) {
    const auto done =
        mc::append_reframed(configuration_, *contents, receiver, codecs_, fault_of(from));
    if (!done) return bad(done.error());
    if (configuration_.size() > longest_configuration) release_configuration();
    step.instead = scratch_;
    return step;
  }
  if (from == Side::backend && !configuration_.empty() &&
      tracker_.state(Side::backend) == State::play) {
    // What has come is whole: it goes in front of its end.
    release_configuration();
    const auto done = mc::append_reframed(scratch_, *contents, receiver, codecs_, fault_of(from));
    if (!done) return bad(done.error());
    step.instead = scratch_;
    return step;
  }
  if (!passes) {
    const auto done = mc::append_reframed(scratch_, *contents, receiver, codecs_, fault_of(from));
    if (!done) return bad(done.error());
  } else {
    step.pass = std::exchange(step.skip, 0);
  }
  if (from == Side::backend && !after_bundle_.empty() && !tracker_.in_bundle()) {
    // A bundle that the end of play cut short takes along what waited: it is of play.
    if (tracker_.state(Side::backend) == State::play)
      scratch_.insert(scratch_.end(), after_bundle_.begin(), after_bundle_.end());
    after_bundle_ = {};
  }
  step.instead = scratch_;
  return step;
}

void PacketFlow::release_configuration() {
  scratch_.insert(scratch_.end(), configuration_.begin(), configuration_.end());
  configuration_ = {};
  half_configured_ = true;
}

// Nobody is there who could be given it. The client's own word about its phase counts.
PacketFlow::Step PacketFlow::look_detached(const Contents& contents, Step step) {
  const bool had_turned = has_turned();
  const auto id = mc::peek_packet_id(contents, codecs_.inflater, Fault::client);
  if (!id) return bad(id.error());
  const Kind kind = lanes_[index(Side::client)].ids->kind(*id);
  if (kind == Kind::finish_configuration) {
    tracker_.enter(Side::client, State::play);
    settle(Side::client);
    return step;
  }
  note(Side::client, contents, *id);
  // Whoever waits for it looks before what is behind it is read.
  if (!had_turned && has_turned()) step.then = Step::Then::rest;
  return step;
}

PacketTracker::Verdict PacketFlow::note(Side from, const Contents& contents, std::int32_t id) {
  const Kind kind = lanes_[index(from)].ids->kind(id);
  if (kind == Kind::none || !tracker_.matters(from, kind)) return PacketTracker::Verdict::pass;
  if (kind == Kind::custom_payload)
    if (const auto decided = note_payload(from, contents)) return *decided;
  ByteView fields;
  if (!contents.is_compressed() || contents.inflated <= most_inflated_for(kind)) {
    const auto whole = mc::whole_packet(contents, codecs_.inflater, fault_of(from));
    // A stream that is damaged behind its id is the receiver's to refuse.
    if (whole)
      if (const auto packet = mc::split_packet(*whole, fault_of(from))) fields = packet->fields;
  }
  if (kind == Kind::start_configuration) half_configured_ = false;
  const bool in_configuration = tracker_.state(from) == State::configuration;
  auto verdict = tracker_.note(from, kind, fields);
  const bool configures = from == Side::backend && in_configuration &&
                          (kind == Kind::registry_data || kind == Kind::tags);
  if (configures && verdict == PacketTracker::Verdict::pass) half_configured_ = true;
  if (rules_.lesson && in_configuration && verdict != PacketTracker::Verdict::drop)
    learn(from, kind, fields);
  if (from == Side::client ? hear(kind, fields)
                           : kind == Kind::declare_commands && add_commands(fields))
    verdict = PacketTracker::Verdict::drop;
  std::int32_t threshold = 0;
  if (tracker_.takes_threshold(threshold)) {
    lanes_[index(Side::backend)].sender = lanes_[index(Side::client)].receiver = {threshold};
    settle(other(from));
  }
  settle(from);
  return verdict;
}

// Only a lesson is worth inflating registries.
std::size_t PacketFlow::most_inflated_for(Kind kind) const {
  return rules_.lesson && LimboLesson::has(kind) ? mc::RegistryListener::most_bytes
                                                 : longest_of(kind);
}

void PacketFlow::learn(Side from, Kind kind, ByteView fields) {
  if (LimboLesson::has(kind) && !rules_.lesson->note(from, kind, fields)) rules_.lesson = nullptr;
}

// --- Packets of ours ---

Result<ByteView> PacketFlow::frame_for(Side to, ByteView packet) {
  const Lane& lane = lanes_[index(other(to))];
  const auto parts = mc::split_packet(packet, Fault::proxy);
  if (!parts) return std::unexpected(parts.error());
  const bool waits = to == Side::client && tracker_.in_bundle();
  scratch_.clear();
  ByteBuffer& out = waits ? after_bundle_ : scratch_;
  const auto done = mc::append_packet(out, packet, lane.receiver, codecs_.deflater, Fault::proxy);
  if (!done) return std::unexpected(done.error());
  if (to == Side::client) tracker_.note_ours(lane.ids->kind(parts->id), parts->fields);
  return ByteView(scratch_);
}

Result<ByteView> PacketFlow::kick(const mc::Text& words) {
  const mc::Version version = tracker_.version();
  const State state = tracker_.state(Side::backend);
  const mc::WireText reason = mc::wire_text(words, version);
  auto body =
      state == State::configuration
          ? mc::encode_body(mc::ConfigurationDisconnect{reason}, version, state, mc::Bound::client)
          : mc::encode_body(mc::KickDisconnect{reason}, version, state, mc::Bound::client);
  if (!body) return std::unexpected(body.error());
  return last_frame(*body);
}

Result<ByteView> PacketFlow::held_kick() {
  const Kind kind = tracker_.state(Side::backend) == State::configuration ? Kind::disconnect
                                                                          : Kind::kick_disconnect;
  ByteBuffer body;
  mc::Writer out(body);
  out.varint(lanes_[index(Side::backend)].ids->id(kind).value_or(0));
  out.raw(tracker_.held_kick());
  return last_frame(body);
}

// Behind the end of a bundle that is open.
Result<ByteView> PacketFlow::last_frame(const ByteBuffer& body) {
  const Lane& lane = lanes_[index(Side::backend)];
  scratch_.clear();
  if (tracker_.in_bundle()) {
    ByteBuffer delimiter;
    mc::Writer(delimiter).varint(lane.ids->id(Kind::bundle_delimiter).value_or(0));
    const auto closed =
        mc::append_packet(scratch_, delimiter, lane.receiver, codecs_.deflater, Fault::proxy);
    if (!closed) return std::unexpected(closed.error());
  }
  const auto done =
      mc::append_packet(scratch_, body, lane.receiver, codecs_.deflater, Fault::proxy);
  if (!done) return std::unexpected(done.error());
  return ByteView(scratch_);
}

}  // namespace drawbridge::core
