// What an intercepted session pays per packet before the kernel: PacketFlow over reads of 64 KiB.
//
//   flood        100-byte packets without compression
//   frames_8k    8 kB packets that were compressed and are passed on as they came
//   game         packets of 40 to 1,500 bytes, threshold 256, one a read
//   looked_into  the same where each is looked into (configuration)
//
// `each` is the time of one packet.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "core/session/packet_flow.hpp"
#include "mc/compressed_frame.hpp"

namespace {

using namespace drawbridge;
using namespace drawbridge::core;

constexpr std::size_t read_bytes = std::size_t{64} << 10;

mc::Codecs& codecs() {
  static mc::Codecs all;
  return all;
}

// Ids without a kind in 1.21.4's play.
ByteBuffer packet_of(std::size_t size, std::mt19937& random) {
  ByteBuffer packet(size);
  for (Byte& byte : packet) byte = static_cast<Byte>(random() & 0x3F);
  packet[0] = 0x20;
  return packet;
}

void append_frame(ByteBuffer& out, ByteView packet, mc::Threshold threshold) {
  const auto done = mc::append_packet(out, packet, threshold, codecs().deflater, Fault::proxy);
  if (!done) std::abort();
}

PacketFlow flow_of(mc::Threshold threshold, mc::State state, ByteBuffer& scratch) {
  return {mc::v1_21_4, {state, state}, {threshold, threshold}, {}, codecs(), scratch, 0};
}

void walk(benchmark::State& state, PacketFlow& flow, const std::vector<ByteBuffer>& reads) {
  std::size_t next = 0;
  for (auto _ : state) {
    const ByteBuffer& read = reads[next++ % reads.size()];
    const auto step = flow.next(Side::backend, read, 0);
    if (step.pass != read.size()) std::abort();
    benchmark::DoNotOptimize(step.pass);
  }
  const auto packets = static_cast<double>(flow.packets(Side::backend));
  state.counters["each"] =
      benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void filled(benchmark::State& state, std::size_t size, mc::Threshold threshold) {
  std::mt19937 random(1);
  ByteBuffer read;
  while (read.size() + size + 16 < read_bytes)
    append_frame(read, packet_of(size, random), threshold);
  ByteBuffer scratch;
  PacketFlow flow = flow_of(threshold, mc::State::play, scratch);
  walk(state, flow, {read});
}

void game(benchmark::State& state, mc::State phase) {
  std::mt19937 random(1);
  std::vector<ByteBuffer> reads(512);
  for (ByteBuffer& read : reads)
    append_frame(read, packet_of(40 + random() % 1'460, random), {.bytes = 256});
  ByteBuffer scratch;
  PacketFlow flow = flow_of({.bytes = 256}, phase, scratch);
  walk(state, flow, reads);
}

void flood(benchmark::State& state) {
  filled(state, 100, {});
}
void frames_8k(benchmark::State& state) {
  filled(state, 8'192, {.bytes = 256});
}
void game_in_play(benchmark::State& state) {
  game(state, mc::State::play);
}
void game_looked_into(benchmark::State& state) {
  game(state, mc::State::configuration);
}

BENCHMARK(flood);
BENCHMARK(frames_8k);
BENCHMARK(game_in_play)->Name("game");
BENCHMARK(game_looked_into)->Name("looked_into");

}  // namespace

BENCHMARK_MAIN();
