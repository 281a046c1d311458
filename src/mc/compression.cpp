#include "mc/compression.hpp"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <new>

namespace drawbridge::mc {
namespace {

constexpr std::size_t smallest_for_libdeflate = 4096;

// The tables of a stream's first block take less than 600 bytes however they are encoded, so its
// first output is within this. A stream of empty blocks instead could be read for a long time.
constexpr std::size_t longest_look = 1024;

// Memory for results: grows to the largest, never touched before it is written.
class Scratch {
 public:
  ByteSpan of(std::size_t size) {
    if (size > size_) {
      bytes_ = std::make_unique_for_overwrite<Byte[]>(size);
      size_ = size;
    }
    return {bytes_.get(), size};
  }

 private:
  std::unique_ptr<Byte[]> bytes_;
  std::size_t size_ = 0;
};

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* context) const { libdeflate_free_decompressor(context); }
};

}  // namespace

// ---- Inflating

struct Inflater::Contexts {
  Contexts() : large(libdeflate_alloc_decompressor()) {
    if (large == nullptr || inflateInit(&small) != Z_OK) throw std::bad_alloc();
  }
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts() { inflateEnd(&small); }

  // Runs zlib over `in` from its beginning until `out` is full or the stream ends. Returns zlib's
  // answer; `small.total_out` says how much there is.
  int run_zlib(ByteView in, ByteSpan out, int flush) {
    inflateReset(&small);
    small.next_in = const_cast<Byte*>(in.data());  // zlib only reads there
    small.avail_in = static_cast<uInt>(in.size());
    small.next_out = out.data();
    small.avail_out = static_cast<uInt>(out.size());
    return ::inflate(&small, flush);
  }

  std::unique_ptr<libdeflate_decompressor, FreeDecompressor> large;
  z_stream small{};
  Scratch scratch;
};

Inflater::Inflater() : contexts_(std::make_unique<Contexts>()) {}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

bool Inflater::is_plausible(std::size_t stream, std::size_t declared) {
  constexpr std::size_t best_ratio = 1032;  // a match of 258 bytes in two bits
  // Stored blocks cost 5 bytes for each 64 KiB, small ones of some encoders for each KiB; flushes
  // and trailers some more.
  constexpr std::size_t frills = 256;
  return declared / best_ratio <= stream && stream <= declared + declared / 4 + frills;
}

Result<ByteView> Inflater::inflate(ByteView stream, std::size_t declared, std::size_t cap,
                                   Fault fault) {
  if (declared > cap)
    return fail(fault, "packet of {} bytes inflated where {} is the limit", declared, cap);
  if (declared == 0) return fail(fault, "compressed packet of 0 bytes");
  if (!is_plausible(stream.size(), declared))
    return fail(fault, "{} compressed bytes for a packet of {}", stream.size(), declared);
  const ByteSpan out = contexts_->scratch.of(declared);
  bool good = false;
  if (declared >= smallest_for_libdeflate) {
    std::size_t used = 0;
    good =
        libdeflate_zlib_decompress_ex(contexts_->large.get(), stream.data(), stream.size(),
                                      out.data(), out.size(), &used, nullptr) == LIBDEFLATE_SUCCESS;
  } else {
    good = contexts_->run_zlib(stream, out, Z_FINISH) == Z_STREAM_END &&
           contexts_->small.total_out == declared;
  }
  if (!good) return fail(fault, "compressed packet is damaged or not of {} bytes", declared);
  return out;
}

Result<std::size_t> Inflater::peek(ByteView stream, ByteSpan out, Fault fault) {
  assert(!out.empty());
  const ByteView start = stream.first(std::min(stream.size(), longest_look));
  const int answer = contexts_->run_zlib(start, out, Z_SYNC_FLUSH);
  const std::size_t size = contexts_->small.total_out;
  // Bytes that came out are what every receiver will see first, whatever is wrong behind them.
  if (size == 0 && answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR)
    return fail(fault, "compressed packet is damaged");
  if (size == 0) return fail(fault, "compressed packet without a byte");
  return size;
}

// ---- Deflating

struct Deflater::Context {
  Context() {
    isal_deflate_stateless_init(&stream);
    stream.level = 1;
    stream.level_buf = tables.get();
    stream.level_buf_size = table_size;
    stream.end_of_stream = 1;
    stream.flush = NO_FLUSH;
  }

  static constexpr std::size_t table_size = ISAL_DEF_LVL1_DEFAULT;
  std::unique_ptr<Byte[]> tables = std::make_unique_for_overwrite<Byte[]>(table_size);
  isal_zstream stream;
  Scratch scratch;
};

Deflater::Deflater() : context_(std::make_unique<Context>()) {}
Deflater::~Deflater() = default;
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;

ByteView Deflater::deflate(ByteView plain) {
  assert(plain.size() <= std::size_t{1} << 30);
  // Never larger than stored blocks (5 bytes for each 65,535) between header and checksum (6).
  const ByteSpan out = context_->scratch.of(plain.size() + 5 * (plain.size() / 65'535 + 1) + 64);
  isal_zstream& stream = context_->stream;
  isal_deflate_reset(&stream);
  stream.gzip_flag = IGZIP_ZLIB;  // ISA-L changes it once it has written the header
  stream.next_in = const_cast<Byte*>(plain.data());  // only read
  stream.avail_in = static_cast<std::uint32_t>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  // There is nothing that it could refuse: the output has room for the worst case.
  if (isal_deflate_stateless(&stream) != COMP_OK) std::abort();
  return out.first(stream.total_out);
}

}  // namespace drawbridge::mc
