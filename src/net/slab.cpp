#include "net/slab.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define DRAWBRIDGE_ASAN 1
#endif
#endif

namespace drawbridge::net {

namespace {

// A free block is a bug to touch; AddressSanitizer is told so, since it cannot know.
void forbid([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef DRAWBRIDGE_ASAN
  __asan_poison_memory_region(block, bytes);
#endif
}
void permit([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef DRAWBRIDGE_ASAN
  __asan_unpoison_memory_region(block, bytes);
#endif
}

// `bytes` of fresh pages, aligned to their size, so that a block's address tells its chunk.
void* map_aligned(std::size_t bytes) {
  void* raw = mmap(nullptr, bytes * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) throw std::bad_alloc();
  const auto start = reinterpret_cast<std::uintptr_t>(raw);
  const std::uintptr_t aligned = (start + bytes - 1) & ~(bytes - 1);
  if (aligned > start) munmap(raw, aligned - start);
  const std::size_t behind = start + bytes * 2 - (aligned + bytes);
  if (behind > 0) munmap(reinterpret_cast<void*>(aligned + bytes), behind);
  return reinterpret_cast<void*>(aligned);
}

}  // namespace

// At the start of each chunk. Blocks behind `fresh` have never been handed out, so their pages are
// not touched yet.
struct Slab::Chunk {
  Chunk* prev = nullptr;
  Chunk* next = nullptr;
  void* free = nullptr;  // singly linked through the blocks
  std::uint32_t live = 0;
  std::uint32_t fresh = 0;
  bool open = false;

  static constexpr std::size_t header = 64;
  void* block(std::size_t size, std::uint32_t index) {
    return reinterpret_cast<std::byte*>(this) + header + size * index;
  }
};

Slab::Slab(std::size_t block, std::size_t chunk, Idle idle)
    : block_((std::max(block, sizeof(void*)) + 15) & ~std::size_t{15}),
      chunk_bytes_(chunk),
      per_chunk_((chunk - Chunk::header) / block_),
      idle_(idle) {
  static_assert(sizeof(Chunk) <= Chunk::header);
}

Slab::~Slab() {
  // Full chunks are on no list, and blocks that are still alive are somebody's: those chunks stay.
  while (open_ != nullptr) {
    Chunk* chunk = open_;
    unlink(chunk);
    if (chunk->live == 0) unmap(chunk);
  }
}

Slab::Chunk* Slab::new_chunk() {
  auto* chunk = ::new (map_aligned(chunk_bytes_)) Chunk();
  ++chunks_;
  ++empty_;
  link(chunk);
  return chunk;
}

void Slab::unmap(Chunk* chunk) {
  permit(chunk, chunk_bytes_);
  munmap(chunk, chunk_bytes_);
}

void Slab::link(Chunk* chunk) {
  chunk->prev = nullptr;
  chunk->next = open_;
  if (open_ != nullptr) open_->prev = chunk;
  open_ = chunk;
  chunk->open = true;
}

void Slab::unlink(Chunk* chunk) {
  (chunk->prev != nullptr ? chunk->prev->next : open_) = chunk->next;
  if (chunk->next != nullptr) chunk->next->prev = chunk->prev;
  chunk->open = false;
}

void* Slab::allocate() {
  Chunk* chunk = open_ != nullptr ? open_ : new_chunk();
  void* block = chunk->free;
  if (block != nullptr) {
    permit(block, block_);
    chunk->free = *static_cast<void**>(block);
  } else {
    block = chunk->block(block_, chunk->fresh++);
  }
  if (chunk->live++ == 0) least_empty_ = std::min(least_empty_, --empty_);
  ++live_;
  if (chunk->free == nullptr && chunk->fresh == per_chunk_) unlink(chunk);
  return block;
}

void Slab::release(void* block) {
  auto* chunk =
      reinterpret_cast<Chunk*>(reinterpret_cast<std::uintptr_t>(block) & ~(chunk_bytes_ - 1));
  *static_cast<void**>(block) = chunk->free;
  chunk->free = block;
  forbid(block, block_);
  --live_;
  if (!chunk->open) link(chunk);
  if (--chunk->live > 0) return;
  if (empty_ == 0 || idle_ == Idle::waits_for_trim) {  // the spare one, or perhaps wanted again
    ++empty_;
    return;
  }
  unlink(chunk);
  --chunks_;
  unmap(chunk);
}

void Slab::trim() {
  std::size_t surplus = least_empty_ > 0 ? least_empty_ - 1 : 0;
  for (Chunk* chunk = open_; surplus > 0 && chunk != nullptr;) {
    Chunk* const next = chunk->next;
    if (chunk->live == 0) {
      unlink(chunk);
      --chunks_;
      --empty_;
      --surplus;
      unmap(chunk);
    }
    chunk = next;
  }
  least_empty_ = empty_;
}

namespace {

// Coroutine frames here measure 200 to 2,000 bytes; steps of about a third waste 15 % on average.
constexpr std::array<std::size_t, 14> setup_sizes = {64,   128,  192,  256,  384,  512,  768,
                                                     1024, 1536, 2048, 3072, 4096, 8192, 16384};
constexpr std::size_t setup_step = 64;

// The class of `bytes` stands at (bytes + 63) / 64: a search would be half of an allocation.
constexpr auto setup_classes = [] {
  std::array<std::uint8_t, setup_sizes.back() / setup_step + 1> classes{};
  for (std::size_t i = 0, size = 0; i < classes.size(); ++i) {
    while (setup_sizes.at(size) < i * setup_step) ++size;
    classes.at(i) = static_cast<std::uint8_t>(size);
  }
  return classes;
}();

class SetupSlabs {
 public:
  // Null for what is larger than the largest class.
  Slab* of(std::size_t bytes) {
    const std::size_t steps = (bytes + setup_step - 1) / setup_step;
    if (steps >= setup_classes.size()) return nullptr;
    auto& slab = slabs_[setup_classes[steps]];
    if (!slab) [[unlikely]]
      slab = open(setup_sizes[setup_classes[steps]]);
    return slab.get();
  }
  void trim() {
    for (auto& slab : slabs_)
      if (slab) slab->trim();
  }

 private:
  static std::unique_ptr<Slab> open(std::size_t size) {
    return std::make_unique<Slab>(size, size > 4096 ? 1U << 18 : 1U << 16,
                                  Slab::Idle::waits_for_trim);
  }
  std::array<std::unique_ptr<Slab>, setup_sizes.size()> slabs_;
};

SetupSlabs& setup_slabs() {
  thread_local SetupSlabs slabs;
  return slabs;
}

}  // namespace

void* setup_allocate(std::size_t bytes) {
  Slab* slab = setup_slabs().of(bytes);
  return slab != nullptr ? slab->allocate() : ::operator new(bytes);
}

void setup_release(void* memory, std::size_t bytes) {
  Slab* slab = setup_slabs().of(bytes);
  slab != nullptr ? slab->release(memory) : ::operator delete(memory);
}

void setup_trim() {
  setup_slabs().trim();
}

}  // namespace drawbridge::net
