#include "net/slab.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace drawbridge::net {
namespace {

TEST(Slab, BlocksDoNotOverlapAndAreAligned) {
  Slab slab(100, 4096);
  std::vector<void*> blocks;
  for (int i = 0; i < 200; ++i) {
    void* block = slab.allocate();
    std::memset(block, i, 100);
    blocks.push_back(block);
  }
  std::ranges::sort(blocks);
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    EXPECT_GE(static_cast<char*>(blocks[i]) - static_cast<char*>(blocks[i - 1]), 100);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks[i]) % 16, 0U);
  }
  for (void* block : blocks) slab.release(block);
}

TEST(Slab, MemoryGoesBackExceptOneChunk) {
  Slab slab(256, 4096);
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(slab.allocate());
  EXPECT_GT(slab.chunks(), 60U);
  std::shuffle(blocks.begin(), blocks.end(), std::mt19937(1));
  for (void* block : blocks) slab.release(block);
  EXPECT_EQ(slab.live(), 0U);
  EXPECT_EQ(slab.chunks(), 1U);
}

TEST(Slab, WaitingForTrimKeepsWhatIsUsedAgain) {
  Slab slab(256, 4096, Slab::Idle::waits_for_trim);
  std::vector<void*> blocks;
  const auto take = [&](int count) {
    while (count-- > 0) blocks.push_back(slab.allocate());
  };
  const auto release_all = [&] {
    for (void* block : blocks) slab.release(block);
    blocks.clear();
  };
  take(150);
  const std::size_t most = slab.chunks();
  ASSERT_EQ(most, 10U);
  release_all();
  EXPECT_EQ(slab.chunks(), most);
  slab.trim();  // all of them were in use since the last one
  EXPECT_EQ(slab.chunks(), most);
  take(75);
  EXPECT_EQ(slab.chunks(), most);
  release_all();
  slab.trim();  // five of ten were, and one is spare
  EXPECT_EQ(slab.chunks(), 6U);
  slab.trim();
  EXPECT_EQ(slab.chunks(), 1U);
  take(1);
  slab.trim();
  EXPECT_EQ(slab.chunks(), 1U);
  release_all();
}

TEST(Slab, FreedBlocksAreUsedAgain) {
  Slab slab(64, 4096);
  std::vector<void*> blocks;
  for (int i = 0; i < 63; ++i) blocks.push_back(slab.allocate());  // one chunk, full
  EXPECT_EQ(slab.chunks(), 1U);
  slab.release(blocks[10]);
  EXPECT_EQ(slab.allocate(), blocks[10]);
  EXPECT_EQ(slab.chunks(), 1U);
  for (void* block : blocks) slab.release(block);
}

TEST(Slab, SetupMemoryOfEverySize) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t size = 1; size < 40'000; size += 997) {
    void* block = setup_allocate(size);
    std::memset(block, 1, size);
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) setup_release(block, size);
}

TEST(Slab, SetupAllocatorServesContainers) {
  std::vector<char, SetupAllocator<char>> buffer;
  for (int i = 0; i < 100'000; ++i) buffer.push_back(static_cast<char>(i));
  EXPECT_EQ(buffer[99'999], static_cast<char>(99'999));
}

}  // namespace
}  // namespace drawbridge::net
