#include "mc/registries.hpp"

#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "mc/reader.hpp"
#include "mc/registry_data.hpp"

namespace drawbridge::mc {

namespace {

constexpr std::size_t most_inflated = std::size_t{16} << 20;

[[noreturn]] void damaged(const char* what) {
  throw std::runtime_error(std::string("the embedded registry tables are damaged: ") + what);
}

// The stream does not say how much is in it, so the room grows until it is enough.
ByteBuffer inflated(ByteView stream) {
  for (std::size_t room = stream.size() * 8; room <= most_inflated; room *= 2) {
    ByteBuffer out(room);
    uLongf size = room;
    const int result = uncompress(out.data(), &size, stream.data(), stream.size());
    if (result == Z_BUF_ERROR) continue;
    if (result != Z_OK) damaged("not a zlib stream");
    out.resize(size);
    return out;
  }
  damaged("too large");
}

// The layout is told in tools/gen_registries.
class Tables {
 public:
  explicit Tables(ByteView bytes) : in_(bytes) {}

  std::size_t count() {
    std::int32_t value = 0;
    in_.varint(value);
    if (!in_.ok() || value < 0) damaged("a number");
    return static_cast<std::size_t>(value);
  }
  std::int32_t number() { return static_cast<std::int32_t>(count()); }

  void read_pools() {
    read_pool(names_);
    read_pool(values_);
  }
  std::string_view name() {
    const ByteView bytes = at(names_, count());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // Written as its place + 1; 0 is none.
  ByteView value() {
    const std::size_t place = count();
    return place == 0 ? ByteView{} : at(values_, place - 1);
  }
  [[nodiscard]] bool at_end() const { return in_.left() == 0; }

 private:
  void read_pool(std::vector<ByteView>& pool) {
    for (std::size_t left = count(); left > 0; --left) {
      pool.push_back(in_.raw(count()));
      if (!in_.ok()) damaged("cut off");
    }
  }
  static ByteView at(const std::vector<ByteView>& pool, std::size_t place) {
    if (place >= pool.size()) damaged("a place");
    return pool[place];
  }

  Reader in_;
  std::vector<ByteView> names_;
  std::vector<ByteView> values_;
};

RegistrySet read_set(Tables& tables) {
  RegistrySet set;
  for (std::size_t left = tables.count(); left > 0; --left) set.releases.push_back(tables.name());
  set.codec = tables.value();
  for (std::size_t left = tables.count(); left > 0; --left) {
    RegistrySet::Registry& registry = set.registries.emplace_back();
    registry.name = tables.name();
    for (std::size_t entries = tables.count(); entries > 0; --entries) {
      RegistrySet::Entry& entry = registry.entries.emplace_back();
      entry.key = tables.name();
      entry.number = tables.number();
      entry.value = tables.value();
    }
  }
  for (std::size_t left = tables.count(); left > 0; --left) {
    RegistrySet::Tags& of = set.tags.emplace_back();
    of.registry = tables.name();
    for (std::size_t tags = tables.count(); tags > 0; --tags) {
      RegistrySet::Tag& tag = of.tags.emplace_back();
      tag.key = tables.name();
      for (std::size_t numbers = tables.count(); numbers > 0; --numbers)
        tag.numbers.push_back(tables.number());
    }
  }
  return set;
}

}  // namespace

const RegistrySet::Entry* RegistrySet::Registry::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

const RegistrySet::Registry* RegistrySet::find(std::string_view name) const {
  const auto found = std::ranges::find(registries, name, &Registry::name);
  return found == registries.end() ? nullptr : &*found;
}

RegistryTables::RegistryTables() : bytes_(inflated(registry_data())) {
  Tables tables(bytes_);
  tables.read_pools();
  for (std::size_t left = tables.count(); left > 0; --left) {
    Versions& of = sets_.emplace_back();
    for (std::size_t versions = tables.count(); versions > 0; --versions)
      of.versions.push_back(Version{tables.number()});
    of.set = read_set(tables);
  }
  if (!tables.at_end()) damaged("bytes left over");
}

const RegistrySet* RegistryTables::find(Version version) const {
  for (const Versions& of : sets_)
    if (std::ranges::find(of.versions, version) != of.versions.end()) return &of.set;
  return nullptr;
}

std::vector<Version> RegistryTables::versions() const {
  std::vector<Version> out;
  for (const Versions& of : sets_) out.insert(out.end(), of.versions.begin(), of.versions.end());
  return out;
}

}  // namespace drawbridge::mc
