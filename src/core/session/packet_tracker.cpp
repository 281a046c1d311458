#include "core/session/packet_tracker.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/strings.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/play.hpp"
#include "mc/text.hpp"

namespace drawbridge::core {

using mc::Kind;
using mc::State;

namespace {

constexpr Kind play_to_client[] = {
    Kind::start_configuration, Kind::bundle_delimiter,     Kind::keep_alive,
    Kind::kick_disconnect,     Kind::chunk_batch_finished, Kind::set_compression,
    Kind::add_resource_pack,   Kind::cookie_request,       Kind::transfer};
constexpr Kind configuration_to_client[] = {Kind::finish_configuration, Kind::keep_alive,
                                            Kind::disconnect,           Kind::select_known_packs,
                                            Kind::feature_flags,        Kind::add_resource_pack,
                                            Kind::cookie_request,       Kind::transfer};
constexpr Kind play_to_backend[] = {
    Kind::configuration_acknowledged, Kind::keep_alive,      Kind::chunk_batch_received,
    Kind::resource_pack_receive,      Kind::cookie_response, Kind::custom_payload};
constexpr Kind configuration_to_backend[] = {
    Kind::finish_configuration,  Kind::keep_alive,      Kind::select_known_packs,
    Kind::resource_pack_receive, Kind::cookie_response, Kind::custom_payload};

// In play, towards the client: a keep-alive with an id of five bytes. What is larger there (a
// resource pack, a cookie's request, a transfer, a kick) is looked at when it comes uncompressed.
constexpr std::size_t largest_to_client = 13;
// A message of a backend on the BungeeCord channel: as much as another backend takes, and names.
constexpr std::size_t largest_request = 36'864;
// A kick that must not pass unseen.
constexpr std::size_t largest_held_kick = 4'096;
// Before 1.20.2 the tab list is kept, whose packets bring the skins of all players along.
constexpr std::size_t largest_tab_list = std::size_t{1} << 20;

// A server sends its tree of commands right after `login`, before the world. What is compressed is
// looked into for no longer than this: an inflated id costs 0.9 us.
constexpr std::uint16_t most_before_tree = 1'000;

constexpr std::size_t longest_reason = 256;
// Packs that were asked about and not answered; a backend may ask without end.
constexpr std::size_t most_packs = 64;

// Counts that a backend may run up without end saturate.
void up(std::uint8_t& count) {
  if (count < std::numeric_limits<std::uint8_t>::max()) ++count;
}
void down(std::uint8_t& count) {
  if (count > 0) --count;
}

}  // namespace

// --- Keep-alives ---

void KeepAlives::asked(Owner owner, std::int64_t id) {
  open_[next_] = {id, owner};
  next_ = static_cast<std::uint8_t>((next_ + 1) % open_.size());
}

KeepAlives::Owner KeepAlives::answered(std::int64_t id) {
  for (Question& question : open_) {
    if (question.owner == Owner::nobody || question.id != id) continue;
    const Owner owner = question.owner;
    question = {};
    return owner;
  }
  return Owner::nobody;
}

void KeepAlives::forget_backend() {
  for (Question& question : open_)
    if (question.owner == Owner::backend) question.owner = Owner::former;
}

// --- Phases ---

PacketTracker::PacketTracker(mc::Version version, State from_client, State from_backend,
                             Rules rules)
    : version_(version), rules_(rules) {
  enter(Side::client, from_client);
  enter(Side::backend, from_backend);
}

void PacketTracker::enter(Side from, State state) {
  const std::size_t at = index(from);
  const bool play = state == State::play;
  states_[at] = state;
  ids_[at] =
      &mc::id_map(version_, state, from == Side::client ? mc::Bound::server : mc::Bound::client);
  KindSet matters;
  if (from == Side::client) {
    for (const Kind kind : play ? play_to_backend : configuration_to_backend) matters.add(kind);
    if (play && rules_.drops_chat_session) matters.add(Kind::chat_session_update);
    if (play && rules_.takes_commands)
      for (const Kind kind : {Kind::chat, Kind::chat_command, Kind::tab_complete})
        matters.add(kind);
    if (rules_.luggage != nullptr) matters.add(Kind::settings);
  } else if (play) {
    for (const Kind kind : play_to_client) matters.add(kind);
    if (rules_.takes_commands && version_ >= mc::v1_13) {
      matters.add(Kind::declare_commands);
      tree_within_ = most_before_tree;
    }
    if (rules_.answers_channel) matters.add(Kind::custom_payload);
    if (keeps_screen())
      for (const Kind kind : {Kind::player_info, Kind::player_remove, Kind::boss_bar})
        matters.add(kind);
  } else {
    for (const Kind kind : configuration_to_client) matters.add(kind);
    for (const Kind kind : {Kind::registry_data, Kind::tags}) matters.add(kind);
  }
  matters_[at] = matters;
}

std::size_t PacketTracker::largest_that_matters(Side from) const {
  // Configuration is short, and there are few packets in it.
  if (state(from) != State::play) return std::numeric_limits<std::size_t>::max();
  if (from == Side::backend && awaits_tree()) return std::numeric_limits<std::size_t>::max();
  // A client rarely compresses at all, and no size may hide what it says on a channel of ours.
  if (from == Side::client) return std::numeric_limits<std::size_t>::max();
  if (keeps_screen()) return largest_tab_list;
  if (rules_.answers_channel) return largest_request;
  return rules_.holds_kicks ? largest_held_kick : largest_to_client;
}

void PacketTracker::change_backend(Rules rules) {
  rules_ = rules;
  keep_alives_.forget_backend();
  if (packs_)
    for (Pack& pack : *packs_) pack.is_former = true;
  stale_known_packs_ = stale_known_packs_ || known_packs_asked_;
  chunk_batches_ = cookies_ = 0;
  known_packs_asked_ = in_bundle_ = was_kicked_ = was_transferred_ = threshold_changed_ = false;
  kick_reason_.clear();
  held_kick_ = {};
  enter(Side::client, state(Side::client));
  enter(Side::backend, state(Side::backend));
}

PacketTracker::Verdict PacketTracker::note(Side from, Kind kind, ByteView fields) {
  return from == Side::client ? note_to_backend(kind, fields) : note_to_client(kind, fields);
}

void PacketTracker::set_answers_channel(bool answers) {
  rules_.answers_channel = answers;
  if (answers && state(Side::backend) == State::play)
    matters_[index(Side::backend)].add(Kind::custom_payload);
  if (!answers) matters_[index(Side::backend)].remove(Kind::custom_payload);
}

bool PacketTracker::takes_threshold(std::int32_t& out) {
  if (!threshold_changed_) return false;
  threshold_changed_ = false;
  out = threshold_;
  return true;
}

// --- Towards the client ---

PacketTracker::Verdict PacketTracker::note_to_client(Kind kind, ByteView fields) {
  switch (kind) {
    case Kind::start_configuration:
      enter(Side::backend, State::configuration);
      in_bundle_ = false;
      chunk_batches_ = 0;
      break;
    case Kind::finish_configuration:
      enter(Side::backend, State::play);
      break;
    case Kind::bundle_delimiter:
      in_bundle_ = !in_bundle_;
      break;
    case Kind::keep_alive:
      if (const auto packet = mc::decode<mc::KeepAlive>(fields, version_, Fault::backend))
        keep_alives_.asked(KeepAlives::Owner::backend, packet->id);
      break;
    case Kind::chunk_batch_finished:
      up(chunk_batches_);
      break;
    case Kind::select_known_packs:
      known_packs_asked_ = true;
      break;
    case Kind::add_resource_pack:
      note_pack(fields);
      break;
    case Kind::cookie_request:
      up(cookies_);
      break;
    case Kind::transfer:
      was_transferred_ = true;
      break;
    case Kind::declare_commands:
      tree_within_ = 0;
      break;
    case Kind::disconnect:
    case Kind::kick_disconnect:
      return note_kick(fields);
    case Kind::player_info:
    case Kind::player_remove:
    case Kind::boss_bar:
      rules_.luggage->note_to_client(kind, fields, version_);
      break;
    case Kind::registry_data:
    case Kind::tags:
      return rules_.holds_configuration ? Verdict::hold : Verdict::pass;
    case Kind::set_compression: {
      const auto packet = mc::decode<mc::SetCompression>(fields, version_, Fault::backend);
      if (!packet) break;
      threshold_ = packet->threshold;
      threshold_changed_ = true;
      // The client's own threshold is for life: a 1.8 client crashes on a second one.
      return Verdict::drop;
    }
    default:
      break;
  }
  return Verdict::pass;
}

PacketTracker::Verdict PacketTracker::note_kick(ByteView fields) {
  was_kicked_ = true;
  // The same layout in both phases.
  const auto packet = mc::decode<mc::KickDisconnect>(fields, version_, Fault::backend);
  if (packet) {
    const auto text = mc::read_wire_text(packet->reason, version_, Fault::backend);
    if (text) kick_reason_ = escaped_for_log(mc::to_plain(*text), longest_reason);
  }
  if (!rules_.holds_kicks || fields.empty()) return Verdict::pass;
  held_kick_.assign(fields.begin(), fields.end());
  return Verdict::drop;
}

void PacketTracker::note_ours(Kind kind, ByteView fields) {
  if (kind != Kind::keep_alive) return;
  if (const auto packet = mc::decode<mc::KeepAlive>(fields, version_, Fault::proxy))
    keep_alives_.asked(KeepAlives::Owner::proxy, packet->id);
}

// --- Towards the backend ---

PacketTracker::Verdict PacketTracker::note_to_backend(Kind kind, ByteView fields) {
  switch (kind) {
    // Only as an answer: a client that says it unasked is its server's to refuse.
    case Kind::configuration_acknowledged:
      if (state(Side::backend) == State::configuration) enter(Side::client, State::configuration);
      break;
    case Kind::finish_configuration:
      if (state(Side::backend) == State::play) enter(Side::client, State::play);
      break;
    case Kind::settings:
    case Kind::custom_payload:
      if (rules_.luggage != nullptr) rules_.luggage->note_from_client(kind, fields, version_);
      break;
    case Kind::keep_alive:
      return note_keep_alive_answer(fields);
    case Kind::chunk_batch_received:
      down(chunk_batches_);
      break;
    case Kind::select_known_packs:
      if (std::exchange(stale_known_packs_, false)) return Verdict::drop;
      known_packs_asked_ = false;
      break;
    case Kind::resource_pack_receive:
      return note_pack_answer(fields);
    case Kind::cookie_response:
      down(cookies_);
      break;
    case Kind::chat_session_update:
      return Verdict::drop;
    default:
      break;
  }
  return Verdict::pass;
}

// An answer that nobody asked for goes on: clients up to 1.8 send such while they load a world.
PacketTracker::Verdict PacketTracker::note_keep_alive_answer(ByteView fields) {
  const auto packet = mc::decode<mc::KeepAlive>(fields, version_, Fault::client);
  if (!packet) return Verdict::pass;
  const KeepAlives::Owner asker = keep_alives_.answered(packet->id);
  const bool is_for_backend =
      asker == KeepAlives::Owner::backend || asker == KeepAlives::Owner::nobody;
  return is_for_backend ? Verdict::pass : Verdict::drop;
}

// From 1.20.3 on packs have names, and so have the answers. Earlier clients answer only what was
// asked last.
void PacketTracker::note_pack(ByteView fields) {
  mc::Reader in(fields, version_);
  Uuid id;
  in.uuid(id);
  if (!in.ok()) return;
  if (!packs_) packs_ = std::make_unique<std::vector<Pack>>();
  std::erase_if(*packs_, [&](const Pack& pack) { return pack.id == id; });
  if (packs_->size() >= most_packs) packs_->erase(packs_->begin());
  packs_->push_back({.id = id, .is_former = false});
}

// A client says nothing about a pack that is taken from it, so questions may stay open for ever.
PacketTracker::Verdict PacketTracker::note_pack_answer(ByteView fields) {
  // "Accepted" and "downloaded" are followed by another answer.
  constexpr std::int32_t accepted = 3;
  constexpr std::int32_t downloaded = 4;
  const auto packet = mc::decode<mc::ResourcePackReceive>(fields, version_, Fault::client);
  if (!packet || !packs_) return Verdict::pass;
  const auto pack = std::ranges::find(*packs_, packet->id, &Pack::id);
  if (pack == packs_->end()) return Verdict::pass;
  const bool is_former = pack->is_former;
  if (packet->result != accepted && packet->result != downloaded) packs_->erase(pack);
  return is_former ? Verdict::drop : Verdict::pass;
}

unsigned PacketTracker::open_resource_packs() const {
  if (!packs_) return 0;
  return static_cast<unsigned>(
      std::ranges::count_if(*packs_, [](const Pack& pack) { return !pack.is_former; }));
}

}  // namespace drawbridge::core
