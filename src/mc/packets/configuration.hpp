// The packets of the configuration phase (1.20.2 and later) that no other phase has; see common.hpp
// for the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mc/packets/common.hpp"
#include "mc/packets/fields.hpp"
#include "mc/text_nbt.hpp"

namespace drawbridge::mc {

struct ConfigurationDisconnect {
  static constexpr std::string_view name = "disconnect";
  static constexpr Kind kind = Kind::disconnect;

  WireText reason;

  static void fields(auto& io, auto& p) { text_field(io, p.reason); }
};

// From the server: it has no more to say. From the client: play begins.
struct FinishConfiguration {
  static constexpr std::string_view name = "finish_configuration";
  static constexpr Kind kind = Kind::finish_configuration;

  static void fields(auto&, auto&) {}
};

// 1.20.5 and later: forget the chat session.
struct ResetChat {
  static constexpr std::string_view name = "reset_chat";
  static constexpr Kind kind = Kind::reset_chat;

  static void fields(auto&, auto&) {}
};

// All registries in one until 1.20.4, then one packet each.
struct RegistryData {
  static constexpr std::string_view name = "registry_data";
  static constexpr Kind kind = Kind::registry_data;

  struct Entry {
    std::string key;
    std::optional<RawNbt> value;  // nothing: as in a pack that both sides know
  };

  RawNbt codec;  // until 1.20.4
  std::string registry;
  std::vector<Entry> entries;  // an entry's place is its number in play

  static void fields(auto& io, auto& p) {
    if (io.version < v1_20_5) return nbt_field(io, p.codec);
    io.string(p.registry);
    list_field(io, p.entries, 65'536, [&io](auto& entry) {
      io.string(entry.key);
      io.optional(entry.value, [&io](auto& value) { nbt_field(io, value); });
    });
  }
};

struct FeatureFlags {
  static constexpr std::string_view name = "feature_flags";
  static constexpr Kind kind = Kind::feature_flags;

  std::vector<std::string> features;

  static void fields(auto& io, auto& p) {
    list_field(io, p.features, 1024, [&io](auto& feature) { io.string(feature); });
  }
};

struct Tags {
  static constexpr std::string_view name = "tags";
  static constexpr Kind kind = Kind::tags;

  struct Tag {
    std::string key;
    std::vector<std::int32_t> entries;
  };
  struct Registry {
    std::string key;
    std::vector<Tag> tags;
  };

  std::vector<Registry> registries;

  static void fields(auto& io, auto& p) {
    list_field(io, p.registries, 1024, [&io](auto& registry) {
      io.string(registry.key);
      list_field(io, registry.tags, 16'384, [&io](auto& tag) {
        io.string(tag.key);
        list_field(io, tag.entries, 65'536, [&io](auto& entry) { io.varint(entry); });
      });
    });
  }
};

// 1.20.5 and later. The server offers; the client answers with those that it has.
struct SelectKnownPacks {
  static constexpr std::string_view name = "select_known_packs";
  static constexpr Kind kind = Kind::select_known_packs;

  struct Pack {
    std::string space, id, version;  // minecraft, core, 1.21.4
    bool operator==(const Pack&) const = default;
  };

  std::vector<Pack> packs;

  static void fields(auto& io, auto& p) {
    list_field(io, p.packs, 1024, [&io](auto& pack) {
      io.string(pack.space);
      io.string(pack.id);
      io.string(pack.version);
    });
  }
};

// 1.21.9 and later. The answer comes when the player has read it, so no deadline of seconds there.
struct CodeOfConduct {
  static constexpr std::string_view name = "code_of_conduct";
  static constexpr Kind kind = Kind::code_of_conduct;

  std::string text;

  static void fields(auto& io, auto& p) { io.string(p.text); }
};

struct AcceptCodeOfConduct {
  static constexpr std::string_view name = "accept_code_of_conduct";
  static constexpr Kind kind = Kind::accept_code_of_conduct;

  static void fields(auto&, auto&) {}
};

}  // namespace drawbridge::mc
