#include "mc/tab_list.hpp"

#include <algorithm>
#include <string_view>

#include "mc/reader.hpp"
#include "mc/text_nbt.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

namespace {

constexpr std::size_t longest_text = max_text_json;
// So many UUIDs fit a packet that every client takes.
constexpr std::size_t most_in_a_packet = 1000;

enum class Action : std::int32_t { add, mode, ping, display_name, remove };

void skip_text(Reader& in) {
  std::string_view text;
  in.string(text, longest_text);
}

void skip_optional_text(Reader& in) {
  bool there = false;
  in.boolean(there);
  if (there) skip_text(in);
}

void skip_counted(Reader& in) {
  std::int32_t size = 0;
  in.varint(size);
  if (size < 0) return in.fail("a count is below nothing");
  in.raw(static_cast<std::size_t>(size));
}

void skip_profile(Reader& in) {
  skip_text(in);  // the name
  std::int32_t properties = 0;
  in.varint(properties);
  for (std::int32_t i = 0; i < properties && in.ok(); ++i) {
    skip_text(in);
    skip_text(in);
    skip_optional_text(in);
  }
}

void skip_key(Reader& in) {
  std::int64_t until = 0;
  in.i64(until);
  skip_counted(in);
  skip_counted(in);
}

ByteBuffer packet_of(Kind kind, Version version) {
  ByteBuffer body;
  Writer(body, version).varint(id_map(version, State::play, Bound::client).id(kind).value_or(0));
  return body;
}

}  // namespace

void TabList::note(Kind kind, ByteView fields, Version version) {
  if (kind == Kind::player_remove) return note_removal(fields, version);
  if (version < v1_8) return note_name(fields, version);
  if (version < v1_19_3) return note_actions(fields, version);
  note_parts(fields, version);
}

void TabList::note_name(ByteView fields, Version version) {
  Reader in(fields, version);
  std::string_view name;
  bool is_online = false;
  in.string(name);
  in.boolean(is_online);
  std::int16_t ping = 0;
  in.i16(ping);
  if (!in.ok()) return;
  const auto at = std::ranges::find(names_, name);
  if (is_online && at == names_.end() && names_.size() < most) names_.emplace_back(name);
  if (!is_online && at != names_.end()) names_.erase(at);
}

// 1.8 to 1.19.2: one action for all.
void TabList::note_actions(ByteView fields, Version version) {
  Reader in(fields, version);
  std::int32_t number = 0;
  std::int32_t count = 0;
  in.varint(number);
  in.varint(count);
  const auto action = static_cast<Action>(number);
  if (action != Action::add && action != Action::remove) return;
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    Uuid player;
    in.uuid(player);
    if (action == Action::remove) {
      if (in.ok()) remove(player);
      continue;
    }
    std::int32_t skipped = 0;
    skip_profile(in);
    in.varint(skipped);  // mode
    in.varint(skipped);  // ping
    skip_optional_text(in);
    bool has_key = false;
    if (version >= v1_19) in.boolean(has_key);
    if (has_key) skip_key(in);
    if (in.ok()) add(player);
  }
}

// 1.19.3 to 1.20.1: each line with the parts that the first byte tells of.
void TabList::note_parts(ByteView fields, Version version) {
  enum : unsigned { profile = 1, chat = 2, mode = 4, listed = 8, ping = 16, display_name = 32 };
  Reader in(fields, version);
  std::uint8_t parts = 0;
  std::int32_t count = 0;
  in.u8(parts);
  in.varint(count);
  if ((parts & profile) == 0) return;
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    Uuid player;
    in.uuid(player);
    skip_profile(in);
    bool there = false;
    std::int32_t skipped = 0;
    if ((parts & chat) != 0) {
      in.boolean(there);
      Uuid session;
      if (there) in.uuid(session);
      if (there) skip_key(in);
    }
    if ((parts & mode) != 0) in.varint(skipped);
    if ((parts & listed) != 0) in.boolean(there);
    if ((parts & ping) != 0) in.varint(skipped);
    if ((parts & display_name) != 0) skip_optional_text(in);
    if (in.ok()) add(player);
  }
}

void TabList::note_removal(ByteView fields, Version version) {
  Reader in(fields, version);
  std::int32_t count = 0;
  in.varint(count);
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    Uuid player;
    in.uuid(player);
    if (in.ok()) remove(player);
  }
}

void TabList::add(const Uuid& player) {
  const auto at = std::ranges::lower_bound(players_, player.bytes, {}, &Uuid::bytes);
  if (at != players_.end() && at->bytes == player.bytes) return;
  if (players_.size() < most) players_.insert(at, player);
}

void TabList::remove(const Uuid& player) {
  const auto at = std::ranges::lower_bound(players_, player.bytes, {}, &Uuid::bytes);
  if (at != players_.end() && at->bytes == player.bytes) players_.erase(at);
}

void TabList::clear() {
  players_ = {};
  names_ = {};
}

std::vector<ByteBuffer> TabList::take_all(Version version) {
  std::vector<ByteBuffer> out;
  for (const std::string& name : names_) {
    Writer packet(out.emplace_back(packet_of(Kind::player_info, version)), version);
    packet.string(name);
    packet.boolean(false);
    packet.i16(0);
  }
  for (std::size_t at = 0; at < players_.size(); at += most_in_a_packet) {
    const std::size_t count = std::min(most_in_a_packet, players_.size() - at);
    const bool apart = version >= v1_19_3;
    Writer packet(
        out.emplace_back(packet_of(apart ? Kind::player_remove : Kind::player_info, version)),
        version);
    if (!apart) packet.varint(static_cast<std::int32_t>(Action::remove));
    packet.varint(static_cast<std::int32_t>(count));
    for (std::size_t i = 0; i < count; ++i) packet.uuid(players_[at + i]);
  }
  clear();
  return out;
}

}  // namespace drawbridge::mc
