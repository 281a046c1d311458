// What waits to be sent on one link: [sealed, not yet sent][plain]. Sealed bytes are what goes over
// the wire (cipher text, where the link is encrypted). Each byte is encrypted once, in the order of
// sending, and no more of them than one send is likely to take; nothing is ever put before sealed
// bytes or taken out of them. The buffer goes back to the pool when all is sent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"
#include "core/session/buffer_pool.hpp"

namespace drawbridge::core {

class Outbox {
 public:
  [[nodiscard]] bool empty() const { return from_ == to_; }
  [[nodiscard]] std::size_t size() const { return to_ - from_; }
  [[nodiscard]] ByteView sealed() const { return {buffer_.bytes.get() + from_, sealed_ - from_}; }
  [[nodiscard]] std::size_t plain() const { return to_ - sealed_; }

  void append(BufferPool& pool, ByteView bytes) {
    if (bytes.size() > buffer_.capacity - to_) make_room(pool, bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer_.bytes.get() + to_);
    to_ += static_cast<std::uint32_t>(bytes.size());
  }
  // The next plain bytes, at most `most`, which count as sealed from now on: the caller encrypts
  // them in place before it sends, or leaves them as they are.
  ByteSpan seal(std::size_t most) {
    const auto count = static_cast<std::uint32_t>(std::min(most, plain()));
    Byte* const begin = buffer_.bytes.get() + sealed_;
    sealed_ += count;
    return {begin, count};
  }
  // The first `count` sealed bytes are sent.
  void consume(BufferPool& pool, std::size_t count) {
    from_ += static_cast<std::uint32_t>(count);
    if (empty()) clear(pool);
  }
  void clear(BufferPool& pool) {
    from_ = sealed_ = to_ = 0;
    pool.give_back(std::exchange(buffer_, {}));
  }

 private:
  void make_room(BufferPool& pool, std::size_t more) {
    Byte* const old = buffer_.bytes.get();
    Buffer next;
    if (size() + more > buffer_.capacity) next = pool.take(size() + more);
    Byte* const begin = next.bytes ? next.bytes.get() : old;
    if (!empty()) std::memmove(begin, old + from_, size());
    sealed_ -= from_;
    to_ -= from_;
    from_ = 0;
    if (next.bytes) pool.give_back(std::exchange(buffer_, std::move(next)));
  }

  Buffer buffer_;
  std::uint32_t from_ = 0;
  std::uint32_t sealed_ = 0;
  std::uint32_t to_ = 0;
};

}  // namespace drawbridge::core
