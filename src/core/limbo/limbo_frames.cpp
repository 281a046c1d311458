#include "core/limbo/limbo_frames.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "mc/compression.hpp"
#include "mc/frame.hpp"
#include "mc/rejoin.hpp"

namespace drawbridge::core {

namespace {

constexpr std::int32_t usual_threshold = 256;

ByteBuffer framed(const mc::LimboJoin::Packets& packets, mc::Threshold threshold,
                  mc::Deflater& deflater) {
  ByteBuffer out;
  for (const ByteBuffer& body : packets) {
    const auto done = mc::append_packet(out, body, threshold, deflater, Fault::proxy);
    if (!done) throw std::runtime_error(done.error().what);  // ours, and of a known size
  }
  out.shrink_to_fit();
  return out;
}

LimboFramesPtr framed(const mc::LimboJoin& join, mc::Version version, mc::Threshold threshold) {
  mc::Deflater deflater;
  auto frames = std::make_shared<LimboFrames>();
  frames->threshold = threshold;
  frames->enough_packs = join.enough_packs;
  frames->greeting = framed(join.greeting, threshold, deflater);
  frames->names_only = framed(join.names_only, threshold, deflater);
  frames->with_values = framed(join.with_values, threshold, deflater);
  frames->world = framed(join.world, threshold, deflater);
  if (version >= mc::v1_20_2) return frames;
  // The first is `login`.
  const auto login = mc::split_packet(join.world.front(), Fault::proxy);
  auto again = mc::rejoin_packets(login->fields, version);
  if (!again) throw std::runtime_error(again.error().what);
  again->insert(again->end(), join.world.begin() + 1, join.world.end());
  frames->world_again = framed(*again, threshold, deflater);
  return frames;
}

LimboFramesPtr make(mc::Version version, mc::Threshold threshold) {
  const auto join = mc::limbo_join(version, mc::RegistryTables());
  return join ? framed(*join, version, threshold) : nullptr;
}

}  // namespace

mc::Threshold limbo_threshold(mc::Version version) {
  return {version >= mc::v1_8 ? usual_threshold : -1};
}

mc::Version LimboBook::key_of(mc::Version version) {
  return mc::needs_registries(version) ? version : mc::floor_release(version).version;
}

LimboFramesPtr LimboBook::of(mc::Version version, mc::Threshold threshold,
                             std::string_view server) {
  if (mc::RegistryListener::can_learn(version)) return of_learned(version, threshold, server);
  const mc::Version key = key_of(version);
  if (key != mc::floor_release(version).version) return nullptr;  // nobody knows its registries
  // A backend had a say in the link's compression: rare, and not worth keeping.
  if (threshold.bytes != limbo_threshold(key).bytes) return make(key, threshold);
  const std::lock_guard lock(mutex_);
  const auto at = made_.find(key);
  if (at != made_.end()) return at->second;
  return made_[key] = make(key, threshold);
}

// --- Learned from servers ---

LimboFramesPtr LimboBook::of_learned(mc::Version version, mc::Threshold threshold,
                                     std::string_view server) {
  const std::lock_guard lock(mutex_);
  Learned* best = nullptr;
  for (Learned& learned : learned_)
    if (learned.version == version && (best == nullptr || learned.server == server))
      best = &learned;
  if (best == nullptr) return nullptr;
  const auto made = [&] {
    return framed(mc::limbo_join(version, best->registries), version, threshold);
  };
  if (threshold.bytes != limbo_threshold(version).bytes) return made();
  if (!best->made) best->made = made();
  return best->made;
}

LimboBook::Learned* LimboBook::find(mc::Version version, std::string_view server) {
  const auto found = std::ranges::find_if(learned_, [&](const Learned& learned) {
    return learned.version == version && learned.server == server;
  });
  return found == learned_.end() ? nullptr : &*found;
}

bool LimboBook::begin_lesson(mc::Version version, std::string_view server) {
  if (!mc::RegistryListener::can_learn(version) || !mc::is_plausible(version)) return false;
  const std::lock_guard lock(mutex_);
  const bool has_room = learned_.size() < most_learned || find(version, server) != nullptr;
  if (!has_room || lessons_ >= most_lessons) return false;
  ++lessons_;
  return true;
}

void LimboBook::end_lesson() {
  const std::lock_guard lock(mutex_);
  --lessons_;
}

bool LimboBook::learn(mc::Version version, std::string_view server,
                      mc::LearnedRegistries registries) {
  const std::lock_guard lock(mutex_);
  Learned* const known = find(version, server);
  if (known == nullptr) {
    if (learned_.size() >= most_learned) return false;
    learned_.push_back({version, std::string(server), std::move(registries), nullptr});
    return true;
  }
  // What serves everybody is better than what serves some.
  const bool serves_fewer = known->registries.packs.empty() && !registries.packs.empty();
  if (serves_fewer || known->registries == registries) return false;
  known->registries = std::move(registries);
  known->made = nullptr;
  return true;
}

}  // namespace drawbridge::core
