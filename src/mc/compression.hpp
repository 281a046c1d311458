// Zlib streams as the game uses them: one a packet, its size declared beside it. Contexts are
// large (Inflater about 50 KiB, Deflater about 400 KiB) and belong to a worker, never to a packet
// or a connection; nothing here is shared between threads.
//
// Three libraries, each where it was measured to be the fastest: libdeflate inflates packets of
// 4 KiB and more (3.5 times zlib at 44 kB), zlib the smaller ones and the first bytes of any
// (libdeflate gives no partial output), ISA-L compresses (5.6 times libdeflate's level 6, 16 %
// larger).
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace drawbridge::mc {

class Inflater {
 public:
  Inflater();  // throws std::bad_alloc
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  // All of `stream`, which must hold exactly `declared` bytes. The result is valid until the next
  // call. An error (of `fault`): more than `cap` declared, anything but a whole stream of that
  // size with the right checksum, and sizes that do not belong together, see below. Bytes behind
  // the stream's end are ignored, as the game does.
  Result<ByteView> inflate(ByteView stream, std::size_t declared, std::size_t cap, Fault fault);

  // The first bytes of what `stream` holds: `out` is filled as far as the stream goes, the result
  // is how far. Looks at no more than the first KiB of the stream. An error (of `fault`): not a
  // stream, or not one byte in that KiB.
  Result<std::size_t> peek(ByteView stream, ByteSpan out, Fault fault);

  // Whether a stream of that size can honestly hold `declared` bytes: not more than deflate can
  // express (1032 to 1), and not a large stream around next to nothing, by which a client would
  // make us work without being charged for inflated bytes. Checked by inflate() before it allocates
  // or works.
  static bool is_plausible(std::size_t stream, std::size_t declared);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

class Deflater {
 public:
  Deflater();  // throws std::bad_alloc
  ~Deflater();
  Deflater(Deflater&&) noexcept;
  Deflater& operator=(Deflater&&) noexcept;

  // `plain` as a zlib stream, valid until the next call. At most 1 GiB.
  ByteView deflate(ByteView plain);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// What a worker keeps.
struct Codecs {
  Inflater inflater;
  Deflater deflater;
};

}  // namespace drawbridge::mc
