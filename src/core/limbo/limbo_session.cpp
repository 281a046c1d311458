#include "core/limbo/limbo_session.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/session/luggage.hpp"
#include "mc/frame.hpp"
#include "mc/packets/commands.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/play.hpp"
#include "mc/packets/world.hpp"
#include "mc/reader.hpp"
#include "net/stream.hpp"
#include "net/sys.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

using mc::Kind;

namespace {

// Level-triggered: a player here sends little, and one read an event is fair by itself.
constexpr std::uint32_t for_reading = EPOLLIN | EPOLLRDHUP;
// How often a client is asked whether it lives, and how long it has for an answer; also for each
// step of the way in. Clients give a server up after 30 seconds without a word.
constexpr std::uint32_t keep_alive_seconds = 10;
constexpr std::uint32_t patience_seconds = 30;
// How long a client has for the last words and what is before them.
constexpr std::uint32_t farewell_seconds = 5;
// A client that takes nothing may not pile up more than this.
constexpr std::size_t most_waiting = std::size_t{512} << 10;
constexpr std::size_t longest_command = 256;

// One bar a player, so any number will do; clients tell bars apart by it.
constexpr Uuid boss_bar_number = {{0xD4, 0x1B, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};

}  // namespace

LimboSession::LimboSession(LimboPump& pump, SessionOwner& owner, LimboOwner& limbo,
                           std::uint64_t id, LimboStart& start)
    : pump_(pump),
      owner_(owner),
      limbo_(limbo),
      id_(id),
      started_(pump.worker_.now()),
      fd_(std::move(start.client.fd)),
      cipher_(std::move(start.client.cipher)),
      frames_(std::move(start.frames)),
      player_(std::move(start.player)),
      uuid_(start.uuid),
      budget_(start.rules.packets_per_second, start.rules.inflated_per_second, pump.second_),
      max_inflated_(start.rules.max_inflated),
      version_(start.version),
      threshold_(start.client.threshold),
      since_(pump.second_),
      asked_(pump.second_),
      luggage_(start.rules.luggage),
      from_a_world_(start.from_a_world),
      owes_packs_(start.owes_packs) {}

void LimboSession::begin(LimboStart& start) {
  if (!start.client.sealed.empty()) {
    queue(start.client.sealed);
    out_.seal(start.client.sealed.size());
  }
  queue(start.client.unsent);
  if (!watch()) return end(SessionEndReason::failed);
  if (!frames_->configures()) {
    enter_world();
  } else if (from_a_world_ && start.sends == mc::State::play) {
    turn(start);
  } else if (from_a_world_ && start.client.state == mc::State::play) {
    turning_from_ = mc::State::configuration;  // its finish is on the way
    turn(start);
  } else {
    begin_configuration();
  }
  if (!over_ && !start.client.unread.empty()) walk(start.client.unread);
}

// Out of another world: nothing of it may stay on the client's screen.
void LimboSession::turn(LimboStart& start) {
  if (start.client.state == mc::State::play) {
    std::vector<ByteBuffer> packets;
    if (luggage_ != nullptr) packets = luggage_->clear_screen(version_);
    auto begin =
        mc::encode_body(mc::StartConfiguration{}, version_, mc::State::play, mc::Bound::client);
    if (begin) packets.push_back(std::move(*begin));
    queue_packets(packets);
  }
  step_ = Step::turning;
}

void LimboSession::queue_packets(const std::vector<ByteBuffer>& packets) {
  pump_.scratch_.clear();
  for (const ByteBuffer& packet : packets)
    (void)mc::append_packet(pump_.scratch_, packet, threshold_, pump_.codecs_.deflater,
                            Fault::proxy);
  queue(pump_.scratch_);
}

void LimboSession::begin_configuration() {
  step_ = frames_->asks_for_packs() ? Step::packs : Step::registries;
  since_ = pump_.second_;
  queue(frames_->greeting);
  if (step_ == Step::registries) queue(frames_->with_values);
}

// A socket that is watched anew tells at once what is ready by then.
bool LimboSession::watch() {
  return pump_.worker_.watch(fd_.get(), *this, 0,
                             blocked_ ? for_reading | EPOLLOUT : for_reading) == 0;
}

void LimboSession::on_events(unsigned /*slot*/, std::uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed(error);
  }
  if (blocked_ && (events & (EPOLLOUT | EPOLLHUP)) != 0) {
    blocked_ = false;
    pump_.worker_.unwatch(fd_.get());
    if (!watch()) return end(SessionEndReason::failed);
    pump_.gather(*this);
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) receive();
}

// --- From the client ---

// One read. What came earlier of its first packet is put before it.
void LimboSession::receive() {
  ByteBuffer& in = pump_.in_;
  const std::size_t before = held_size_;
  if (in.size() < before + LimboPump::read_bytes) in.resize(before + LimboPump::read_bytes);
  const ssize_t result = net::sys::receive(fd_.get(), in.data() + before, LimboPump::read_bytes);
  if (result == -EAGAIN || result == -EINTR) return;
  if (result < 0) return failed(static_cast<int>(-result));
  if (result == 0) return end(SessionEndReason::client_closed);
  const auto got = static_cast<std::size_t>(result);
  if (cipher_) cipher_->decrypt.decrypt(ByteSpan(in).subspan(before, got));
  received_ += got;
  if (closing_) return;  // whatever it says now
  if (before > 0) std::memcpy(in.data(), held_.bytes.get(), before);
  walk(ByteView(in).first(before + got));
}

void LimboSession::walk(ByteView bytes) {
  while (!bytes.empty() && !over_ && !closing_) {
    const auto frame =
        mc::next_frame(bytes, LimboPump::largest_frame, Fault::client, mc::EmptyFrames::allow);
    if (!frame) return refuse(frame.error());
    if (!frame->has_value()) break;
    if (!(*frame)->body.empty()) take_frame((*frame)->body);
    bytes = bytes.subspan((*frame)->size);
  }
  if (!over_) keep(closing_ ? ByteView{} : bytes);
}

void LimboSession::keep(ByteView rest) {
  if (rest.empty()) {
    pump_.buffers_.give_back(std::exchange(held_, {}));
  } else {
    if (rest.size() > held_.capacity) {
      Buffer room = pump_.buffers_.take(rest.size());
      pump_.buffers_.give_back(std::exchange(held_, std::move(room)));
    }
    std::memcpy(held_.bytes.get(), rest.data(), rest.size());
  }
  held_size_ = static_cast<std::uint32_t>(rest.size());
}

// Most packets are of no interest: only their id is looked at.
void LimboSession::take_frame(ByteView body) {
  const auto contents = mc::open_frame(
      body, {.threshold = threshold_, .max_inflated = max_inflated_, .fault = Fault::client});
  if (!contents) return refuse(contents.error());
  if (!budget_.charge(1, contents->inflated, pump_.second_))
    return refuse(Error{"more packets or inflated bytes than allowed", Fault::client},
                  SessionEndReason::rate_limited);
  const auto id = mc::peek_packet_id(*contents, pump_.codecs_.inflater, Fault::client);
  if (!id) return refuse(id.error());
  const Kind kind = mc::id_map(version_, sends(), mc::Bound::server).kind(*id);
  switch (kind) {
    case Kind::configuration_acknowledged:
    case Kind::settings:
    case Kind::custom_payload:
    case Kind::select_known_packs:
    case Kind::finish_configuration:
    case Kind::keep_alive:
    case Kind::chat:
    case Kind::chat_message:
    case Kind::chat_command:
    case Kind::tab_complete:
      break;
    default:
      return;
  }
  const auto whole = mc::whole_packet(*contents, pump_.codecs_.inflater, Fault::client);
  if (!whole) return refuse(whole.error());
  const auto packet = mc::split_packet(*whole, Fault::client);
  if (!packet) return refuse(packet.error());
  take_packet(kind, packet->fields);
}

void LimboSession::take_packet(Kind kind, ByteView fields) {
  switch (kind) {
    case Kind::configuration_acknowledged:
      if (step_ == Step::turning) begin_configuration();
      return;
    case Kind::settings:
    case Kind::custom_payload:
      if (luggage_ != nullptr) luggage_->note_from_client(kind, fields, version_);
      return;
    case Kind::select_known_packs:
      if (std::exchange(owes_packs_, false)) return;
      return on_packs(fields);
    case Kind::finish_configuration:
      if (step_ == Step::turning) {
        turning_from_ = mc::State::play;
        return;
      }
      if (step_ == Step::registries) return enter_world();
      return refuse(
          Error{"finish_configuration before there was anything to finish", Fault::client});
    case Kind::keep_alive:
      return on_keep_alive(fields);
    case Kind::tab_complete:
      return on_completion(fields);
    default:
      return on_chat(kind, fields);
  }
}

// Values may be left out only for a client that has the very packs that they stand in.
// An answer that nobody asked for changes nothing: minecraft-protocol gives one for each
// configuration that it has been in.
void LimboSession::on_packs(ByteView fields) {
  const auto packet = mc::decode<mc::SelectKnownPacks>(fields, version_, Fault::client);
  if (!packet) return refuse(packet.error());
  if (step_ != Step::packs) return;
  const auto has = [&packet](const mc::SelectKnownPacks::Pack& pack) {
    return std::ranges::find(packet->packs, pack) != packet->packs.end();
  };
  const bool has_enough = std::ranges::any_of(
      frames_->enough_packs,
      [&has](const mc::LimboJoin::Packs& packs) { return std::ranges::all_of(packs, has); });
  if (!has_enough && frames_->with_values.empty())
    return kick(owner_.words_for(id_, config::Kick::limbo_unavailable), SessionEndReason::closed,
                "the client has other packs than the one that its version was learned from");
  step_ = Step::registries;
  since_ = pump_.second_;
  queue(has_enough ? frames_->names_only : frames_->with_values);
}

// An answer that nobody asked for is none of our business: clients up to 1.8 send such.
void LimboSession::on_keep_alive(ByteView fields) {
  const auto packet = mc::decode<mc::KeepAlive>(fields, version_, Fault::client);
  if (!packet) return refuse(packet.error());
  if (packet->id == keep_alive_) keep_alive_ = 0;
}

// Commands are said in chat until 1.18.2.
void LimboSession::on_chat(Kind kind, ByteView fields) {
  if (!spawned()) return;
  mc::Reader reader(fields, version_);
  std::string_view words;
  reader.string(words, longest_command);
  if (!reader.ok()) return refuse(Error{"chat that is too long", Fault::client});
  if (kind == Kind::chat) {
    if (!words.starts_with('/')) return limbo_.on_limbo_chat(id_, words);
    words.remove_prefix(1);
  }
  if (kind == Kind::chat_message) return limbo_.on_limbo_chat(id_, words);
  limbo_.on_limbo_command(id_, words);
}

void LimboSession::on_completion(ByteView fields) {
  const auto asked = mc::read_completion(fields, version_);
  if (spawned() && asked && asked->text.size() <= longest_command)
    limbo_.on_limbo_completion(id_, asked->transaction, asked->text);
}

void LimboSession::refuse(const Error& error, SessionEndReason why) {
  if (why == SessionEndReason::rate_limited)
    return kick(owner_.words_for(id_, config::Kick::rate_limited), why, error.what);
  kick(mc::Text::legacy(
           fmt::format("§cYour client sent a packet that cannot be:\n§7{}", error.what)),
       why, error.what);
}

void LimboSession::enter_world() {
  step_ = Step::world;
  since_ = pump_.second_;
  const bool again = from_a_world_ && !frames_->configures();
  queue(again ? frames_->world_again : frames_->world);
  if (again && luggage_ != nullptr) queue_packets(luggage_->clear_screen(version_));
  frames_.reset();
  mc::AddPlayer self;
  self.uuid = uuid_;
  self.player = player_;
  send(self);
  if (luggage_ != nullptr && version_ < mc::v1_20_2) {
    const auto body = mc::encode_body(self, version_, mc::State::play, mc::Bound::client);
    const auto packet = mc::split_packet(*body, Fault::proxy);
    luggage_->note_to_client(Kind::player_info, packet->fields, version_);
  }
  if (!over_ && !closing_) limbo_.on_limbo_spawn(id_);
}

// --- To the client ---

void LimboSession::queue(ByteView frames) {
  if (frames.empty() || over_) return;
  // The end comes later: an owner in the midst of saying something still has its player.
  if (out_.size() + frames.size() > most_waiting) overflown_ = true;
  if (overflown_) return;
  out_.append(pump_.buffers_, frames);
  if (!blocked_) pump_.gather(*this);
}

template <typename P>
bool LimboSession::send(const P& packet) {
  if (over_ || closing_) return false;
  const auto body = mc::encode_body(packet, version_, state(), mc::Bound::client);
  if (!body) return false;
  pump_.scratch_.clear();
  const auto framed =
      mc::append_packet(pump_.scratch_, *body, threshold_, pump_.codecs_.deflater, Fault::proxy);
  if (framed) queue(pump_.scratch_);
  return framed && !overflown_;
}

bool LimboSession::tell(const mc::Text& words) {
  if (!spawned()) return false;
  if (version_ >= mc::v1_19) {
    mc::SystemChat line;
    line.content = mc::wire_text(words, version_);
    return send(line);
  }
  mc::Chat line;
  line.message = mc::wire_text(words, version_);
  return send(line);
}

void LimboSession::say(ByteView packet) {
  if (spawned()) queue_packets({ByteBuffer(packet.begin(), packet.end())});
}

bool LimboSession::show_title(const mc::Text& title, const mc::Text& subtitle, std::int32_t ticks) {
  if (!spawned() || version_ < mc::v1_8) return false;
  const mc::WireText large = mc::wire_text(title, version_);
  const mc::WireText small = mc::wire_text(subtitle, version_);
  if (version_ < mc::v1_17) {
    using Action = mc::Title::Action;
    mc::Title packet;
    packet.stay = ticks;
    packet.action = Action::times;
    send(packet);
    packet.action = Action::subtitle;
    packet.text = small;
    send(packet);
    packet.action = Action::title;
    packet.text = large;
    return send(packet);
  }
  mc::SetTitleTimes times;
  times.stay = ticks;
  send(times);
  send(mc::SetTitleSubtitle{.text = small});
  return send(mc::SetTitleText{.text = large});
}

bool LimboSession::show_action_bar(const mc::Text& words) {
  if (!spawned() || version_ < mc::v1_8) return false;
  if (version_ >= mc::v1_17) return send(mc::ActionBar{.text = mc::wire_text(words, version_)});
  // Until 1.10 this line understands no colours but those of § codes.
  mc::Chat line;
  line.position = mc::Chat::action_bar;
  line.message = mc::wire_text(words, version_);
  return send(line);
}

bool LimboSession::show_boss_bar(const mc::Text& words, float health) {
  if (!spawned() || version_ < mc::v1_9) return false;
  mc::BossBar bar;
  bar.uuid = boss_bar_number;
  bar.title = mc::wire_text(words, version_);
  bar.health = health;
  if (luggage_ != nullptr) luggage_->note_boss_bar(boss_bar_number);
  if (!std::exchange(has_boss_bar_, true)) return send(bar);
  bar.action = mc::BossBar::Action::title;
  send(bar);
  bar.action = mc::BossBar::Action::health;
  return send(bar);
}

// Nobody has said a last word yet.
bool LimboSession::may_close(SessionEndReason why, std::string detail) {
  if (over_ || closing_) return false;
  if (!std::exchange(noted_, true)) {
    why_ = why;
    detail_ = std::move(detail);
  }
  return true;
}

// Behind the last word.
void LimboSession::close() {
  if (over_) return;
  closing_ = true;
  since_ = pump_.second_;
  if (out_.empty()) end(why_);
}

void LimboSession::transfer(const mc::Transfer& to) {
  if (!may_close(SessionEndReason::transferred, "sent to come again")) return;
  send(to);
  close();
}

void LimboSession::kick(const mc::Text& words, SessionEndReason why, std::string detail) {
  if (!may_close(why, std::move(detail))) return;
  const mc::WireText reason = mc::wire_text(words, version_);
  if (spawned()) {
    send(mc::KickDisconnect{.reason = reason});
  } else {
    send(mc::ConfigurationDisconnect{.reason = reason});
  }
  close();
}

// At the end of a turn: what is sealed goes out, on until EAGAIN.
void LimboSession::write_out() {
  while (!blocked_ && !out_.sealed().empty()) {
    const ByteView bytes = out_.sealed();
    const ssize_t result = net::sys::transmit(fd_.get(), bytes.data(), bytes.size());
    if (result >= 0) {
      sent_ += static_cast<std::uint64_t>(result);
      out_.consume(pump_.buffers_, static_cast<std::size_t>(result));
    } else if (result == -EAGAIN) {
      blocked_ = true;
      pump_.worker_.unwatch(fd_.get());
      if (!watch()) return end(SessionEndReason::failed);
    } else if (result != -EINTR) {
      return failed(static_cast<int>(-result));
    }
  }
  if (!blocked_ && !out_.empty()) return pump_.gather(*this);  // one budget a turn is sealed
  if (closing_ && out_.empty()) end(why_);
}

LinkStart LimboSession::release_client() {
  over_ = true;
  pump_.worker_.forget(*this);
  pump_.worker_.unwatch(fd_.get());
  const ByteView sealed = out_.sealed();
  LinkStart out{.fd = std::move(fd_),
                .unread = {held_.bytes.get(), held_.bytes.get() + held_size_},
                .sealed = {sealed.begin(), sealed.end()},
                .unsent = {},
                .threshold = threshold_,
                .state = mc::State::play,
                .cipher = std::move(cipher_)};
  const ByteView plain = out_.seal(out_.plain());
  out.unsent.assign(plain.begin(), plain.end());
  out_.clear(pump_.buffers_);
  pump_.buffers_.give_back(std::exchange(held_, {}));
  held_size_ = 0;
  pump_.ended(*this);
  return out;
}

void LimboSession::failed(int error) {
  end(error == ETIMEDOUT ? SessionEndReason::client_timeout : SessionEndReason::client_reset);
}

void LimboSession::end(SessionEndReason why) {
  if (over_) return;
  over_ = true;
  if (!std::exchange(noted_, true)) why_ = why;
  pump_.worker_.forget(*this);
  const bool gone = why == SessionEndReason::client_closed ||
                    why == SessionEndReason::client_reset ||
                    why == SessionEndReason::client_timeout;
  pump_.worker_.unwatch(fd_.get());
  if (gone || !out_.empty()) {
    fd_.reset();
  } else {
    net::finish_politely(pump_.worker_, std::move(fd_));
  }
  out_.clear(pump_.buffers_);
  pump_.buffers_.give_back(std::exchange(held_, {}));
  held_size_ = 0;
  pump_.ended(*this);
  owner_.on_session_end({.id = id_,
                         .bytes = {.to_backend = 0, .to_client = sent_},
                         .why = why_,
                         .detail = std::move(detail_),
                         .started = started_});
}

// --- Once a second ---

void LimboSession::sweep() {
  if (overflown_) return end(SessionEndReason::memory);
  if (closing_) {
    if (pump_.second_ - since_ > farewell_seconds) end(why_);
    return;
  }
  sweep_keep_alive();
  if (over_ || closing_) return;
  if (spawned()) return limbo_.on_limbo_second(id_, pump_.second_ - since_);
  if (pump_.second_ - since_ > patience_seconds)
    kick(owner_.words_for(id_, config::Kick::login_timed_out), SessionEndReason::silent);
}

void LimboSession::sweep_keep_alive() {
  const std::uint32_t waited = pump_.second_ - asked_;
  if (keep_alive_ != 0) {
    if (waited > patience_seconds) end(SessionEndReason::client_timeout);
    return;
  }
  if (waited < keep_alive_seconds) return;
  asked_ = pump_.second_;
  keep_alive_ = static_cast<std::int32_t>(pump_.second_ & 0x3FFF'FFFF) + 1;
  mc::KeepAlive question;
  question.id = keep_alive_;
  send(question);
}

}  // namespace drawbridge::core
