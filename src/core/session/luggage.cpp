#include "core/session/luggage.hpp"

#include <algorithm>
#include <utility>

#include "base/strings.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/world.hpp"
#include "mc/reader.hpp"

namespace drawbridge::core {

using mc::Kind;
using mc::State;

namespace {

constexpr std::size_t longest_settings = 128;
constexpr std::size_t longest_channel = 256;

enum class Channel : std::uint8_t { other, brand, listens, listens_no_more };

Channel channel_of(std::string_view name) {
  if (name == "minecraft:brand" || name == "MC|Brand") return Channel::brand;
  if (name == "minecraft:register" || name == "REGISTER") return Channel::listens;
  if (name == "minecraft:unregister" || name == "UNREGISTER") return Channel::listens_no_more;
  return Channel::other;
}

// What this version cannot say is left out.
template <typename P>
void add(std::vector<ByteBuffer>& to, const P& packet, mc::Version version, State state,
         mc::Bound bound) {
  if (auto body = mc::encode_body(packet, version, state, bound)) to.push_back(std::move(*body));
}

}  // namespace

// --- From the client ---

void Luggage::note_from_client(Kind kind, ByteView fields, mc::Version version) {
  if (kind == Kind::settings) {
    if (fields.size() <= longest_settings) settings_.assign(fields.begin(), fields.end());
    return;
  }
  mc::Reader in(fields, version);
  std::string_view name;
  in.string(name);
  if (version < mc::v1_8) {
    std::int16_t size = 0;
    in.i16(size);
  }
  if (!in.ok()) return;
  const ByteView data = fields.subspan(in.position());
  switch (channel_of(name)) {
    case Channel::brand:
      if (data.size() > longest_brand) return;
      brand_channel_ = name;
      brand_.assign(data.begin(), data.end());
      return;
    case Channel::listens:
      return note_channels(data, true);
    case Channel::listens_no_more:
      return note_channels(data, false);
    case Channel::other:
      return;
  }
}

// Names with NULs between them.
void Luggage::note_channels(ByteView names, bool listens) {
  std::string_view left(reinterpret_cast<const char*>(names.data()), names.size());
  while (!left.empty()) {
    const std::string_view name = left.substr(0, left.find('\0'));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    if (name.empty() || name.size() > longest_channel) continue;
    const auto at = std::ranges::find(channels_, name);
    if (!listens) {
      if (at == channels_.end()) continue;
      channel_bytes_ -= at->size();
      channels_.erase(at);
    } else if (at == channels_.end() && channels_.size() < most_channels &&
               channel_bytes_ + name.size() <= most_channel_bytes) {
      channel_bytes_ += name.size();
      channels_.emplace_back(name);
    }
  }
}

std::vector<ByteBuffer> Luggage::introduction(mc::Version version, State state) const {
  std::vector<ByteBuffer> out;
  if (version >= mc::v1_20_2) {
    if (!brand_channel_.empty())
      add(out, mc::CustomPayload{.channel = brand_channel_, .data = brand_}, version, state,
          mc::Bound::server);
    const auto id = mc::id_map(version, state, mc::Bound::server).id(Kind::settings);
    if (!settings_.empty() && id) {
      mc::Writer packet(out.emplace_back(), version);
      packet.varint(*id);
      packet.raw(settings_);
    }
  }
  if (channels_.empty()) return out;
  mc::CustomPayload listens;
  listens.channel = version >= mc::v1_13 ? "minecraft:register" : "REGISTER";
  for (const std::string& channel : channels_) {
    if (!listens.data.empty()) listens.data.push_back(0);
    listens.data.insert(listens.data.end(), channel.begin(), channel.end());
    // Servers take packets of 32 KiB from a client, some less.
    if (listens.data.size() < (std::size_t{16} << 10)) continue;
    add(out, listens, version, state, mc::Bound::server);
    listens.data.clear();
  }
  if (!listens.data.empty()) add(out, listens, version, state, mc::Bound::server);
  return out;
}

// --- To the client ---

void Luggage::note_to_client(Kind kind, ByteView fields, mc::Version version) {
  if (kind != Kind::boss_bar) return tab_list_.note(kind, fields, version);
  mc::Reader in(fields, version);
  Uuid bar;
  std::int32_t action = 0;
  in.uuid(bar);
  in.varint(action);
  if (!in.ok()) return;
  if (action == static_cast<std::int32_t>(mc::BossBar::Action::add)) note_boss_bar(bar);
  if (action == static_cast<std::int32_t>(mc::BossBar::Action::remove)) std::erase(boss_bars_, bar);
}

void Luggage::note_boss_bar(const Uuid& bar) {
  if (std::ranges::find(boss_bars_, bar) != boss_bars_.end()) return;
  if (boss_bars_.size() < most_boss_bars) boss_bars_.push_back(bar);
}

std::vector<ByteBuffer> Luggage::clear_screen(mc::Version version) {
  constexpr State play = State::play;
  constexpr mc::Bound client = mc::Bound::client;
  std::vector<ByteBuffer> out;
  if (version < mc::v1_20_2) {
    out = tab_list_.take_all(version);
    for (const Uuid& bar : std::exchange(boss_bars_, {})) {
      mc::BossBar gone;
      gone.uuid = bar;
      gone.action = mc::BossBar::Action::remove;
      add(out, gone, version, play, client);
    }
    if (version >= mc::v1_8) {
      mc::PlayerListHeader nothing;
      nothing.header = nothing.footer = mc::wire_text(mc::Text{}, version);
      add(out, nothing, version, play, client);
    }
  }
  if (version >= mc::v1_17) {
    add(out, mc::ClearTitles{}, version, play, client);
  } else if (version >= mc::v1_8) {
    mc::Title reset;
    reset.action = mc::Title::Action::reset;
    add(out, reset, version, play, client);
  }
  // Older versions have one pack and no way to take it off; the next server's replaces it.
  if (version >= mc::v1_20_3) add(out, mc::RemoveResourcePack{}, version, play, client);
  return out;
}

}  // namespace drawbridge::core
