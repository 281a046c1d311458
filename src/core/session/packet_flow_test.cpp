#include "core/session/packet_flow.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/session/frames_for_tests.hpp"
#include "mc/bungee_channel.hpp"
#include "mc/text_nbt.hpp"

namespace drawbridge::core {
namespace {

using mc::Bound;
using mc::Kind;
using mc::State;
using testing::append;
using testing::compressed_frame_of;
using testing::frame_of;
using testing::off;
using testing::packet_of;
using testing::packets_in;
using testing::raw_frame_of;
using testing::unknown_packet;

constexpr mc::Threshold at_256 = {256};

// A flow and what comes out of it at both ends.
class Rig {
 public:
  explicit Rig(PacketFlow::Thresholds thresholds = {off, off}, SessionRules rules = {},
               mc::Version version = mc::v1_21_4, State state = State::play)
      : flow(version, {state, state}, thresholds, rules, testing::codecs(), scratch_, 0) {}

  // As a session does. False: refused.
  bool feed(Side from, ByteView bytes) {
    append(pending_[index(from)], bytes);
    ByteBuffer& pending = pending_[index(from)];
    for (;;) {
      const auto step = flow.next(from, pending, second);
      append(out_[index(other(from))], ByteView(pending).first(step.pass));
      append(out_[index(other(from))], step.instead);
      pending.erase(pending.begin(),
                    pending.begin() + static_cast<std::ptrdiff_t>(step.pass + step.skip));
      ++steps;
      if (step.then == PacketFlow::Step::Then::bad) return false;
      if (step.then == PacketFlow::Step::Then::rest) return true;
    }
  }
  // What came out since the last call.
  ByteBuffer at(Side side) { return std::exchange(out_[index(side)], {}); }
  [[nodiscard]] std::size_t kept(Side from) const { return pending_[index(from)].size(); }
  [[nodiscard]] const std::string& refusal() const { return flow.bad_input().error.what; }

  PacketFlow flow;
  std::uint32_t second = 0;
  int steps = 0;

 private:
  ByteBuffer scratch_;
  std::array<ByteBuffer, 2> pending_;
  std::array<ByteBuffer, 2> out_;
};

ByteBuffer to_client(Kind kind, State state = State::play, mc::Version version = mc::v1_21_4) {
  return packet_of(kind, version, state, Bound::client);
}
ByteBuffer to_server(Kind kind, State state = State::play, mc::Version version = mc::v1_21_4) {
  return packet_of(kind, version, state, Bound::server);
}

TEST(PacketFlow, PassesABufferOfFramesInOneStepAndAsItCame) {
  for (const mc::Threshold threshold : {off, at_256}) {
    ByteBuffer stream;
    for (const std::size_t size :
         {1U, 2U, 100U, 127U, 128U, 255U, 256U, 300U, 8'000U, 20'000U, 300'000U})
      append(stream, frame_of(unknown_packet(size), threshold));
    for (const Side from : {Side::client, Side::backend}) {
      Rig rig({threshold, threshold});
      ASSERT_TRUE(rig.feed(from, stream));
      EXPECT_EQ(rig.at(other(from)), stream);
      EXPECT_EQ(rig.steps, 1);
      EXPECT_EQ(rig.flow.packets(from), 11U);
    }
  }
}

TEST(PacketFlow, ComesToTheSameWhereverTheBytesAreCut) {
  ByteBuffer stream;
  for (const std::size_t size : {1U, 40U, 300U, 400U})
    append(stream, frame_of(unknown_packet(size), at_256));
  append(stream, ByteBuffer{0});
  append(stream, frame_of(to_client(Kind::bundle_delimiter), at_256));
  append(stream, compressed_frame_of(unknown_packet(50)));
  Rig whole({at_256, at_256});
  ASSERT_TRUE(whole.feed(Side::backend, stream));
  const ByteBuffer expected = whole.at(Side::client);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Rig rig({at_256, at_256});
    ASSERT_TRUE(rig.feed(Side::backend, ByteView(stream).first(cut)));
    ASSERT_TRUE(rig.feed(Side::backend, ByteView(stream).subspan(cut)));
    ASSERT_EQ(rig.at(Side::client), expected) << "cut at " << cut;
    ASSERT_EQ(rig.kept(Side::backend), 0U);
  }
  Rig bytewise({at_256, at_256});
  for (const Byte byte : stream) ASSERT_TRUE(bytewise.feed(Side::backend, ByteView(&byte, 1)));
  EXPECT_EQ(bytewise.at(Side::client), expected);
}

// Every receiver refuses some form of some size; the one that all take is its own.
TEST(PacketFlow, GivesEachEndTheFormOfItsThresholdInAllCombinations) {
  const mc::Threshold thresholds[] = {off, {0}, {64}, {256}};
  const std::size_t sizes[] = {1, 2, 63, 64, 65, 127, 128, 255, 256, 257, 1'000, 70'000};
  for (const mc::Threshold client : thresholds) {
    for (const mc::Threshold backend : thresholds) {
      for (const Side from : {Side::client, Side::backend}) {
        const mc::Threshold sender = from == Side::client ? client : backend;
        const mc::Threshold receiver = from == Side::client ? backend : client;
        ByteBuffer stream;
        std::vector<ByteBuffer> packets;
        for (const std::size_t size : sizes) {
          packets.push_back(unknown_packet(size));
          append(stream, frame_of(packets.back(), sender));
          // What a backend need not do, but may.
          if (!sender.is_on() || from == Side::client) continue;
          packets.push_back(unknown_packet(size, 2));
          append(stream, compressed_frame_of(packets.back()));
          packets.push_back(unknown_packet(size, 3));
          append(stream, raw_frame_of(packets.back()));
        }
        Rig rig({client, backend});
        ASSERT_TRUE(rig.feed(from, stream)) << rig.refusal();
        EXPECT_EQ(packets_in(rig.at(other(from)), receiver), packets)
            << client.bytes << " and " << backend.bytes;
      }
    }
  }
}

TEST(PacketFlow, PassesLengthsThatAreLongerThanNeedBe) {
  // Minestom writes both lengths with three bytes.
  const ByteBuffer frame = {0x85, 0x80, 0x00, 0x80, 0x80, 0x00, 0x7F, 0x01};
  Rig rig({at_256, at_256});
  ASSERT_TRUE(rig.feed(Side::backend, frame));
  EXPECT_EQ(rig.at(Side::client), frame);
}

TEST(PacketFlow, NeverEmitsAnEmptyFrame) {
  Rig rig;
  const ByteBuffer packet = frame_of(unknown_packet(5), off);
  ByteBuffer stream = {0x00};
  append(stream, packet);
  append(stream, ByteBuffer{0x80, 0x00, 0x00});
  append(stream, packet);
  for (const Side from : {Side::client, Side::backend}) {
    ASSERT_TRUE(rig.feed(from, stream));
    EXPECT_EQ(packets_in(rig.at(other(from)), off).size(), 2U);
  }
}

// --- Phases ---

TEST(PacketFlow, FollowsTheServerThroughConfigurationAndBack) {
  Rig rig({at_256, at_256});
  const PacketTracker& tracker = rig.flow.tracker();
  const auto phases = [&] {
    return std::pair(tracker.state(Side::client), tracker.state(Side::backend));
  };
  const auto send = [&](Side from, const ByteBuffer& packet) {
    EXPECT_TRUE(rig.feed(from, frame_of(packet, at_256)));
    EXPECT_EQ(rig.at(other(from)), frame_of(packet, at_256));
  };
  send(Side::backend, to_client(Kind::start_configuration));
  EXPECT_EQ(phases(), std::pair(State::play, State::configuration));
  // What the client still says of play is passed, and does not confuse the phases.
  send(Side::client, to_server(Kind::message_acknowledgement));
  send(Side::client, to_server(Kind::configuration_acknowledged));
  EXPECT_EQ(phases(), std::pair(State::configuration, State::configuration));
  send(Side::backend, to_client(Kind::select_known_packs, State::configuration));
  EXPECT_TRUE(tracker.known_packs_asked());
  send(Side::client, to_server(Kind::select_known_packs, State::configuration));
  EXPECT_FALSE(tracker.known_packs_asked());
  send(Side::backend, to_client(Kind::finish_configuration, State::configuration));
  EXPECT_EQ(phases(), std::pair(State::configuration, State::play));
  send(Side::client, to_server(Kind::finish_configuration, State::configuration));
  EXPECT_EQ(phases(), std::pair(State::play, State::play));
}

TEST(PacketFlow, SeesTheEndOfAPhaseWhenItIsCompressed) {
  Rig rig({{0}, {0}});
  ASSERT_TRUE(rig.feed(Side::backend, frame_of(to_client(Kind::start_configuration), {0})));
  EXPECT_EQ(rig.flow.tracker().state(Side::backend), State::configuration);
}

TEST(PacketFlow, KicksInTheFormOfTheClientsPhase) {
  for (const mc::Version version : {mc::v1_7_2, mc::v1_8, mc::v1_12_2, mc::v1_16, mc::v1_20_2,
                                    mc::v1_20_3, mc::v1_21_4, mc::newest_known}) {
    for (const State state : {State::configuration, State::play}) {
      if (state == State::configuration && version < mc::v1_20_2) continue;
      Rig rig({at_256, off}, {}, version, state);
      const auto frame = rig.flow.kick(mc::Text::legacy("out with you"));
      ASSERT_TRUE(frame.has_value()) << frame.error().what;
      const auto packets = packets_in(*frame, at_256);
      ASSERT_EQ(packets.size(), 1U);
      const auto parts = mc::split_packet(packets[0], Fault::proxy);
      const Kind kind = state == State::play ? Kind::kick_disconnect : Kind::disconnect;
      EXPECT_EQ(mc::id_map(version, state, Bound::client).kind(parts->id), kind);
      const auto kick = mc::decode<mc::KickDisconnect>(parts->fields, version, Fault::proxy);
      ASSERT_TRUE(kick.has_value()) << kick.error().what;
      const auto text = mc::read_wire_text(kick->reason, version, Fault::proxy);
      EXPECT_EQ(mc::to_plain(*text), "out with you");
    }
  }
}

TEST(PacketFlow, ClosesABundleBeforeAKick) {
  Rig rig;
  ASSERT_TRUE(rig.feed(Side::backend, frame_of(to_client(Kind::bundle_delimiter), off)));
  const auto frame = rig.flow.kick(mc::Text::legacy("out"));
  ASSERT_TRUE(frame.has_value());
  const auto packets = packets_in(*frame, off);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0], to_client(Kind::bundle_delimiter));
}

TEST(PacketFlow, KeepsPacketsOfOursOutOfBundles) {
  Rig rig({at_256, at_256});
  const ByteBuffer delimiter = frame_of(to_client(Kind::bundle_delimiter), at_256);
  const ByteBuffer inside = frame_of(unknown_packet(30), at_256);
  const ByteBuffer ours = to_client(Kind::system_chat);
  ByteBuffer expected;
  ASSERT_TRUE(rig.feed(Side::backend, delimiter));
  EXPECT_TRUE(rig.flow.tracker().in_bundle());
  const auto waits = rig.flow.frame_for(Side::client, ours);
  ASSERT_TRUE(waits.has_value());
  EXPECT_TRUE(waits->empty());
  ASSERT_TRUE(rig.feed(Side::backend, inside));
  append(expected, delimiter);
  append(expected, inside);
  EXPECT_EQ(rig.at(Side::client), expected);
  ASSERT_TRUE(rig.feed(Side::backend, delimiter));
  expected = delimiter;
  append(expected, frame_of(ours, at_256));
  EXPECT_EQ(rig.at(Side::client), expected);
  // Outside of one they go at once.
  const auto at_once = rig.flow.frame_for(Side::client, ours);
  ASSERT_TRUE(at_once.has_value());
  EXPECT_EQ(ByteBuffer(at_once->begin(), at_once->end()), frame_of(ours, at_256));
}

// --- What is looked at ---

// Velocity and vanilla kick for a session that is signed for another UUID.
TEST(PacketFlow, DropsChatSessionsWhereTheBackendKnowsAnotherUuid) {
  const ByteBuffer other_packet = unknown_packet(400);
  ByteBuffer fields(830, 0x5A);
  const ByteBuffer update =
      packet_of(Kind::chat_session_update, mc::v1_21_4, State::play, Bound::server, fields);
  for (const mc::Threshold threshold : {off, at_256}) {
    ByteBuffer stream;
    append(stream, frame_of(other_packet, threshold));
    append(stream, frame_of(update, threshold));
    append(stream, frame_of(other_packet, threshold));
    Rig keeps({threshold, threshold});
    ASSERT_TRUE(keeps.feed(Side::client, stream));
    EXPECT_EQ(keeps.at(Side::backend), stream);
    Rig drops({threshold, threshold}, {.drops_chat_session = true});
    ASSERT_TRUE(drops.feed(Side::client, stream));
    EXPECT_EQ(packets_in(drops.at(Side::backend), threshold),
              (std::vector<ByteBuffer>{other_packet, other_packet}));
  }
}

// 1.8 may change its threshold in play; the client's is for life.
TEST(PacketFlow, TakesSetCompressionOf18ForTheBackendsLinkAlone) {
  Rig rig({at_256, off}, {}, mc::v1_8);
  const ByteBuffer large = unknown_packet(500);
  const ByteBuffer small = unknown_packet(100);
  ByteBuffer stream = frame_of(large, off);
  append(stream,
         frame_of(packet_of(mc::SetCompression{64}, mc::v1_8, State::play, Bound::client), off));
  append(stream, frame_of(large, {64}));
  append(stream, frame_of(small, {64}));
  ASSERT_TRUE(rig.feed(Side::backend, stream)) << rig.refusal();
  EXPECT_EQ(packets_in(rig.at(Side::client), at_256),
            (std::vector<ByteBuffer>{large, large, small}));
  // And towards the backend the new one holds.
  ASSERT_TRUE(rig.feed(Side::client, frame_of(small, at_256)));
  EXPECT_EQ(packets_in(rig.at(Side::backend), {64}), std::vector<ByteBuffer>{small});
}

TEST(PacketFlow, KeepsTheAnswerToAKeepAliveOfOurs) {
  for (const mc::Version version : {mc::v1_7_2, mc::v1_8, mc::v1_21_4}) {
    Rig rig({off, off}, {}, version);
    const auto ask = [&](std::int64_t id) {
      return packet_of(mc::KeepAlive{id}, version, State::play, Bound::client);
    };
    const auto answer = [&](std::int64_t id) {
      return frame_of(packet_of(mc::KeepAlive{id}, version, State::play, Bound::server), off);
    };
    ASSERT_TRUE(rig.flow.frame_for(Side::client, ask(7)).has_value());
    ASSERT_TRUE(rig.feed(Side::backend, frame_of(ask(8), off)));
    ASSERT_TRUE(rig.feed(Side::client, answer(8)));
    EXPECT_EQ(rig.at(Side::backend), answer(8));
    ASSERT_TRUE(rig.feed(Side::client, answer(7)));
    EXPECT_TRUE(rig.at(Side::backend).empty());
    // Nobody asked: clients up to 1.8 do that while a world loads.
    ASSERT_TRUE(rig.feed(Side::client, answer(0)));
    EXPECT_EQ(rig.at(Side::backend), answer(0));
  }
}

TEST(PacketFlow, CountsWhatTheClientOwesItsServer) {
  Rig rig;
  const PacketTracker& tracker = rig.flow.tracker();
  const auto feed = [&](Side from, const ByteBuffer& packet) {
    ASSERT_TRUE(rig.feed(from, frame_of(packet, off)));
  };
  feed(Side::backend, to_client(Kind::chunk_batch_finished));
  feed(Side::backend, to_client(Kind::cookie_request));
  feed(Side::backend, packet_of(mc::AddResourcePack{}, mc::v1_21_4, State::play, Bound::client));
  EXPECT_EQ(tracker.open_chunk_batches(), 1U);
  EXPECT_EQ(tracker.open_cookies(), 1U);
  EXPECT_EQ(tracker.open_resource_packs(), 1U);
  const auto pack_answer = [](std::int32_t result) {
    return packet_of(mc::ResourcePackReceive{.id = {}, .hash = {}, .result = result}, mc::v1_21_4,
                     State::play, Bound::server);
  };
  feed(Side::client, to_server(Kind::chunk_batch_received));
  feed(Side::client, to_server(Kind::cookie_response));
  feed(Side::client, pack_answer(3));  // accepted, more will follow
  EXPECT_EQ(tracker.open_resource_packs(), 1U);
  feed(Side::client, pack_answer(0));
  EXPECT_EQ(tracker.open_chunk_batches() + tracker.open_cookies() + tracker.open_resource_packs(),
            0U);
}

// A pack that is taken away is not answered at all, so the order says nothing.
TEST(PacketFlow, KeepsAnswersAboutTheFormerServersPacksFromTheNext) {
  Rig rig;
  const auto ask = [](const Uuid& id) {
    return frame_of(packet_of(mc::AddResourcePack{.id = id, .url = {}, .hash = {}, .prompt = {}},
                              mc::v1_21_4, State::play, Bound::client),
                    off);
  };
  const auto answer = [](const Uuid& id, std::int32_t result) {
    return frame_of(packet_of(mc::ResourcePackReceive{.id = id, .hash = {}, .result = result},
                              mc::v1_21_4, State::play, Bound::server),
                    off);
  };
  const Uuid former = offline_uuid("former");
  const Uuid present = offline_uuid("present");
  ASSERT_TRUE(rig.feed(Side::backend, ask(former)));
  ASSERT_TRUE(rig.flow.detach());
  rig.flow.attach(off, {});
  ASSERT_TRUE(rig.feed(Side::backend, ask(present)));
  for (const std::int32_t result : {3, 4, 0}) {  // accepted, downloaded, there
    ASSERT_TRUE(rig.feed(Side::client, answer(present, result)));
    EXPECT_EQ(rig.at(Side::backend), answer(present, result));
  }
  ASSERT_TRUE(rig.feed(Side::client, answer(former, 0)));
  EXPECT_TRUE(rig.at(Side::backend).empty());
}

TEST(PacketFlow, NoticesTheWordsThatEndASession) {
  const mc::KickDisconnect words{
      mc::wire_text(mc::Text::legacy(std::string(600, 'x')), mc::v1_21_4)};
  const ByteBuffer kick = packet_of(words, mc::v1_21_4, State::play, Bound::client);
  Rig raw;
  ASSERT_TRUE(raw.feed(Side::backend, frame_of(kick, off)));
  EXPECT_TRUE(raw.flow.tracker().was_kicked());
  EXPECT_EQ(raw.flow.tracker().kick_reason().substr(0, 5), "xxxxx");
  Rig compressed({at_256, at_256});
  compressed.flow.look_for_kick();
  ASSERT_TRUE(compressed.feed(Side::backend, frame_of(kick, at_256)));
  EXPECT_TRUE(compressed.flow.tracker().was_kicked());
  EXPECT_EQ(compressed.at(Side::client), frame_of(kick, at_256));
}

// --- What a client may not do ---

TEST(PacketFlow, RefusesWhatIsNoFrameAfterPassingWhatWasGood) {
  struct Case {
    const char* what;
    ByteBuffer bytes;
    mc::Threshold threshold;
  };
  ByteBuffer huge = {0x09};  // a frame of nine bytes: declares 8 MiB and one byte
  append(huge, ByteBuffer{0x81, 0x80, 0x80, 0x04, 1, 2, 3, 4, 5});
  ByteBuffer bomb = {0x08};  // declares 8 MiB
  append(bomb, ByteBuffer{0x80, 0x80, 0x80, 0x04, 1, 2, 3, 4});
  const ByteBuffer below = compressed_frame_of(unknown_packet(100));
  const Case cases[] = {
      {"frame length of more than 3 bytes", {0xFF, 0xFF, 0xFF, 0x01}, off},
      {"limit", huge, at_256},
      {"compressed bytes", bomb, at_256},
      {"below the threshold", below, at_256},
      {"without a packet", {0x01, 0x00}, at_256},
      {"bad inflated length", {0x03, 0xFF, 0xFF, 0xFF}, at_256},
      {"bad inflated length", {0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1}, at_256},
      {"without an id", {0x02, 0xFF, 0xFF}, off},
  };
  for (const Case& one : cases) {
    Rig rig({one.threshold, one.threshold});
    const ByteBuffer good = frame_of(unknown_packet(20), one.threshold);
    ByteBuffer stream = good;
    append(stream, one.bytes);
    EXPECT_FALSE(rig.feed(Side::client, stream)) << one.what;
    EXPECT_NE(rig.refusal().find(one.what), std::string::npos) << rig.refusal();
    EXPECT_EQ(rig.flow.bad_input().error.fault, Fault::client);
    EXPECT_FALSE(rig.flow.bad_input().over_budget);
    EXPECT_EQ(rig.at(Side::backend), good);
  }
}

TEST(PacketFlow, RefusesADamagedStreamWhereItHasToLook) {
  ByteBuffer frame = {0x06, 0x80, 0x08, 9, 9, 9, 9};
  Rig rig({at_256, at_256}, {}, mc::v1_21_4, State::configuration);
  EXPECT_FALSE(rig.feed(Side::backend, frame));
  EXPECT_EQ(rig.flow.bad_input().error.fault, Fault::backend);
}

TEST(PacketFlow, LimitsPacketsPerSecondOverSevenSeconds) {
  Rig rig({off, off}, {.packets_per_second = 10});
  const ByteBuffer packet = frame_of(unknown_packet(5), off);
  ByteBuffer seventy;
  for (int i = 0; i < 70; ++i) append(seventy, packet);
  EXPECT_TRUE(rig.feed(Side::client, seventy));
  rig.second = 1;
  ByteBuffer ten(seventy.begin(),
                 seventy.begin() + static_cast<std::ptrdiff_t>(10 * packet.size()));
  EXPECT_TRUE(rig.feed(Side::client, ten));
  EXPECT_FALSE(rig.feed(Side::client, packet));
  EXPECT_TRUE(rig.flow.bad_input().over_budget);
  // What the server sends is not the client's doing.
  Rig server({off, off}, {.packets_per_second = 1});
  EXPECT_TRUE(server.feed(Side::backend, seventy));
  // A long rest gives no more than seven seconds' worth.
  Rig rested({off, off}, {.packets_per_second = 10});
  rested.second = 1'000;
  EXPECT_TRUE(rested.feed(Side::client, seventy));
  EXPECT_FALSE(rested.feed(Side::client, packet));
}

TEST(PacketFlow, LimitsInflatedBytesPerSecondOverSevenSeconds) {
  const ByteBuffer frame = frame_of(unknown_packet(7'000), at_256);
  Rig rig({at_256, at_256}, {.inflated_per_second = 2'000});
  EXPECT_TRUE(rig.feed(Side::client, frame));
  EXPECT_TRUE(rig.feed(Side::client, frame));
  EXPECT_FALSE(rig.feed(Side::client, frame));
  EXPECT_TRUE(rig.flow.bad_input().over_budget);
  // Looked into or not, the charge is the same.
  Rig looked({at_256, off}, {.inflated_per_second = 2'000});
  EXPECT_TRUE(looked.feed(Side::client, frame));
  EXPECT_TRUE(looked.feed(Side::client, frame));
  EXPECT_FALSE(looked.feed(Side::client, frame));
}

TEST(PacketFlow, ChargesACompressedFrameOnceWhenRawOnesFollowInTheSameRead) {
  Rig rig({at_256, at_256}, {.inflated_per_second = 2'000});
  ByteBuffer read = frame_of(unknown_packet(7'000), at_256);
  for (int i = 0; i < 10; ++i) append(read, frame_of(unknown_packet(5), at_256));
  EXPECT_TRUE(rig.feed(Side::client, read));
}

TEST(PacketFlow, KnowsTheWholeSizeOfAFrameFromItsBeginning) {
  EXPECT_EQ(PacketFlow::frame_size(ByteBuffer{}), 0U);
  EXPECT_EQ(PacketFlow::frame_size(ByteBuffer{0x80}), 0U);
  EXPECT_EQ(PacketFlow::frame_size(ByteBuffer{0x05}), 6U);
  EXPECT_EQ(PacketFlow::frame_size(ByteBuffer{0xFF, 0xFF, 0x7F}), 2'097'154U);
}

// --- The BungeeCord channel ---

ByteBuffer payload(std::string_view channel, ByteView data, Bound bound,
                   mc::Version version = mc::v1_21_4, State state = State::play) {
  mc::CustomPayload packet;
  packet.channel = channel;
  packet.data.assign(data.begin(), data.end());
  return packet_of(packet, version, state, bound);
}
ByteBuffer connect_request(std::size_t tail = 0) {
  ByteBuffer message;
  mc::append_java_utf(message, "Connect");
  mc::append_java_utf(message, "two");
  message.resize(message.size() + tail, 'x');
  return message;
}

TEST(PacketFlow, TakesWhatTheBackendSaysOnTheBungeeCordChannel) {
  for (const mc::Threshold threshold : {off, at_256}) {
    for (const std::size_t tail : {0U, 300U, 32'000U}) {
      Rig rig({threshold, threshold}, {.answers_channel = true});
      const ByteBuffer message = connect_request(tail);
      ByteBuffer stream = frame_of(unknown_packet(20), threshold);
      append(stream, frame_of(payload("bungeecord:main", message, Bound::client), threshold));
      ASSERT_TRUE(rig.feed(Side::backend, stream));
      EXPECT_EQ(rig.at(Side::client), frame_of(unknown_packet(20), threshold));
      const auto said = rig.flow.take_said();
      ASSERT_TRUE(said);
      EXPECT_EQ(said->kind, PacketFlow::Said::Kind::channel);
      EXPECT_EQ(said->text, std::string(message.begin(), message.end()));
      // Switched off: it is the client's.
      rig.flow.set_answers_channel(false);
      ASSERT_TRUE(rig.feed(Side::backend, stream));
      EXPECT_EQ(rig.at(Side::client), stream);
      EXPECT_FALSE(rig.flow.take_said());
    }
  }
}

TEST(PacketFlow, LeavesOtherChannelsAndUnknownSubchannelsToTheClient) {
  Rig rig({at_256, at_256}, {.answers_channel = true});
  ByteBuffer unknown;
  mc::append_java_utf(unknown, "Mine");
  ByteBuffer stream = frame_of(payload("a:b", connect_request(), Bound::client), at_256);
  append(stream, frame_of(payload("bungeecord:main", unknown, Bound::client), at_256));
  append(stream, frame_of(payload("bungeecord:main", {}, Bound::client), at_256));
  append(stream, frame_of(payload("bungeecord:mainx", connect_request(), Bound::client), at_256));
  append(stream, frame_of(payload("a:b", connect_request(9'000), Bound::client), at_256));
  ASSERT_TRUE(rig.feed(Side::backend, stream));
  EXPECT_EQ(rig.at(Side::client), stream);
  EXPECT_FALSE(rig.flow.take_said());
}

// A length in an over-long form, any size, any compression, any phase, any of the names.
TEST(PacketFlow, LetsNoClientSpeakToProxiesOrServersInTheirNames) {
  for (const State state : {State::play, State::configuration}) {
    for (const std::string_view channel :
         {"BungeeCord", "bungeecord:main", "velocity:player_info", "velocity:"}) {
      for (const std::size_t tail : {0U, 300U, 9'000U, 100'000U}) {
        for (const mc::Threshold threshold : {off, at_256}) {
          Rig rig({threshold, threshold}, {}, mc::v1_21_4, state);
          const ByteBuffer packet =
              payload(channel, connect_request(tail), Bound::server, mc::v1_21_4, state);
          ASSERT_TRUE(rig.feed(Side::client, frame_of(packet, threshold)));
          EXPECT_TRUE(rig.at(Side::backend).empty()) << channel << " " << tail;
        }
      }
    }
  }
  ByteBuffer packet;
  mc::Writer out(packet);
  const auto id = mc::id_map(mc::v1_21_4, State::play, Bound::server).id(Kind::custom_payload);
  out.varint(*id);
  for (const int byte : {0x8A, 0x80, 0x80, 0x80, 0x00}) out.u8(static_cast<Byte>(byte));
  out.raw(as_bytes("BungeeCord"));
  Rig rig;
  ASSERT_TRUE(rig.feed(Side::client, frame_of(packet, off)));
  EXPECT_TRUE(rig.at(Side::backend).empty());
  const ByteBuffer other = frame_of(payload("a:b", connect_request(), Bound::server), off);
  ASSERT_TRUE(rig.feed(Side::client, other));
  EXPECT_EQ(rig.at(Side::backend), other);
}

}  // namespace
}  // namespace drawbridge::core
