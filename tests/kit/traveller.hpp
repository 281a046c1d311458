// A client that knows what is on its screen, as vanilla clients do: what a server puts there stays
// until a packet, or a new world by the rules of its version, takes it away. So that a test can
// compare what a player sees after a switch with what one sees who has just joined.
#pragma once

#include <gtest/gtest.h>

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kit/login_client.hpp"
#include "mc/packets/world.hpp"
#include "mc/reader.hpp"

namespace drawbridge::kit {

struct Screen {
  std::set<std::string> tab_list;
  std::set<std::string> boss_bars;
  std::set<std::string> teams;       // by name
  std::set<std::string> objectives;  // by name
  std::string header;
  bool has_title = false;
  int packs = 0;
  std::optional<std::int32_t> entity;  // its own, as the last `login` says
  int worlds = 0;                      // not of the comparison

  bool operator==(const Screen& other) const {
    return tab_list == other.tab_list && boss_bars == other.boss_bars && teams == other.teams &&
           objectives == other.objectives && header == other.header &&
           has_title == other.has_title && packs == other.packs && entity == other.entity;
  }
};

// What a server's `scoreboard_objective` and `teams` begin with: a name. Ids per version, which the
// proxy does not have to know.
struct ScoreboardIds {
  std::int32_t objective, team;
};
inline ScoreboardIds scoreboard_ids(mc::Version version) {
  switch (version) {
    case mc::v1_7_6:
    case mc::v1_8:
      return {0x3B, 0x3E};
    case mc::v1_12_2:
      return {0x42, 0x44};
    case mc::v1_16_4:
      return {0x4A, 0x4C};
    case mc::v1_19_4:
      return {0x58, 0x5A};
    case mc::v1_21_4:
      return {0x64, 0x67};
    default:
      ADD_FAILURE() << "no ids of the scoreboard's packets for this version";
      return {-1, -1};
  }
}

class TravellingClient {
 public:
  explicit TravellingClient(PacketWire& l) : link(l) {}

  // Reads, and answers as a client does, until a packet of this kind has come in play. Nothing: the
  // end, or a kick, whose words are in `kicked`.
  std::optional<PacketWire::Received> until(mc::Kind kind) {
    while (auto packet = link.read()) {
      note(*packet);
      if (packet->kind == kind) return packet;
      if (!kicked.empty()) return std::nullopt;
    }
    return std::nullopt;
  }
  // Until a packet of no kind that the proxy knows, with this mark.
  bool until_marked(Byte mark) {
    while (auto packet = link.read()) {
      note(*packet);
      if (packet->id == 0x7F && packet->body.back() == mark) return true;
      if (!kicked.empty()) return false;
    }
    return false;
  }

  // The words of the next line of chat that is not a player's.
  std::string hears() {
    const auto line = until(link.version >= mc::v1_19 ? mc::Kind::system_chat : mc::Kind::chat);
    if (!line) return "(none)";
    mc::Reader in(line->fields, link.version);
    mc::WireText wire;
    mc::text_field(in, wire);
    const auto text = mc::read_wire_text(wire, link.version, Fault::proxy);
    return text ? mc::to_plain(*text) : "not readable";
  }

  PacketWire& link;
  Screen screen;
  std::string kicked;
  std::vector<mc::Kind> seen;

 private:
  void note(const PacketWire::Received& packet) {
    seen.push_back(packet.kind);
    if (link.state == mc::State::configuration) return configure(packet);
    const ScoreboardIds ids = scoreboard_ids(link.version);
    if (packet.id == ids.objective || packet.id == ids.team) {
      mc::Reader in(packet.fields, link.version);
      std::string name;
      in.string(name);
      (packet.id == ids.team ? screen.teams : screen.objectives).insert(name);
      return;
    }
    play(packet);
  }
  void configure(const PacketWire::Received& packet) {
    if (packet.kind == mc::Kind::finish_configuration) {
      EXPECT_TRUE(link.write(mc::FinishConfiguration{}));
      link.state = mc::State::play;
    } else if (packet.kind == mc::Kind::select_known_packs) {
      EXPECT_TRUE(link.write(mc::SelectKnownPacks{}));
    } else if (packet.kind == mc::Kind::disconnect) {
      note_kick(packet);
    } else {
      note_pack(packet);
    }
  }
  void note_kick(const PacketWire::Received& packet) {
    const auto kick = mc::decode<mc::KickDisconnect>(packet.fields, link.version, Fault::proxy);
    const auto text = kick ? mc::read_wire_text(kick->reason, link.version, Fault::proxy)
                           : Result<mc::Text>(mc::Text::legacy("not readable"));
    kicked = text ? mc::to_plain(*text) : "not readable";
  }
  void note_pack(const PacketWire::Received& packet) {
    if (packet.kind == mc::Kind::add_resource_pack) ++screen.packs;
    if (packet.kind == mc::Kind::remove_resource_pack) screen.packs = 0;
  }
  void play(const PacketWire::Received& packet) {
    mc::Reader in(packet.fields, link.version);
    switch (packet.kind) {
      case mc::Kind::start_configuration:
        EXPECT_TRUE(link.write(mc::ConfigurationAcknowledged{}));
        link.state = mc::State::configuration;
        // All but titles and packs.
        screen.tab_list.clear();
        screen.boss_bars.clear();
        screen.teams.clear();
        screen.objectives.clear();
        screen.header.clear();
        return;
      case mc::Kind::login: {
        std::int32_t entity = 0;
        in.i32(entity);
        screen.entity = entity;
        screen.teams.clear();
        screen.objectives.clear();
        ++screen.worlds;
        return;
      }
      case mc::Kind::kick_disconnect:
        return note_kick(packet);
      case mc::Kind::keep_alive: {
        const auto question = mc::decode<mc::KeepAlive>(packet.fields, link.version, Fault::proxy);
        if (question) EXPECT_TRUE(link.write(*question));
        return;
      }
      case mc::Kind::boss_bar: {
        Uuid bar;
        std::int32_t action = 0;
        in.uuid(bar);
        in.varint(action);
        if (action == 0) screen.boss_bars.insert(bar.text());
        if (action == 1) screen.boss_bars.erase(bar.text());
        return;
      }
      case mc::Kind::playerlist_header: {
        const auto both =
            mc::decode<mc::PlayerListHeader>(packet.fields, link.version, Fault::proxy);
        const auto text = both ? mc::read_wire_text(both->header, link.version, Fault::proxy)
                               : Result<mc::Text>(mc::Text{});
        screen.header = text ? mc::to_plain(*text) : "not readable";
        return;
      }
      case mc::Kind::title: {
        std::int32_t action = 0;
        in.varint(action);
        screen.has_title = action == 0;
        return;
      }
      case mc::Kind::set_title_text:
        screen.has_title = true;
        return;
      case mc::Kind::clear_titles:
        screen.has_title = false;
        return;
      case mc::Kind::player_info:
      case mc::Kind::player_remove:
        return note_tab_list(packet);
      default:
        return note_pack(packet);
    }
  }
  // The packets of this test have one player each.
  void note_tab_list(const PacketWire::Received& packet) {
    mc::Reader in(packet.fields, link.version);
    if (link.version < mc::v1_8) {
      std::string name;
      bool there = false;
      in.string(name);
      in.boolean(there);
      if (there) screen.tab_list.insert(name);
      if (!there) screen.tab_list.erase(name);
      return;
    }
    std::int32_t action = 0;
    std::int32_t count = 0;
    const bool apart = link.version >= mc::v1_19_3;
    if (apart && packet.kind == mc::Kind::player_info) {
      std::uint8_t parts = 0;
      in.u8(parts);
    } else if (!apart) {
      in.varint(action);
    }
    in.varint(count);
    const bool removes = apart ? packet.kind == mc::Kind::player_remove : action == 4;
    for (std::int32_t i = 0; i < count && in.ok(); ++i) {
      Uuid player;
      in.uuid(player);
      if (removes)
        screen.tab_list.erase(player.text());
      else
        screen.tab_list.insert(player.text());
      if (!removes) return;
    }
  }
};

}  // namespace drawbridge::kit
