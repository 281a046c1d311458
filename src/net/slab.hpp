// Memory in blocks of one size, from pages of its own. Two reasons. What lives for seconds
// (coroutine frames, hello buffers) must not share pages with what lives for hours (relays): a
// burst of 3,000 concurrent log-ins through malloc left 4.3 kB a connection behind, because one
// small survivor pins a page. And a block costs a few instructions. A chunk whose blocks are all
// free goes back to the system, one spare excepted: at once, or where blocks come and go in
// thousands a second, when trim() finds that it has lain idle (fresh pages cost 3 of 76 us a
// connection). One thread; nothing here locks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace drawbridge::net {

class Slab {
 public:
  enum class Idle : std::uint8_t { goes_at_once, waits_for_trim };
  // `block` bytes each (rounded up to 16); `chunk`: a power of two, at least 4 KiB, how much is
  // taken at a time.
  explicit Slab(std::size_t block, std::size_t chunk = std::size_t{64} << 10,
                Idle idle = Idle::goes_at_once);
  ~Slab();
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // Never null: a process without memory ends here, as with operator new.
  void* allocate();
  // `block` must come from this slab.
  void release(void* block);
  // Gives back what was empty ever since the last trim, one spare excepted.
  void trim();
  [[nodiscard]] std::size_t live() const { return live_; }
  [[nodiscard]] std::size_t chunks() const { return chunks_; }

 private:
  struct Chunk;
  Chunk* new_chunk();
  void unlink(Chunk* chunk);
  void link(Chunk* chunk);
  void unmap(Chunk* chunk);

  std::size_t block_;
  std::size_t chunk_bytes_;
  std::size_t per_chunk_;
  Chunk* open_ = nullptr;  // chunks with at least one free block
  std::size_t live_ = 0;
  std::size_t chunks_ = 0;
  std::size_t empty_ = 0;
  std::size_t least_empty_ = 0;  // since the last trim
  Idle idle_;
};

// Coroutine frames and other memory of connections that are being set up, of this thread. What is
// allocated on a thread must be released there.
void* setup_allocate(std::size_t bytes);
void setup_release(void* memory, std::size_t bytes);
// Once a second on each such thread: what a burst of connections left goes back to the system.
void setup_trim();

// For containers that live as long as a set-up: std::vector<Byte, SetupAllocator<Byte>>.
template <class T>
struct SetupAllocator {
  using value_type = T;
  SetupAllocator() = default;
  template <class U>
  SetupAllocator(const SetupAllocator<U>&) {}  // NOLINT(google-explicit-constructor)
  T* allocate(std::size_t n) { return static_cast<T*>(setup_allocate(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) { setup_release(p, n * sizeof(T)); }
  bool operator==(const SetupAllocator&) const { return true; }
};

}  // namespace drawbridge::net
