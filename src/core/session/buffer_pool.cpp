#include "core/session/buffer_pool.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace drawbridge::core {

std::size_t BufferPool::shelf_of(std::uint32_t capacity) {
  return static_cast<std::size_t>(std::bit_width(capacity) - std::bit_width(smallest));
}

Buffer BufferPool::take(std::size_t size) {
  const auto capacity =
      std::bit_ceil(static_cast<std::uint32_t>(std::max<std::size_t>(size, smallest)));
  Shelf& shelf = shelves_[shelf_of(capacity)];
  if (shelf.buffers.empty())
    return {.bytes = std::make_unique_for_overwrite<Byte[]>(capacity), .capacity = capacity};
  Buffer buffer = std::move(shelf.buffers.back());
  shelf.buffers.pop_back();
  shelf.least = std::min(shelf.least, shelf.buffers.size());
  spare_ -= capacity;
  return buffer;
}

void BufferPool::give_back(Buffer buffer) {
  if (!buffer.bytes || spare_ + buffer.capacity > most_spare) return;
  spare_ += buffer.capacity;
  shelves_[shelf_of(buffer.capacity)].buffers.push_back(std::move(buffer));
}

void BufferPool::trim() {
  for (Shelf& shelf : shelves_) {
    for (std::size_t i = std::min(shelf.least, shelf.buffers.size()); i > 0; --i) {
      spare_ -= shelf.buffers.back().capacity;
      shelf.buffers.pop_back();
    }
    shelf.least = shelf.buffers.size();
  }
}

}  // namespace drawbridge::core
