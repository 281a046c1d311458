#include "mc/compression.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>

#include "mc/hex_for_tests.hpp"

namespace drawbridge::mc {
namespace {

constexpr std::size_t cap = 8'388'608;

// Sizes on both sides of every border: of libraries, stored blocks, frames.
constexpr std::size_t sizes[] = {1,    2,      3,      255,    256,    4095,
                                 4096, 44'000, 65'535, 65'536, 70'000, 200'000};

std::mt19937& generator() {
  static std::mt19937 random(4'711);
  return random;
}

// From what compresses to nothing (0) over words (1) and noise between them (2) to noise (3).
ByteBuffer sample(std::size_t size, int kind) {
  ByteBuffer out(size);
  auto& random = generator();
  for (std::size_t i = 0; i < size; ++i) {
    const bool noise = kind == 3 || (kind == 2 && (i / 700) % 2 == 1);
    out[i] = static_cast<Byte>(kind == 0 ? 7 : noise ? random() : (random() & 3U) + i % 5);
  }
  return out;
}

ByteBuffer zlib_stream(ByteView plain, int level = 6) {
  uLongf size = compressBound(static_cast<uLong>(plain.size()));
  ByteBuffer out(size);
  EXPECT_EQ(compress2(out.data(), &size, plain.data(), static_cast<uLong>(plain.size()), level),
            Z_OK);
  out.resize(size);
  return out;
}

ByteBuffer copy(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

class Compression : public testing::Test {
 protected:
  // What inflate() says of a stream of which nothing else is known.
  std::string why_not(ByteView stream, std::size_t declared, std::size_t limit = cap) {
    const auto out = codecs.inflater.inflate(stream, declared, limit, Fault::client);
    if (out) return "taken";
    EXPECT_EQ(out.error().fault, Fault::client);
    return out.error().what;
  }

  Codecs codecs;
};

TEST_F(Compression, zlib_reads_what_we_deflate) {
  for (const std::size_t size : sizes) {
    for (int kind = 0; kind < 4; ++kind) {
      const ByteBuffer plain = sample(size, kind);
      const ByteView stream = codecs.deflater.deflate(plain);
      ByteBuffer out(size);
      uLongf inflated = static_cast<uLongf>(size);
      ASSERT_EQ(uncompress(out.data(), &inflated, stream.data(), static_cast<uLong>(stream.size())),
                Z_OK)
          << size << " kind " << kind;
      ASSERT_EQ(inflated, size);
      ASSERT_EQ(out, plain);
      // A receiver's check of what is plausible must never hit ourselves.
      ASSERT_TRUE(Inflater::is_plausible(stream.size(), size)) << stream.size() << " of " << size;
    }
  }
}

TEST_F(Compression, inflates_what_zlib_deflates) {
  for (const std::size_t size : sizes) {
    for (const int level : {0, 1, 6, 9}) {
      const ByteBuffer plain = sample(size, 2);
      const ByteBuffer stream = zlib_stream(plain, level);
      const auto out = codecs.inflater.inflate(stream, size, cap, Fault::backend);
      ASSERT_TRUE(out) << out.error().what;
      ASSERT_EQ(copy(*out), plain);
    }
  }
}

// Both sides of the border between the two inflating libraries have the same rules.
class BothLibraries : public Compression, public testing::WithParamInterface<std::size_t> {
 protected:
  const ByteBuffer plain = sample(GetParam(), 1);
  ByteBuffer stream = zlib_stream(plain);
};

INSTANTIATE_TEST_SUITE_P(Compression, BothLibraries, testing::Values(1'000, 10'000));

TEST_P(BothLibraries, declared_size_is_exact) {
  EXPECT_EQ(why_not(stream, plain.size()), "taken");
  EXPECT_NE(why_not(stream, plain.size() - 1), "taken");
  EXPECT_NE(why_not(stream, plain.size() + 1), "taken");
}

TEST_P(BothLibraries, cut_short_is_refused) {
  for (std::size_t size = 0; size < stream.size(); ++size)
    ASSERT_NE(why_not(ByteView(stream).first(size), plain.size()), "taken") << size;
}

TEST_P(BothLibraries, wrong_checksum_is_refused) {
  stream.back() ^= 1;
  EXPECT_NE(why_not(stream, plain.size()), "taken");
}

TEST_P(BothLibraries, header_of_something_else_is_refused) {
  stream[0] = 0x1F;
  stream[1] = 0x8B;
  EXPECT_NE(why_not(stream, plain.size()), "taken");
}

TEST_P(BothLibraries, dictionary_is_refused) {
  stream[0] = 0x78;
  stream[1] = 0x20;  // wants one, and the header's own check is right
  EXPECT_NE(why_not(stream, plain.size()), "taken");
}

TEST_P(BothLibraries, bytes_behind_the_end_are_ignored) {
  stream.insert(stream.end(), 20, 0xEE);
  EXPECT_EQ(why_not(stream, plain.size()), "taken");
}

TEST_P(BothLibraries, works_again_after_a_damaged_stream) {
  const ByteBuffer good = stream;
  for (int round = 0; round < 500; ++round) {
    ByteBuffer bad = good;
    for (int i = 0; i < 3; ++i) bad[generator()() % bad.size()] = static_cast<Byte>(generator()());
    const auto out = codecs.inflater.inflate(bad, plain.size(), cap, Fault::client);
    if (out) ASSERT_EQ(out->size(), plain.size());
  }
  EXPECT_EQ(why_not(good, plain.size()), "taken");
}

TEST_F(Compression, declared_size_is_capped) {
  const ByteBuffer stream = zlib_stream(sample(10'000, 0));
  EXPECT_EQ(why_not(stream, 10'000, 10'000), "taken");
  EXPECT_EQ(why_not(stream, 10'000, 9'999),
            "packet of 10000 bytes inflated where 9999 is the limit");
  EXPECT_NE(why_not(stream, SIZE_MAX), "taken");
  EXPECT_NE(why_not(stream, 0), "taken");
}

TEST_F(Compression, sizes_must_belong_together) {
  EXPECT_FALSE(Inflater::is_plausible(20, cap));      // nothing compresses like that
  EXPECT_FALSE(Inflater::is_plausible(100'000, 10));  // a stream of empty blocks
  for (const std::size_t size : {1U, 100U, 1'000'000U}) {
    EXPECT_TRUE(Inflater::is_plausible(zlib_stream(sample(size, 0), 9).size(), size)) << size;
    EXPECT_TRUE(Inflater::is_plausible(zlib_stream(sample(size, 3), 0).size(), size)) << size;
  }
  EXPECT_EQ(why_not(ByteBuffer(20), cap), "20 compressed bytes for a packet of 8388608");
}

TEST_F(Compression, peek_gives_the_first_bytes) {
  for (const std::size_t size : sizes) {
    for (int kind = 0; kind < 4; ++kind) {
      const ByteBuffer plain = sample(size, kind);
      for (const bool ours : {true, false}) {
        const ByteBuffer stream =
            ours ? copy(codecs.deflater.deflate(plain)) : zlib_stream(plain, 6);
        ByteBuffer out(5);
        const auto got = codecs.inflater.peek(stream, out, Fault::client);
        ASSERT_TRUE(got) << got.error().what;
        ASSERT_EQ(*got, std::min<std::size_t>(5, size));
        ASSERT_TRUE(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*got),
                               plain.begin()));
      }
    }
  }
}

TEST_F(Compression, peek_refuses_what_has_no_first_byte) {
  ByteBuffer out(5);
  const ByteBuffer inputs[] = {{},
                               hex("78"),
                               hex("789c"),
                               hex("ff ff ff ff"),
                               zlib_stream({}),
                               hex("789c 07"),
                               hex("789c 00 0500 0000 01")};
  for (const ByteBuffer& input : inputs) {
    const auto got = codecs.inflater.peek(input, out, Fault::backend);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().fault, Fault::backend);
  }
}

TEST_F(Compression, peek_does_not_wade_through_empty_blocks) {
  ByteBuffer stream = hex("7801");
  while (stream.size() < 100'000) {
    const ByteBuffer empty_stored = hex("00 0000 ffff");
    stream.insert(stream.end(), empty_stored.begin(), empty_stored.end());
  }
  const ByteBuffer last = hex("01 0100 feff 2a 002b002b");
  stream.insert(stream.end(), last.begin(), last.end());
  ByteBuffer plain(1);
  uLongf size = 1;
  ASSERT_EQ(uncompress(plain.data(), &size, stream.data(), static_cast<uLong>(stream.size())),
            Z_OK);
  ByteBuffer out(5);
  EXPECT_FALSE(codecs.inflater.peek(stream, out, Fault::client));
  EXPECT_NE(why_not(stream, 1), "taken");
}

}  // namespace
}  // namespace drawbridge::mc
