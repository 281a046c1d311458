#include "mc/learned_registries.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "mc/nbt.hpp"
#include "mc/reader.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

namespace {

constexpr std::int32_t section_height = 16;
constexpr std::int32_t highest_world = 4'064;  // blocks; the game's own limit

// The place of the entry of this name, else the first.
std::int32_t place_of(const RegistryData& registry, std::string_view key) {
  const auto found = std::ranges::find(registry.entries, key, &RegistryData::Entry::key);
  return found == registry.entries.end()
             ? 0
             : static_cast<std::int32_t>(found - registry.entries.begin());
}

// Of a dimension whose value came along; nothing: it does not say so as the game does.
std::optional<std::int32_t> sections_of(const RawNbt& value, Version version) {
  const auto tree = parse_nbt(value.bytes, version, Fault::backend);
  const auto* const type = tree ? std::get_if<Nbt::Compound>(&tree->value) : nullptr;
  const Nbt* const height = type ? type->find("height") : nullptr;
  const auto* const blocks = height ? std::get_if<std::int32_t>(&height->value) : nullptr;
  if (blocks == nullptr || *blocks < section_height || *blocks > highest_world) return {};
  return *blocks / section_height;
}

}  // namespace

std::size_t LearnedRegistries::bytes() const {
  std::size_t sum = features.size() + tags.size();
  for (const ByteBuffer& registry : registries) sum += registry.size();
  return sum;
}

bool RegistryListener::listens_to(Kind kind) {
  return kind == Kind::feature_flags || kind == Kind::select_known_packs ||
         kind == Kind::registry_data || kind == Kind::tags;
}

void RegistryListener::hear(Bound to, Kind kind, ByteView fields) {
  if (is_useless_) return;
  if (to == Bound::server) {
    if (kind != Kind::select_known_packs) return;
    const auto answer = decode<SelectKnownPacks>(fields, version_, Fault::client);
    is_useless_ = !answer;
    if (!answer) return;
    // A server takes no notice of packs that it has not offered.
    std::ranges::copy_if(offered_, std::back_inserter(heard_.packs), [&](const auto& pack) {
      return std::ranges::find(answer->packs, pack) != answer->packs.end();
    });
    return;
  }
  if (kind == Kind::select_known_packs) {
    const auto offer = decode<SelectKnownPacks>(fields, version_, Fault::backend);
    is_useless_ = !offer;
    if (offer) offered_ = offer->packs;
    return;
  }
  if (kind == Kind::registry_data) return hear_registry(fields);
  if (kind == Kind::feature_flags)
    is_useless_ = !decode<FeatureFlags>(fields, version_, Fault::backend) ||
                  !keep(heard_.features, kind, fields);
  if (kind == Kind::tags)
    is_useless_ =
        !decode<Tags>(fields, version_, Fault::backend) || !keep(heard_.tags, kind, fields);
}

void RegistryListener::hear_registry(ByteView fields) {
  const auto registry = decode<RegistryData>(fields, version_, Fault::backend);
  is_useless_ = !registry || !keep(heard_.registries.emplace_back(), Kind::registry_data, fields);
  if (is_useless_ || registry->entries.empty()) return;
  left_values_out_ =
      left_values_out_ || std::ranges::any_of(registry->entries, [](const auto& entry) {
        return !entry.value.has_value();
      });
  if (registry->registry == biome_registry) {
    heard_.biome = place_of(*registry, plains);
    has_biome_ = true;
  }
  if (registry->registry != dimension_registry) return;
  heard_.dimension = place_of(*registry, overworld);
  has_dimension_ = true;
  const auto& value = registry->entries[static_cast<std::size_t>(heard_.dimension)].value;
  if (!value) return;
  const auto sections = sections_of(*value, version_);
  is_useless_ = !sections;
  heard_.sections = sections.value_or(0);
}

bool RegistryListener::keep(ByteBuffer& to, Kind kind, ByteView fields) {
  to.clear();
  Writer out(to, version_);
  out.varint(id_map(version_, State::configuration, Bound::client).id(kind).value_or(0));
  out.raw(fields);
  return heard_.bytes() <= most_bytes;
}

std::optional<LearnedRegistries> RegistryListener::learned() {
  const bool understood = !left_values_out_ || !heard_.packs.empty();
  if (is_useless_ || !has_dimension_ || !has_biome_ || !understood) return {};
  is_useless_ = true;
  return std::move(heard_);
}

}  // namespace drawbridge::mc
