#include "core/gate/source_counts.hpp"

#include <utility>

namespace drawbridge::core {

SourceHold SourceCounts::open(const IpAddress& source, std::uint32_t most) {
  SourceHold hold;
  Shard& shard = shard_of(source);
  const std::scoped_lock lock(shard.mutex);
  Numbers& numbers = shard.numbers[source];
  // A source at its limit has connections, so its entry stays.
  if (most != 0 && numbers.open >= most) return hold;
  ++numbers.open;
  hold.counts_ = this;
  hold.source_ = source;
  return hold;
}

SourceCounts::Numbers SourceCounts::of(const IpAddress& source) const {
  const Shard& shard = shards_[IpHash()(source) % shards];
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.numbers.find(source);
  return found == shard.numbers.end() ? Numbers{} : found->second;
}

std::size_t SourceCounts::sources() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    count += shard.numbers.size();
  }
  return count;
}

SourceHold::SourceHold(SourceHold&& other) noexcept
    : counts_(std::exchange(other.counts_, nullptr)),
      source_(other.source_),
      reading_(std::exchange(other.reading_, false)) {}

SourceHold& SourceHold::operator=(SourceHold&& other) noexcept {
  if (this != &other) {
    release();
    counts_ = std::exchange(other.counts_, nullptr);
    source_ = other.source_;
    reading_ = std::exchange(other.reading_, false);
  }
  return *this;
}

bool SourceHold::begin_reading(std::uint32_t most) {
  if (counts_ == nullptr || reading_) return true;
  auto& shard = counts_->shard_of(source_);
  const std::scoped_lock lock(shard.mutex);
  auto& numbers = shard.numbers[source_];
  if (most != 0 && numbers.reading >= most) return false;
  ++numbers.reading;
  reading_ = true;
  return true;
}

void SourceHold::end_reading() {
  if (!reading_) return;
  reading_ = false;
  auto& shard = counts_->shard_of(source_);
  const std::scoped_lock lock(shard.mutex);
  --shard.numbers[source_].reading;
}

void SourceHold::release() {
  if (counts_ == nullptr) return;
  auto& shard = std::exchange(counts_, nullptr)->shard_of(source_);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.numbers.find(source_);
  if (std::exchange(reading_, false)) --found->second.reading;
  if (--found->second.open == 0) shard.numbers.erase(found);
}

}  // namespace drawbridge::core
