// Sessions over real sockets: a worker on a thread of its own, the test at both outer ends.
#include "core/session/packet_session.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "core/session/frames_for_tests.hpp"
#include "core/session/packet_pump.hpp"
#include "net/testing.hpp"

namespace drawbridge::core {
namespace {

using mc::Bound;
using mc::Kind;
using mc::State;
using net::testing::abort_connection;
using net::testing::next_of;
using net::testing::Pair;
using net::testing::send_all;
using net::testing::tcp_pair;
using testing::append;
using testing::frame_of;
using testing::off;
using testing::packet_of;
using testing::packets_in;
using testing::unknown_packet;

constexpr mc::Threshold at_256 = {256};
constexpr mc::Version version = mc::v1_21_4;

ByteBuffer secret_of(std::uint64_t id) {
  ByteBuffer secret(mc::shared_secret_size);
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<Byte>(id * 31 + i);
  return secret;
}

ByteBuffer kick_packet(const std::string& words, State state = State::play) {
  const mc::WireText text = mc::wire_text(mc::Text::legacy(words), version);
  return state == State::play
             ? packet_of(mc::KickDisconnect{text}, version, state, Bound::client)
             : packet_of(mc::ConfigurationDisconnect{text}, version, state, Bound::client);
}

// The words of a kick; empty for any other packet.
std::string words_of(ByteView packet, State state = State::play) {
  const auto parts = mc::split_packet(packet, Fault::proxy);
  if (!parts) return {};
  const Kind kind = mc::id_map(version, state, Bound::client).kind(parts->id);
  if (kind != Kind::kick_disconnect && kind != Kind::disconnect) return {};
  const auto kick = mc::decode<mc::KickDisconnect>(parts->fields, version, Fault::proxy);
  if (!kick) return {};
  return mc::to_plain(mc::read_wire_text(kick->reason, version, Fault::proxy).value_or(mc::Text{}));
}

class Owner final : public SessionOwner {
 public:
  void on_session_end(const SessionEnd& end) override { ended[end.id] = end; }
  void on_session_lasts(std::uint64_t, int, int) override { ++lasting; }
  mc::Text words_for(std::uint64_t, config::Kick kick) override {
    return mc::Text::legacy(std::string(config::name_of(kick)));
  }
  bool on_backend_lost(std::uint64_t, const BackendLoss&) override {
    if (keeps != nullptr) keeps->detach_backend();
    return keeps != nullptr;
  }
  PacketSession* keeps = nullptr;             // stays when its backend is lost
  std::map<std::uint64_t, SessionEnd> ended;  // of the worker's thread
  int lasting = 0;
};

// One player: the client's and the backend's end are the test's.
struct Player {
  net::Fd client, backend;
  std::unique_ptr<LinkCipher> cipher;  // the client's, null without encryption
  PacketSession* session = nullptr;

  bool say(ByteView frames) {
    ByteBuffer bytes(frames.begin(), frames.end());
    if (cipher) cipher->encrypt.encrypt(bytes);
    return send_all(client.get(), bytes);
  }
  ByteBuffer heard(std::size_t count) {
    return decrypted(net::testing::receive(client.get(), count));
  }
  ByteBuffer heard_to_end() { return heard(std::size_t{1} << 26); }
  ByteBuffer at_backend(std::size_t count) const {
    const std::string bytes = net::testing::receive(backend.get(), count);
    return {bytes.begin(), bytes.end()};
  }
  ByteBuffer decrypted(const std::string& text) {
    ByteBuffer bytes(text.begin(), text.end());
    if (cipher) cipher->decrypt.decrypt(bytes);
    return bytes;
  }
};

struct Wanted {
  mc::Threshold client = at_256, backend = at_256;
  bool encrypted = false;
  State state = State::play;
  SessionRules rules = {};
  ByteBuffer unread_client = {}, unread_backend = {}, unsent_client = {}, unsent_backend = {};
  net::testing::Buffers client_buffers = {}, backend_buffers = {};
};

class PacketSessionTest : public ::testing::TestWithParam<bool> {
 protected:
  PacketSessionTest() {
    worker->call([&] { pump = std::make_unique<PacketPump>(**worker, codecs); });
  }
  ~PacketSessionTest() override { worker.reset(); }  // the pump ends with its worker

  Player add(Wanted wanted) {
    Pair client = tcp_pair(wanted.client_buffers);
    Pair backend = tcp_pair(wanted.backend_buffers);
    const std::uint64_t id = ++last_id;
    Player player;
    SessionStart start{.version = version, .client = {}, .backend = {}, .rules = wanted.rules};
    start.client.fd = std::move(client.far);
    start.backend.fd = std::move(backend.far);
    start.client.threshold = wanted.client;
    start.backend.threshold = wanted.backend;
    start.client.state = start.backend.state = wanted.state;
    start.client.unread = std::move(wanted.unread_client);
    start.client.unsent = std::move(wanted.unsent_client);
    start.backend.unread = std::move(wanted.unread_backend);
    start.backend.unsent = std::move(wanted.unsent_backend);
    if (wanted.encrypted) {
      const ByteBuffer secret = secret_of(id);
      const mc::SharedSecret view(secret.data(), mc::shared_secret_size);
      start.client.cipher = std::make_unique<LinkCipher>(view);
      player.cipher = std::make_unique<LinkCipher>(view);
    }
    player.client = std::move(client.near);
    player.backend = std::move(backend.near);
    worker->call([&] {
      player.session = &pump->add(id, owner, start);
      PacketPump::begin(*player.session, start);
    });
    return player;
  }
  // Encrypted or not, by the test's parameter.
  Player add() { return add({.encrypted = GetParam()}); }

  std::optional<SessionEnd> end_of(std::uint64_t id) {
    std::optional<SessionEnd> end;
    const TimePoint give_up = Clock::now() + seconds(10);
    while (!end && Clock::now() < give_up) {
      worker->call([&] {
        if (const auto found = owner.ended.find(id); found != owner.ended.end())
          end = found->second;
      });
      std::this_thread::yield();
    }
    return end;
  }
  SessionEndReason why(std::uint64_t id) {
    const auto end = end_of(id);
    EXPECT_TRUE(end.has_value()) << "session " << id << " lives on";
    return end ? end->why : SessionEndReason::failed;
  }
  template <class F>
  bool eventually(F done) {
    const TimePoint give_up = Clock::now() + seconds(10);
    while (!done()) {
      if (Clock::now() > give_up) return false;
      worker->settle();
      std::this_thread::yield();
    }
    return true;
  }
  // Frames that nobody has to look into, about so many bytes.
  static ByteBuffer frames(std::size_t bytes, mc::Threshold threshold = at_256) {
    ByteBuffer out;
    for (unsigned i = 0; out.size() < bytes; ++i)
      append(out, frame_of(unknown_packet(1 + i * 37 % 1500, i), threshold));
    return out;
  }

  Owner owner;  // these outlive the worker's sessions
  mc::Codecs codecs;
  std::unique_ptr<PacketPump> pump;
  std::unique_ptr<net::testing::RunningWorker> worker =
      std::make_unique<net::testing::RunningWorker>();
  std::uint64_t last_id = 0;
};

INSTANTIATE_TEST_SUITE_P(Links, PacketSessionTest, ::testing::Bool(),
                         [](const auto& p) { return p.param ? "encrypted" : "plain"; });

TEST_P(PacketSessionTest, MovesFramesBothWaysAndCountsThem) {
  Player player = add();
  const ByteBuffer up = frames(5'000);
  const ByteBuffer down = frames(9'000);
  ASSERT_TRUE(player.say(up));
  EXPECT_EQ(player.at_backend(up.size()), up);
  ASSERT_TRUE(send_all(player.backend.get(), down));
  EXPECT_EQ(player.heard(down.size()), down);
  EXPECT_TRUE(eventually([&] { return pump->stats().bytes_to_client == down.size(); }));
  const PacketPumpStats stats = pump->stats();
  EXPECT_EQ(stats.sessions, 1U);
  EXPECT_EQ(stats.bytes_to_backend, up.size());
  EXPECT_EQ(stats.packets_to_backend, packets_in(up, at_256).size());
  EXPECT_EQ(stats.packets_to_client, packets_in(down, at_256).size());
  EXPECT_EQ(stats.held_bytes, 0U);
  EXPECT_EQ(worker->call([&] { return (*worker)->load(); }), 1U);
}

TEST_P(PacketSessionTest, BeginsWithWhatTheLoginLeft) {
  const ByteBuffer first = frame_of(unknown_packet(10), at_256);
  const ByteBuffer next = frame_of(unknown_packet(700), at_256);
  const ByteView part = ByteView(next).first(20);
  ByteBuffer unread = first;
  append(unread, part);
  const ByteBuffer before = frame_of(unknown_packet(33), at_256);
  Player player = add({.encrypted = GetParam(),
                       .unread_client = unread,
                       .unread_backend = unread,
                       .unsent_client = before,
                       .unsent_backend = before});
  ASSERT_TRUE(player.say(ByteView(next).subspan(20)));
  ASSERT_TRUE(send_all(player.backend.get(), ByteView(next).subspan(20)));
  ByteBuffer expected = before;
  append(expected, first);
  append(expected, next);
  EXPECT_EQ(player.at_backend(expected.size()), expected);
  EXPECT_EQ(player.heard(expected.size()), expected);
}

TEST_P(PacketSessionTest, PutsFramesTogetherThatComeByteByByte) {
  Player player = add();
  ByteBuffer stream;
  for (const std::size_t size : {1U, 300U, 2U})
    append(stream, frame_of(unknown_packet(size), at_256));
  for (const Byte byte : stream) {
    ASSERT_TRUE(player.say(ByteView(&byte, 1)));
    worker->settle();
  }
  EXPECT_EQ(player.at_backend(stream.size()), stream);
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes == 0; }));
}

TEST_P(PacketSessionTest, MovesFramesLargerThanItsBuffers) {
  for (const mc::Threshold backend : {off, at_256}) {
    Player player = add({.client = off, .backend = backend, .encrypted = GetParam()});
    std::vector<ByteBuffer> packets;
    ByteBuffer stream;
    for (const std::size_t size : {20'000U, 70'000U, 1'000U, 400'000U, 2'000'000U, 5U}) {
      packets.push_back(unknown_packet(size));
      append(stream, frame_of(packets.back(), backend));
    }
    std::thread server([&] { send_all(player.backend.get(), stream); });
    std::size_t size = 0;
    for (const ByteBuffer& packet : packets) size += frame_of(packet, off).size();
    EXPECT_EQ(packets_in(player.heard(size), off), packets);
    server.join();
    EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes == 0; }));
  }
}

TEST_P(PacketSessionTest, ServesManyPlayersInOneTurn) {
  std::vector<Player> players;
  for (int i = 0; i < 40; ++i) players.push_back(add());
  std::vector<ByteBuffer> sent;
  worker->freeze();
  for (std::size_t i = 0; i < players.size(); ++i) {
    sent.push_back(frames(100 + i * 700));
    ASSERT_TRUE(send_all(players[i].backend.get(), sent[i]));
  }
  worker->thaw();
  for (std::size_t i = 0; i < players.size(); ++i)
    EXPECT_EQ(players[i].heard(sent[i].size()), sent[i]) << i;
}

// --- Slow ends ---

TEST_P(PacketSessionTest, AStalledClientHoldsBackItsServerAndNobodyElse) {
  Player stalled = add({.encrypted = GetParam(),
                        .client_buffers = {.near_receive = 65536, .far_send = 65536},
                        .backend_buffers = {.far_receive = 65536}});
  Player other = add();
  const ByteBuffer stream = frames(4'000'000);
  std::thread server([&] { send_all(stalled.backend.get(), stream); });
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes >= PacketPump::low_water; }));
  // Its own way up, and another player's both ways, go on.
  const ByteBuffer few = frames(3'000);
  ASSERT_TRUE(stalled.say(few));
  EXPECT_EQ(stalled.at_backend(few.size()), few);
  ASSERT_TRUE(send_all(other.backend.get(), few));
  EXPECT_EQ(other.heard(few.size()), few);
  EXPECT_LE(pump->stats().held_bytes, PacketPump::high_water + (std::size_t{64} << 10));
  // It goes on by itself when the client reads.
  EXPECT_EQ(stalled.heard(stream.size()), stream);
  server.join();
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes == 0; }));
}

TEST_P(PacketSessionTest, AStalledServerHoldsBackItsClientAlone) {
  Player player = add({.encrypted = GetParam(),
                       .client_buffers = {.far_receive = 65536},
                       .backend_buffers = {.near_receive = 65536, .far_send = 65536}});
  const ByteBuffer stream = frames(3'000'000);
  ByteBuffer wire = stream;
  if (player.cipher) player.cipher->encrypt.encrypt(wire);
  std::thread client([&] { send_all(player.client.get(), wire); });
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes >= PacketPump::low_water; }));
  const ByteBuffer few = frames(3'000);
  ASSERT_TRUE(send_all(player.backend.get(), few));
  EXPECT_EQ(player.heard(few.size()), few);
  EXPECT_EQ(player.at_backend(stream.size()), stream);
  client.join();
}

// What 64 KiB of compressed frames inflate to is not all made at once.
TEST_P(PacketSessionTest, FramesThatGrowWaitForRoom) {
  Player player = add({.client = off,
                       .encrypted = GetParam(),
                       .client_buffers = {.near_receive = 65536, .far_send = 65536}});
  const ByteBuffer packet(500'000, 0x7F);
  const ByteBuffer frame = frame_of(packet, at_256);
  ByteBuffer stream;
  for (int i = 0; i < 40; ++i) append(stream, frame);
  ASSERT_LT(stream.size(), 64'000U);
  ASSERT_TRUE(send_all(player.backend.get(), stream));
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes >= PacketPump::low_water; }));
  EXPECT_LE(pump->stats().held_bytes, PacketPump::high_water + packet.size() + stream.size());
  const std::size_t each = frame_of(packet, off).size();
  EXPECT_EQ(packets_in(player.heard(40 * each), off).size(), 40U);
}

TEST_P(PacketSessionTest, TheLargestGoesWhenTooMuchWaits) {
  pump->set_held_limit(100'000);
  Player small = add();
  Player stalled =
      add({.encrypted = GetParam(), .client_buffers = {.near_receive = 65536, .far_send = 65536}});
  ASSERT_TRUE(small.say(ByteBuffer{0x50}));  // the beginning of a frame
  const ByteBuffer stream = frames(1'000'000);
  std::thread server([&] { send_all(stalled.backend.get(), stream); });
  EXPECT_EQ(why(2), SessionEndReason::memory);
  server.join();
  EXPECT_EQ(pump->stats().sessions, 1U);
}

// --- Ends ---

// The kick and all before it arrive although the backend closed, or even reset, behind them, and
// although nobody looked while it came.
TEST_P(PacketSessionTest, AKickOfTheServerArrivesWithEverythingBeforeIt) {
  for (const std::size_t reason : {10U, 900U}) {
    Player player = add();
    ByteBuffer stream = frames(300'000);
    append(stream, frame_of(kick_packet(std::string(reason, 'k')), at_256));
    worker->freeze();
    std::thread server([&] {
      send_all(player.backend.get(), stream);
      player.backend.reset();
    });
    worker->thaw();
    EXPECT_EQ(player.heard_to_end(), stream);
    server.join();
    const auto end = end_of(last_id);
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->why, SessionEndReason::kicked);
    EXPECT_EQ(end->bytes.to_client, stream.size());
  }
}

TEST_P(PacketSessionTest, AServerThatGoesWithoutAWordIsSpokenFor) {
  Player player = add();
  ByteBuffer stream = frames(2'000);
  ASSERT_TRUE(send_all(player.backend.get(), stream));
  // Half a frame dies with it.
  ASSERT_TRUE(send_all(player.backend.get(), ByteView(stream).first(30)));
  player.backend.reset();
  const auto packets = packets_in(player.heard_to_end(), at_256);
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(words_of(packets.back()), "offline");
  EXPECT_EQ(why(1), SessionEndReason::backend_closed);
}

TEST_P(PacketSessionTest, AServerThatIsResetIsSpokenFor) {
  Player player = add({.encrypted = GetParam(), .state = State::configuration});
  const ByteBuffer keep_alive =
      frame_of(packet_of(mc::KeepAlive{1}, version, State::configuration, Bound::client), at_256);
  ASSERT_TRUE(send_all(player.backend.get(), keep_alive));
  EXPECT_EQ(player.heard(keep_alive.size()), keep_alive);
  abort_connection(std::move(player.backend));
  const auto packets = packets_in(player.heard_to_end(), at_256);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(words_of(packets[0], State::configuration), "offline");
  EXPECT_EQ(why(1), SessionEndReason::backend_reset);
}

TEST_P(PacketSessionTest, AClientThatLeavesIsFollowedByItsServer) {
  Player player = add();
  const ByteBuffer stream = frames(200'000);
  std::thread client([&] {
    player.say(stream);
    shutdown(player.client.get(), SHUT_WR);
  });
  EXPECT_EQ(player.at_backend(stream.size()), stream);
  client.join();
  EXPECT_EQ(next_of(player.backend.get()), 'e');
  // What the server still says is delivered.
  const ByteBuffer last = frames(1'000);
  ASSERT_TRUE(send_all(player.backend.get(), last));
  player.backend.reset();
  EXPECT_EQ(player.heard_to_end(), last);
  EXPECT_EQ(why(1), SessionEndReason::client_closed);
}

TEST_P(PacketSessionTest, AClientThatIsResetResetsItsServer) {
  Player player = add();
  const ByteBuffer stream = frames(1'000);
  ASSERT_TRUE(player.say(stream));
  EXPECT_EQ(player.at_backend(stream.size()), stream);
  abort_connection(std::move(player.client));
  EXPECT_EQ(next_of(player.backend.get()), 'r');
  EXPECT_EQ(why(1), SessionEndReason::client_reset);
}

TEST_P(PacketSessionTest, OurKickComesBehindEverythingThatIsOwed) {
  Player player =
      add({.encrypted = GetParam(), .client_buffers = {.near_receive = 65536, .far_send = 65536}});
  ASSERT_TRUE(player.say(frames(1'000)));  // never read by the server
  const ByteBuffer stream = frames(2'000'000);
  std::thread server([&] { send_all(player.backend.get(), stream); });
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes > 50'000; }));
  worker->call([&] {
    player.session->kick(mc::Text::legacy("out"), SessionEndReason::closed, "by the test");
    player.session->kick(mc::Text::legacy("again"), SessionEndReason::closed);
  });
  const auto packets = packets_in(player.heard_to_end(), at_256);
  server.join();
  ASSERT_GT(packets.size(), 10U);
  EXPECT_EQ(words_of(packets.back()), "out");
  EXPECT_EQ(words_of(packets[packets.size() - 2]), "");
  const auto end = end_of(1);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->why, SessionEndReason::closed);
  EXPECT_EQ(end->detail, "by the test");
}

TEST_P(PacketSessionTest, ABadPacketEndsItsOwnSessionWithWords) {
  Player bad = add();
  Player good = add();
  const ByteBuffer before = frames(500);
  ByteBuffer stream = before;
  append(stream, ByteBuffer{0xFF, 0xFF, 0xFF, 0xFF});
  ASSERT_TRUE(bad.say(stream));
  const auto packets = packets_in(bad.heard_to_end(), at_256);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_NE(words_of(packets[0]).find("Your client sent"), std::string::npos);
  EXPECT_EQ(bad.at_backend(before.size()), before);
  EXPECT_EQ(why(1), SessionEndReason::client_fault);
  ASSERT_TRUE(good.say(before));
  EXPECT_EQ(good.at_backend(before.size()), before);
}

TEST_P(PacketSessionTest, ABadPacketOfTheServerIsNamed) {
  Player player = add();
  ASSERT_TRUE(send_all(player.backend.get(), ByteBuffer{0x03, 0xFF, 0xFF, 0xFF}));
  const auto packets = packets_in(player.heard_to_end(), at_256);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_NE(words_of(packets[0]).find("The server sent"), std::string::npos);
  EXPECT_EQ(why(1), SessionEndReason::backend_fault);
}

TEST_P(PacketSessionTest, TooManyPacketsEndTheirSession) {
  Player player = add({.encrypted = GetParam(), .rules = {.packets_per_second = 5}});
  ASSERT_TRUE(player.say(frames(100'000)));
  const auto packets = packets_in(player.heard_to_end(), at_256);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(words_of(packets[0]), "rate_limited");
  EXPECT_EQ(why(1), SessionEndReason::rate_limited);
}

TEST_P(PacketSessionTest, PlayersAreToldWhenTheWorkerEnds) {
  Player player = add();
  worker.reset();
  const auto packets = packets_in(player.heard_to_end(), at_256);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(words_of(packets[0]), "shutdown");
  EXPECT_EQ(owner.ended[1].why, SessionEndReason::shutdown);
}

TEST_P(PacketSessionTest, WhoDoesNotReadTheFarewellIsWaitedForFiveSeconds) {
  Player deaf = add({.encrypted = GetParam(),
                     .client_buffers = {.near_receive = 65536, .far_send = 65536},
                     .backend_buffers = {.far_receive = 65536}});
  std::thread server([&] { send_all(deaf.backend.get(), frames(4'000'000)); });
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes >= PacketPump::low_water; }));
  worker->call([&] {
    deaf.session->kick(mc::Text::legacy("out"), SessionEndReason::closed);
    for (int second = 0; second < 5; ++second) pump->sweep();
    EXPECT_TRUE(owner.ended.empty());
    pump->sweep();
    EXPECT_EQ(owner.ended.count(1), 1U);
  });
  server.join();
  EXPECT_EQ(why(1), SessionEndReason::closed);
}

TEST_P(PacketSessionTest, AHalfOpenSessionEndsAfterAMinuteWithoutAByte) {
  Player player = add();
  ASSERT_EQ(::shutdown(player.client.get(), SHUT_WR), 0);
  EXPECT_TRUE(player.at_backend(1).empty());  // the backend has seen the end, and goes on
  const ByteBuffer last = frames(500);
  ASSERT_TRUE(send_all(player.backend.get(), last));
  EXPECT_EQ(player.heard(last.size()), last);
  worker->call([&] {
    // The worker's own seconds may have passed beside these.
    for (int second = 0; second < 55; ++second) pump->sweep();
    EXPECT_TRUE(owner.ended.empty());
    for (int second = 0; second < 7; ++second) pump->sweep();
    EXPECT_EQ(owner.ended.count(1), 1U);
  });
  EXPECT_EQ(why(1), SessionEndReason::half_open_idle);
}

TEST_P(PacketSessionTest, TalksToAPlayerBetweenFrames) {
  Player player = add();
  EXPECT_TRUE(worker->call([&] { return player.session->tell(mc::Text::legacy("hello")); }));
  const ByteBuffer expected = frame_of(
      packet_of(mc::SystemChat{.content = mc::wire_text(mc::Text::legacy("hello"), version)},
                version, State::play, Bound::client),
      at_256);
  EXPECT_EQ(player.heard(expected.size()), expected);
  Player early = add({.encrypted = GetParam(), .state = State::configuration});
  EXPECT_FALSE(worker->call([&] { return early.session->tell(mc::Text::legacy("hello")); }));
}

// A client goes on talking in its configuration while there is no server that could hear it.
TEST_P(PacketSessionTest, TakesAFloodFromAClientWhoseServerIsGone) {
  Player player =
      add({.encrypted = GetParam(), .state = State::configuration, .rules = {.holds_kicks = true}});
  worker->call([&] { owner.keeps = player.session; });
  player.backend.reset();
  ASSERT_TRUE(
      eventually([&] { return worker->call([&] { return !player.session->is_attached(); }); }));
  const ByteBuffer one = frame_of(packet_of(mc::CustomPayload{.channel = "a:b", .data = {1, 2, 3}},
                                            version, State::configuration, Bound::server),
                                  at_256);
  ByteBuffer flood;
  while (flood.size() < 400'000) append(flood, one);
  const std::uint64_t frames = flood.size() / one.size();
  ASSERT_TRUE(player.say(flood));
  EXPECT_TRUE(eventually([&] { return pump->stats().packets_to_backend == frames; }));
  EXPECT_EQ(pump->stats().held_bytes, 0U);
}

TEST_P(PacketSessionTest, AnIdleSessionHoldsNoBuffer) {
  Player player = add();
  const ByteBuffer stream = frames(30'000);
  ASSERT_TRUE(player.say(stream));
  EXPECT_EQ(player.at_backend(stream.size()), stream);
  EXPECT_TRUE(eventually([&] { return pump->stats().held_bytes == 0; }));
  EXPECT_LE(sizeof(PacketSession) + sizeof(LinkCipher), 2048U);
}

}  // namespace
}  // namespace drawbridge::core
