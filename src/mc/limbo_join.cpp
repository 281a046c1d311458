#include "mc/limbo_join.hpp"

#include <stdexcept>

#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/world.hpp"

namespace drawbridge::mc {

namespace {

using Packets = LimboJoin::Packets;

constexpr std::int32_t height = 400;  // above what can be built in any version
constexpr std::int32_t old_plains = 1;

// A packet of ours that cannot be written is a fault of the tables, which tests rule out.
template <typename P>
void add(Packets& to, Version version, State state, const P& packet) {
  auto body = encode_body(packet, version, state, Bound::client);
  if (!body) throw std::runtime_error(body.error().what);
  to.push_back(std::move(*body));
}

// --- NBT ---

// As the table has it, with the root's empty name where the version wants one.
RawNbt rooted(ByteView value, Version version) {
  RawNbt out;
  out.bytes.push_back(value.front());
  if (version < v1_20_2) out.bytes.insert(out.bytes.end(), 2, 0);
  out.bytes.insert(out.bytes.end(), value.begin() + 1, value.end());
  return out;
}

// Puts a compound together whose parts are there as bytes.
class Compound {
 public:
  explicit Compound(ByteBuffer& out) : out_(out) {}

  void member(Nbt::Tag tag, std::string_view name) {
    out_.u8(static_cast<std::uint8_t>(tag));
    text(name);
  }
  void text(std::string_view value) {
    out_.u16(static_cast<std::uint16_t>(value.size()));
    out_.raw(as_bytes(value));
  }
  void number(std::int32_t value) { out_.i32(value); }
  void list_of(Nbt::Tag tag, std::size_t count) {
    out_.u8(static_cast<std::uint8_t>(tag));
    out_.i32(static_cast<std::int32_t>(count));
  }
  void raw(ByteView bytes) { out_.raw(bytes); }
  void end() { out_.u8(0); }

 private:
  Writer out_;
};

// All registries in one tree: 1.16.2 to 1.20.4.
RawNbt codec_of(const RegistrySet& set, Version version) {
  if (!set.codec.empty()) return rooted(set.codec, version);
  ByteBuffer tree = {static_cast<Byte>(Nbt::Tag::compound)};
  Compound out(tree);
  for (const RegistrySet::Registry& registry : set.registries) {
    out.member(Nbt::Tag::compound, registry.name);
    out.member(Nbt::Tag::string, "type");
    out.text(registry.name);
    out.member(Nbt::Tag::list, "value");
    out.list_of(Nbt::Tag::compound, registry.entries.size());
    for (const RegistrySet::Entry& entry : registry.entries) {
      out.member(Nbt::Tag::string, "name");
      out.text(entry.key);
      out.member(Nbt::Tag::i32, "id");
      out.number(entry.number);
      out.member(static_cast<Nbt::Tag>(entry.value.front()), "element");
      out.raw(entry.value.subspan(1));
      out.end();
    }
    out.end();
  }
  out.end();
  return rooted(tree, version);
}

// --- Configuration ---

CustomPayload brand(Version version) {
  CustomPayload out;
  out.channel = version >= v1_13 ? "minecraft:brand" : "MC|Brand";
  Writer data(out.data, version);
  constexpr std::string_view ours = "Drawbridge";
  if (version >= v1_8) {
    data.string(ours);
  } else {
    data.raw(as_bytes(ours));
  }
  return out;
}

Tags tags_of(const RegistrySet& set) {
  Tags out;
  for (const RegistrySet::Tags& of : set.tags) {
    Tags::Registry& registry = out.registries.emplace_back();
    registry.key = of.registry;
    for (const RegistrySet::Tag& tag : of.tags)
      registry.tags.push_back({std::string(tag.key), tag.numbers});
  }
  return out;
}

Packets registries_of(const RegistrySet& set, Version version, bool with_values) {
  Packets out;
  if (version < v1_20_5) {
    RegistryData packet;
    packet.codec = codec_of(set, version);
    add(out, version, State::configuration, packet);
  } else {
    for (const RegistrySet::Registry& registry : set.registries) {
      RegistryData packet;
      packet.registry = registry.name;
      for (const RegistrySet::Entry& entry : registry.entries) {
        RegistryData::Entry& line = packet.entries.emplace_back();
        line.key = entry.key;
        if (with_values && !entry.value.empty()) line.value = rooted(entry.value, version);
      }
      add(out, version, State::configuration, packet);
    }
  }
  if (!set.tags.empty()) add(out, version, State::configuration, tags_of(set));
  add(out, version, State::configuration, FinishConfiguration{});
  return out;
}

void ask_for_packs(LimboJoin& join, Version version) {
  SelectKnownPacks offer;
  for (const LimboJoin::Packs& packs : join.enough_packs)
    offer.packs.insert(offer.packs.end(), packs.begin(), packs.end());
  add(join.greeting, version, State::configuration, offer);
}

void add_configuration(LimboJoin& join, const RegistrySet& set, Version version) {
  add(join.greeting, version, State::configuration, brand(version));
  FeatureFlags features;
  features.features = {"minecraft:vanilla"};
  add(join.greeting, version, State::configuration, features);
  join.with_values = registries_of(set, version, true);
  if (version < v1_20_5) return;
  for (const std::string_view release : set.releases)
    join.enough_packs.push_back({{"minecraft", "core", std::string(release)}});
  ask_for_packs(join, version);
  join.names_only = registries_of(set, version, false);
}

void add_configuration(LimboJoin& join, const LearnedRegistries& learned, Version version) {
  add(join.greeting, version, State::configuration, brand(version));
  if (!learned.features.empty()) join.greeting.push_back(learned.features);
  Packets all = learned.registries;
  if (!learned.tags.empty()) all.push_back(learned.tags);
  add(all, version, State::configuration, FinishConfiguration{});
  if (learned.packs.empty()) {
    join.with_values = std::move(all);
    return;
  }
  join.enough_packs = {learned.packs};
  ask_for_packs(join, version);
  join.names_only = std::move(all);
}

// --- Play ---

std::int32_t plains_of(const RegistrySet* set) {
  if (set == nullptr) return old_plains;
  const RegistrySet::Registry* registry = set->find(biome_registry);
  const RegistrySet::Entry* found = registry ? registry->find(plains) : nullptr;
  return found ? found->number : old_plains;
}

JoinWorld join_world(const RegistrySet* set, Version version) {
  JoinWorld out;
  if (set == nullptr) return out;
  if (version < v1_20_2) out.codec = codec_of(*set, version);
  const RegistrySet::Registry* registry = set->find(dimension_registry);
  const RegistrySet::Entry* here = registry ? registry->find(overworld) : nullptr;
  if (here == nullptr) return out;
  if (version >= v1_20_5) out.dimension = here->number;
  if (version >= v1_16_2 && version < v1_19) out.dimension_value = rooted(here->value, version);
  return out;
}

// `chunk` says what all chunks are like.
void add_world(LimboJoin& join, const JoinWorld& world, VoidChunk chunk, Version version) {
  Packets& out = join.world;
  const auto play = [&](const auto& packet) { add(out, version, State::play, packet); };
  play(world);
  if (version < v1_20_2) play(brand(version));
  // Flying, with a speed of nothing, and no key to stop it.
  play(Abilities{.flags = Abilities::invulnerable | Abilities::flying,
                 .flying_speed = 0,
                 .walking_speed = 0.1F});
  if (version >= v1_13) {
    CommandWords commands;
    commands.words = {"help"};
    play(commands);
  }
  play(SpawnPosition{.x = 8, .y = height, .z = 8});
  play(PlayerPosition{.x = 8.5, .y = height, .z = 8.5});
  if (version >= v1_20_3) play(GameStateChange{});
  if (version >= v1_14) play(ViewPosition{});
  for (chunk.x = -1; chunk.x <= 1; ++chunk.x)
    for (chunk.z = -1; chunk.z <= 1; ++chunk.z) play(chunk);
}

}  // namespace

std::optional<LimboJoin> limbo_join(Version version, const RegistryTables& tables) {
  const RegistrySet* set = needs_registries(version) ? tables.find(version) : nullptr;
  if (needs_registries(version) && set == nullptr) return std::nullopt;
  LimboJoin join;
  if (version >= v1_20_2) add_configuration(join, *set, version);
  VoidChunk chunk;
  chunk.biome = plains_of(set);
  add_world(join, join_world(set, version), chunk, version);
  return join;
}

LimboJoin limbo_join(Version version, const LearnedRegistries& learned) {
  LimboJoin join;
  add_configuration(join, learned, version);
  JoinWorld world;
  world.dimension = learned.dimension;
  VoidChunk chunk;
  chunk.biome = learned.biome;
  chunk.sections = learned.sections;
  add_world(join, world, chunk, version);
  return join;
}

}  // namespace drawbridge::mc
