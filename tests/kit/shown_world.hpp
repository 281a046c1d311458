// A server that lets a player in step by step, and shows a world with something of everything that
// stays on a client's screen.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "kit/login_client.hpp"
#include "kit/traveller.hpp"
#include "mc/packets/world.hpp"

namespace drawbridge::kit {

inline std::int32_t threshold_of(mc::Version version) {
  return version < mc::v1_8 ? -1 : 256;
}

inline ByteBuffer marker(Byte mark) {
  return {0x7F, mark};
}

struct ShownWorld {
  explicit ShownWorld(Wire connection) : login(std::move(connection)) {}

  [[nodiscard]] PacketWire& link() { return login.link; }
  [[nodiscard]] mc::Version version() { return link().version; }

  bool let_in() { return login.let_in(threshold_of(version())); }

  // To play, through configuration where there is one. What the client (or we in its place) says
  // there is kept.
  bool configure() {
    if (version() < mc::v1_20_2) return true;
    if (!link().write(mc::SelectKnownPacks{}) || !link().write(registry()) ||
        !link().write(mc::FinishConfiguration{}))
      return false;
    while (auto packet = link().read()) {
      said.push_back(*packet);
      if (packet->kind != mc::Kind::finish_configuration) continue;
      link().state = mc::State::play;
      return true;
    }
    return false;
  }
  [[nodiscard]] static mc::RegistryData registry() {
    mc::RegistryData data;
    data.registry = "minecraft:worldgen/biome";
    data.entries.push_back({.key = "minecraft:plains", .value = std::nullopt});
    return data;
  }

  bool show(const std::string& name, std::int32_t entity) {
    const RawCompound nothing;
    mc::JoinWorld world;
    world.entity = entity;
    world.codec = world.dimension_value = nothing.nbt;
    if (!link().write(world)) return false;
    mc::AddPlayer line;
    line.uuid = offline_uuid(name);
    line.player = name;
    if (!link().write(line)) return false;
    const ScoreboardIds ids = scoreboard_ids(version());
    for (const std::int32_t id : {ids.objective, ids.team}) {
      ByteBuffer body;
      mc::Writer out(body, version());
      out.varint(id);
      out.string(name);
      if (!link().write_body(body)) return false;
    }
    if (version() < mc::v1_8) return true;
    mc::PlayerListHeader header;
    header.header = header.footer = mc::wire_text(mc::Text::legacy(name), version());
    if (!link().write(header) || !show_title()) return false;
    if (version() < mc::v1_9) return true;
    mc::BossBar bar;
    bar.uuid = offline_uuid(name + "'s bar");
    bar.title = mc::wire_text(mc::Text::legacy(name), version());
    return link().write(bar);
  }
  bool show_title() {
    const mc::WireText words = mc::wire_text(mc::Text::legacy("Welcome"), version());
    if (version() >= mc::v1_17) return link().write(mc::SetTitleText{.text = words});
    mc::Title title;
    title.text = words;
    return link().write(title);
  }
  bool mark(Byte mark) { return link().write_body(marker(mark)); }
  bool kick(const std::string& words) {
    return link().write(
        mc::KickDisconnect{.reason = mc::wire_text(mc::Text::legacy(words), version())});
  }

  struct RawCompound {
    mc::RawNbt nbt{.bytes = {0x0A, 0, 0, 0}};
  };
  LoginBackend login;
  std::vector<PacketWire::Received> said;
};

}  // namespace drawbridge::kit
