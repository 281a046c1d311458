// Cipher and compression, each against the usual way to do the same in the same run:
//
//   encrypt, decrypt   against OpenSSL's EVP, which is what other proxies call
//   untouched          a compressed frame that nobody changes: second length, packet id, decision;
//                      against inflating it and compressing it again with libdeflate's level 6
//   deflate            what we compress with against libdeflate and zlib; `size` is in percent
//
//   codec_bench [--benchmark_out=FILE --benchmark_out_format=json] [FOLDER]
//
// The packets are the files *.raw of FOLDER (captured `map_chunk`, from 20 kB up), or made up to
// compress as those do (44 kB to about 16 %, as fast). There are 64 of each size, slices of the
// chunks below 44 kB, taken in turn so that no predictor learns one by heart.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "mc/cipher.hpp"
#include "mc/compressed_frame.hpp"
#include "mc/compression.hpp"
#include "mc/writer.hpp"

namespace {

using namespace drawbridge;
using namespace drawbridge::mc;

void require(bool holds) {
  if (!holds) std::abort();
}

// ---- Cipher

ByteBuffer random_bytes_of(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  ByteBuffer out(size);
  for (Byte& byte : out) byte = static_cast<Byte>(random());
  return out;
}

// One turn of a worker: every stream has a message of `size` bytes. Buffers lie at distances that
// are no multiple of 4 KiB, as a worker's do.
void encrypt_turn(benchmark::State& state, CipherPath path, std::size_t streams, std::size_t size) {
  const ByteBuffer secret = random_bytes_of(16, 1);
  std::vector<Encryptor> encryptors;
  std::vector<ByteBuffer> messages;
  for (std::size_t i = 0; i < streams; ++i) {
    encryptors.emplace_back(SharedSecret(secret.data(), shared_secret_size), path);
    messages.push_back(random_bytes_of(size, static_cast<std::uint32_t>(i)));
  }
  std::vector<EncryptJob> jobs(streams);
  for (auto _ : state) {
    for (std::size_t i = 0; i < streams; ++i) jobs[i] = {&encryptors[i], messages[i]};
    encrypt(jobs);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(streams * size));
}

void decrypt_read(benchmark::State& state, CipherPath path, std::size_t size) {
  const ByteBuffer secret = random_bytes_of(16, 1);
  Decryptor decryptor(SharedSecret(secret.data(), shared_secret_size), path);
  ByteBuffer bytes = random_bytes_of(size, 2);
  for (auto _ : state) {
    decryptor.decrypt(bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

// ---- Packets

constexpr Byte packet_id = 0x27;
constexpr std::size_t chunk_size = 44'000;

// The sections of a chunk, each a palette and four bits a block that name an entry of it. Blobs of
// ore, gravel and cave lie in the stone, so that lines of blocks resemble the ones beside and below
// without repeating them; air of which nothing is sent and long runs of one byte are not in it.
ByteBuffer chunk_like(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&random](unsigned bound) { return static_cast<int>(random() % bound); };
  ByteBuffer out;
  while (out.size() < size) {
    for (int entry = 0; entry < 16; ++entry) {
      const auto state = static_cast<unsigned>(below(24'000));
      out.push_back(static_cast<Byte>(state | 0x80));
      out.push_back(static_cast<Byte>(state >> 7));
    }
    std::array<Byte, 4'096> blocks{};
    for (Byte& block : blocks) block = below(40) == 0 ? Byte{2} : Byte{1};
    for (int blob = 4 + below(8); blob > 0; --blob) {
      const auto filling = static_cast<Byte>(below(16));
      const int x0 = below(16);
      const int y0 = below(16);
      const int z0 = below(16);
      const int reach = 2 + below(9);  // square of the radius
      for (int y = 0; y < 16; ++y)
        for (int z = 0; z < 16; ++z)
          for (int x = 0; x < 16; ++x)
            if ((x - x0) * (x - x0) + (y - y0) * (y - y0) + (z - z0) * (z - z0) < reach)
              blocks[static_cast<std::size_t>(y * 256 + z * 16 + x)] = filling;
    }
    for (std::size_t i = 0; i < blocks.size(); i += 2)
      out.push_back(static_cast<Byte>(blocks[i] | blocks[i + 1] << 4));
  }
  out.resize(size);
  return out;
}

std::vector<ByteBuffer>& captured_chunks() {
  static std::vector<ByteBuffer> all;
  return all;
}

void read_captured_chunks(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".raw" || entry.file_size() < 20'000) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    captured_chunks().emplace_back(std::istreambuf_iterator<char>(file),
                                   std::istreambuf_iterator<char>());
  }
}

ByteBuffer chunk(std::uint32_t number) {
  const auto& captured = captured_chunks();
  if (captured.empty()) return chunk_like(chunk_size, number);
  ByteBuffer out = captured[number % captured.size()];
  for (std::size_t i = 0; out.size() < chunk_size; ++i) out.push_back(out[i]);
  return out;
}

struct FreeCompressor {
  void operator()(libdeflate_compressor* context) const { libdeflate_free_compressor(context); }
};
using Compressor = std::unique_ptr<libdeflate_compressor, FreeCompressor>;

std::size_t libdeflate_into(ByteBuffer& out, libdeflate_compressor* compressor, ByteView plain) {
  const std::size_t size =
      libdeflate_zlib_compress(compressor, plain.data(), plain.size(), out.data(), out.size());
  require(size != 0);
  return size;
}

// What a backend sends: zlib's level 6.
ByteBuffer zlib_stream(ByteView plain) {
  uLongf size = compressBound(static_cast<uLong>(plain.size()));
  ByteBuffer out(size);
  require(compress2(out.data(), &size, plain.data(), static_cast<uLong>(plain.size()), 6) == Z_OK);
  out.resize(size);
  return out;
}

struct Packets {
  std::vector<ByteBuffer> plain;
  std::vector<ByteBuffer> bodies;  // of frames of a link with a threshold of 256
  std::size_t next = 0;

  // Smaller packets than a chunk are slices of one.
  explicit Packets(std::size_t size) {
    std::mt19937 random(3);
    for (std::uint32_t i = 0; i < 64; ++i) {
      const ByteBuffer whole = chunk(i);
      ByteBuffer& packet = plain.emplace_back(ByteBuffer{packet_id});
      const std::size_t from = random() % (whole.size() - size + 2);
      packet.insert(packet.end(), whole.begin() + static_cast<std::ptrdiff_t>(from),
                    whole.begin() + static_cast<std::ptrdiff_t>(from + size - 1));
      ByteBuffer& body = bodies.emplace_back();
      Writer(body).varint(static_cast<std::int32_t>(size));
      Writer(body).raw(zlib_stream(packet));
    }
  }
  std::size_t turn() { return next = (next + 1) % plain.size(); }
};

constexpr Threshold threshold{256};
constexpr Sender backend{.threshold = threshold, .fault = Fault::backend};

void untouched(benchmark::State& state, std::size_t size) {
  Packets packets(size);
  Codecs codecs;
  for (auto _ : state) {
    const auto contents = open_frame(packets.bodies[packets.turn()], backend);
    const auto id = peek_packet_id(*contents, codecs.inflater, Fault::backend);
    const bool passes = passes_as_received(*contents, threshold, threshold);
    require(id && *id == packet_id && passes);
  }
}

// What a proxy does that decodes every packet: with the fastest way to inflate that we have, and
// the level that such proxies use.
void recode(benchmark::State& state, std::size_t size) {
  Packets packets(size);
  Codecs codecs;
  const Compressor compressor(libdeflate_alloc_compressor(6));
  ByteBuffer out(size + 1'000);
  for (auto _ : state) {
    const auto contents = open_frame(packets.bodies[packets.turn()], backend);
    const auto packet = whole_packet(*contents, codecs.inflater, Fault::backend);
    require(packet.has_value());
    benchmark::DoNotOptimize(libdeflate_into(out, compressor.get(), *packet));
  }
}

// What we do ourselves where the receiver needs another form.
void reframe(benchmark::State& state, std::size_t size) {
  Packets packets(size);
  Codecs codecs;
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    const Contents contents{.bytes = packets.plain[packets.turn()]};
    require(append_reframed(out, contents, threshold, codecs, Fault::backend).has_value());
  }
}

void say_sizes(benchmark::State& state, std::size_t plain, std::size_t compressed) {
  state.SetBytesProcessed(static_cast<std::int64_t>(plain));
  state.counters["size"] = 100.0 * static_cast<double>(compressed) / static_cast<double>(plain);
}

void deflate_isal(benchmark::State& state, std::size_t size) {
  Packets packets(size);
  Codecs codecs;
  std::size_t plain = 0;
  std::size_t compressed = 0;
  for (auto _ : state) {
    compressed += codecs.deflater.deflate(packets.plain[packets.turn()]).size();
    plain += size;
  }
  say_sizes(state, plain, compressed);
}

void deflate_libdeflate(benchmark::State& state, int level, std::size_t size) {
  Packets packets(size);
  const Compressor compressor(libdeflate_alloc_compressor(level));
  ByteBuffer out(size + 1'000);
  std::size_t plain = 0;
  std::size_t compressed = 0;
  for (auto _ : state) {
    compressed += libdeflate_into(out, compressor.get(), packets.plain[packets.turn()]);
    plain += size;
  }
  say_sizes(state, plain, compressed);
}

void deflate_zlib(benchmark::State& state, std::size_t size) {
  Packets packets(size);
  z_stream stream{};
  require(deflateInit(&stream, 6) == Z_OK);
  ByteBuffer out(size + 1'000);
  std::size_t plain = 0;
  std::size_t compressed = 0;
  for (auto _ : state) {
    deflateReset(&stream);
    ByteBuffer& packet = packets.plain[packets.turn()];
    stream.next_in = packet.data();
    stream.avail_in = static_cast<uInt>(packet.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    compressed += stream.total_out;
    plain += size;
  }
  deflateEnd(&stream);
  say_sizes(state, plain, compressed);
}

void inflate_all(benchmark::State& state, std::size_t size) {
  Packets packets(size);
  Codecs codecs;
  for (auto _ : state) {
    const auto contents = open_frame(packets.bodies[packets.turn()], backend);
    require(whole_packet(*contents, codecs.inflater, Fault::backend).has_value());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

void register_cipher() {
  constexpr std::array<std::pair<std::string_view, CipherPath>, 3> paths{
      {{"evp", CipherPath::openssl}, {"aes_ni", CipherPath::aes_ni}, {"vaes", CipherPath::vaes}}};
  for (const std::size_t size : {64U, 1'500U}) {
    for (const auto& [name, path] : paths) {
      if (!can_run(path)) continue;
      benchmark::RegisterBenchmark(fmt::format("decrypt/{}/{}", name, size).c_str(), decrypt_read,
                                   path, size);
      if (path == CipherPath::vaes) continue;  // encrypts as aes_ni does
      for (const std::size_t streams : {1U, 2U, 4U, 6U, 8U, 100U}) {
        if (path == CipherPath::openssl && streams != 1) continue;
        benchmark::RegisterBenchmark(fmt::format("encrypt/{}/{}/{}", name, size, streams).c_str(),
                                     encrypt_turn, path, streams, size);
      }
    }
  }
}

void register_compression() {
  using Case = void (*)(benchmark::State&, std::size_t);
  constexpr std::array<std::pair<std::string_view, Case>, 6> cases{
      {{"untouched", untouched},
       {"recode", recode},
       {"reframe", reframe},
       {"inflate", inflate_all},
       {"deflate/isal", deflate_isal},
       {"deflate/zlib6", deflate_zlib}}};
  for (const std::size_t size : {512U, 4'096U, 44'000U}) {
    for (const auto& [name, run] : cases)
      benchmark::RegisterBenchmark(fmt::format("{}/{}", name, size).c_str(), run, size);
    for (const int level : {1, 6}) {
      benchmark::RegisterBenchmark(fmt::format("deflate/libdeflate{}/{}", level, size).c_str(),
                                   deflate_libdeflate, level, size);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc > 2) return benchmark::ReportUnrecognizedArguments(argc, argv) ? 1 : 2;
  if (argc == 2) {
    read_captured_chunks(argv[1]);
    if (captured_chunks().empty()) return 1;
  }
  register_cipher();
  register_compression();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
