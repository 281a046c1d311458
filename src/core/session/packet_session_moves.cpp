// A session between two backends: it loses one, keeps its client awake, takes another; or gives its
// client to another engine.
#include <utility>

#include "core/session/luggage.hpp"
#include "core/session/packet_session.hpp"
#include "mc/bungee_channel.hpp"
#include "mc/packets/login.hpp"
#include "mc/packets/play.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

namespace {

// How often a client without a backend is asked something, and how long it has to turn to
// configuration. Clients give a server up after 30 seconds without a word.
constexpr std::uint32_t keep_alive_seconds = 10;
constexpr std::uint32_t turning_seconds = 30;

}  // namespace

bool PacketSession::can_move() const {
  if (over_ || closing_ || next_) return false;
  const PacketTracker& tracker = flow_.tracker();
  const bool in_play = tracker.state(Side::client) == mc::State::play &&
                       tracker.state(Side::backend) == mc::State::play;
  // The end of a configuration is on its way: it can be turned once it has said that it has it.
  const bool finishes = tracker.state(Side::client) == mc::State::configuration &&
                        tracker.state(Side::backend) == mc::State::play;
  return in_play || (flow_.detached() && !flow_.half_configured() && !finishes);
}

void PacketSession::detach_backend() {
  close_backend();
  link(Side::backend) = Link{};
  if (const auto closing = flow_.detach()) queue(Side::client, *closing);
  // It may have waited for a backend that took nothing.
  link(Side::client).paused = false;
  asked_ = pump_.second_;
  calm_ = false;
  changed_ = true;
  if (!over_) pump_.worker_.next_turn(*this);
}

void PacketSession::queue_packets(Side to, const std::vector<ByteBuffer>& packets) {
  for (const ByteBuffer& packet : packets)
    if (const auto frame = flow_.frame_for(to, packet)) queue(to, *frame);
}

void PacketSession::take_backend(NextBackend next) {
  if (over_ || closing_) return;
  if (!flow_.detached()) detach_backend();
  const mc::Version version = flow_.tracker().version();
  Luggage* const luggage = flow_.tracker().luggage();
  std::vector<ByteBuffer> clearing;
  if (luggage != nullptr) clearing = luggage->clear_screen(version);
  next_ = std::make_unique<NextBackend>(std::move(next));
  if (version < mc::v1_20_2) {
    queue_packets(Side::client, next_->rejoin);
    queue_packets(Side::client, clearing);
    queue_packets(Side::client, next_->behind_login);
    return attach_next();
  }
  turning_since_ = pump_.second_;
  if (const auto turn = flow_.turn_to_configuration(clearing)) queue(Side::client, *turn);
  if (flow_.has_turned()) attach_next();
}

void PacketSession::attach_next() {
  const std::unique_ptr<NextBackend> next = std::exchange(next_, nullptr);
  const mc::Version version = flow_.tracker().version();
  Link& backend = link(Side::backend);
  backend.fd = std::move(next->link.fd);
  backend.cipher = std::move(next->link.cipher);
  longest_silence_ =
      static_cast<std::uint32_t>(std::chrono::ceil<seconds>(next->rules.longest_silence).count());
  flow_.attach(next->link.threshold, next->rules);
  announced_ = !next->rules.answers_channel;
  const bool configures = version >= mc::v1_20_2;
  if (configures) {
    const auto acknowledged =
        mc::encode_body(mc::LoginAcknowledged{}, version, mc::State::login, mc::Bound::server);
    if (acknowledged) queue_packets(Side::backend, {*acknowledged});
  }
  if (const Luggage* luggage = flow_.tracker().luggage())
    queue_packets(
        Side::backend,
        luggage->introduction(version, configures ? mc::State::configuration : mc::State::play));
  // Its `login` has been read.
  if (!announced_ && !configures) {
    announced_ = true;
    if (const auto packet = mc::bungee_registration(version))
      queue_packets(Side::backend, {*packet});
  }
  keep(Side::backend, next->link.unread);
  backend.held_frames = !next->link.unread.empty();
  link(Side::client).held_frames = link(Side::client).held_size > 0;  // meant for this backend
  new_ = true;  // its socket's options are to be set
  calm_ = false;
  changed_ = true;
  if (!watch(Side::backend)) return end(SessionEndReason::failed);
  pump_.worker_.next_turn(*this);
}

LinkStart PacketSession::release_client(mc::State& sends) {
  over_ = true;
  unqueue();
  pump_.worker_.forget(*this);
  close_backend();
  Link& client = link(Side::client);
  pump_.worker_.unwatch(client.fd.get());
  const PacketTracker& tracker = flow_.tracker();
  sends = tracker.state(Side::client);
  const ByteView sealed = client.out.sealed();
  LinkStart out{.fd = std::move(client.fd),
                .unread = {client.held.bytes.get(), client.held.bytes.get() + client.held_size},
                .sealed = {sealed.begin(), sealed.end()},
                .unsent = {},
                .threshold = flow_.threshold_of_client(),
                .state = tracker.state(Side::backend),
                .cipher = std::move(client.cipher)};
  const ByteView plain = client.out.seal(client.out.plain());
  out.unsent.assign(plain.begin(), plain.end());
  for (Link& at : links_) release(at);
  pump_.ended(*this);
  return out;
}

// A client hears from us what it would from its server.
void PacketSession::keep_awake() {
  if (next_ && pump_.second_ - turning_since_ > turning_seconds)
    return kick(owner_.words_for(id_, config::Kick::login_timed_out), SessionEndReason::silent);
  if (pump_.second_ - asked_ < keep_alive_seconds) return;
  asked_ = pump_.second_;
  const PacketTracker& tracker = flow_.tracker();
  const mc::KeepAlive question{.id = static_cast<std::int64_t>(pump_.second_ & 0x3FFF'FFFF) + 1};
  if (const auto packet = mc::encode_body(question, tracker.version(), tracker.state(Side::backend),
                                          mc::Bound::client))
    queue_packets(Side::client, {*packet});
}

}  // namespace drawbridge::core
