#include "core/desk.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "core/commands/bungee_channel.hpp"
#include "core/commands/game_commands.hpp"
#include "core/connection.hpp"
#include "core/limbo/limbo_host.hpp"
#include "core/limbo/limbo_session.hpp"
#include "core/login_under_way.hpp"
#include "core/reach.hpp"
#include "core/session/packet_pump.hpp"
#include "core/session/packet_session.hpp"
#include "core/session/session_start.hpp"
#include "core/session/traveller.hpp"
#include "core/texts.hpp"

namespace drawbridge::core {

SessionNames::SessionNames(std::string_view player, std::string_view host, std::string_view backend)
    : text_(new char[player.size() + host.size() + backend.size()]),
      player_size_(static_cast<std::uint16_t>(player.size())),
      host_size_(static_cast<std::uint16_t>(host.size())),
      backend_size_(static_cast<std::uint16_t>(backend.size())) {
  std::ranges::copy(player, text_.get());
  std::ranges::copy(host, text_.get() + player.size());
  std::ranges::copy(backend, text_.get() + player.size() + host.size());
}

namespace {

constexpr std::uint32_t refused_at_once = 256;
// What a player may say to us in that time: as many as an honest one types and completes.
constexpr Duration say_window = seconds(5);
constexpr std::uint32_t most_said = 40;
// What a server may ask on the BungeeCord channel for each of its players, in the same time.
constexpr std::uint32_t most_asked = 1'000;
// Bytes of a server after which a connection is a player's, not one that only knocks.
constexpr std::uint64_t piece_of_world = 65'536;

// What the pumps call a session: its record's address, which is unique among this worker's and
// finds the record without a table.
std::uint64_t id_of(const Session& session) {
  return reinterpret_cast<std::uintptr_t>(&session);
}

}  // namespace

void TravellerDeleter::operator()(Traveller* traveller) const {
  delete traveller;
}

Session& Desk::session_of(std::uint64_t id) {
  return *reinterpret_cast<Session*>(static_cast<std::uintptr_t>(id));
}

Desk::Desk(net::Worker& worker, Services& services)
    : worker_(worker), services_(services), slab_(sizeof(Session)) {
  worker_.on_second([this] { look_at_newcomers(); });
}

Desk::~Desk() {
  // The worker has ended and with it every relay, so the list is empty unless it never ran.
  while (first_ != nullptr) {
    Session* session = first_;
    first_ = session->next;
    session->~Session();
    slab_.release(session);
  }
}

void Desk::set_world(WorldPtr world) {
  const config::Coalesce& wanted = world->global->coalesce;
  net::Coalesce coalesce;
  switch (wanted.mode) {
    case config::Coalesce::Mode::off:
      coalesce.mode = net::Coalesce::Mode::off;
      break;
    case config::Coalesce::Mode::automatic:
      coalesce.mode = net::Coalesce::Mode::automatic;
      break;
    case config::Coalesce::Mode::fixed:
      coalesce.mode = net::Coalesce::Mode::fixed;
      coalesce.slot = wanted.slot;
      break;
  }
  worker_.set_coalesce(coalesce);
  strangers_.set_limits(world->global->limits.stranger_memory / services_.workers,
                        services_.descriptors / 2 / services_.workers);
  const WorldPtr before = std::exchange(world_, std::move(world));
  if (!before || (!limbo_host_ && !packet_pump_)) return;
  for (Session *session = first_, *next = nullptr; session != nullptr; session = next) {
    next = session->next;  // a session may end over what is written to it
    if (session->limbo != nullptr) {
      limbo_host_->on_world(*session, *before);
    } else if (session->packets != nullptr) {
      session->packets->set_answers_channel(answers_channel(*world_->global, *session->server));
      if (world_->find(session->server->id()) == nullptr) mover_.leave_removed(*session);
    }
  }
}

void Desk::accept(net::Fd fd, Arrival arrival) {
  // Whoever is above max_connections hears so, but only so many at a time: hearing costs a seat
  // too.
  const std::uint32_t most = world_->global->max_connections;
  const std::uint32_t seated = services_.connections.load(std::memory_order_relaxed);
  arrival.at = worker_.now();
  if (most != 0 && seated >= most + refused_at_once) {
    count_refusal(RefusalReason::proxy_full, arrival.peer.address);
    return note_closed(arrival);
  }
  if (!admit(arrival)) return;
  net::Stream stream(worker_, std::move(fd), Fault::client);
  worker_.spawn(serve_connection(*this, std::move(stream), std::move(arrival)));
}

void Desk::note_closed(const Arrival& arrival) {
  constexpr std::string_view reason = "closed: too many connections";
  if (!log::enabled(log::Level::info, "connection")) return;
  if (services_.throttle.allow(arrival.peer.address, reason, arrival.at) == LogVerdict::suppress)
    return;
  log::info("connection", reason,
            {{"client", client_text(arrival.peer)},
             {"connections", services_.connections.load(std::memory_order_relaxed)}});
}

bool Desk::admit(Arrival& arrival) {
  const ListenerRules* rules = world_->listener(arrival.listener->bind);
  std::optional<RefusalReason> refusal;
  if (rules != nullptr) {
    arrival.place = Place::take(rules->places, rules->config.max_connections);
    if (!arrival.place) refusal = RefusalReason::listener_full;
  }
  const bool header_to_come = rules != nullptr && rules->expects_header_of(arrival.peer.address);
  if (!refusal && !header_to_come)
    refusal = gate(*world_).at_accept(arrival.peer.address, arrival.at, arrival.source);
  if (!refusal) return true;
  count_refusal(*refusal, arrival.peer.address);
  if (log::enabled(log::Level::info, "connection") &&
      services_.throttle.allow(arrival.peer.address, name_of(*refusal), arrival.at) ==
          LogVerdict::write)
    log::info("connection", "turned away",
              {{"client", client_text(arrival.peer)}, {"reason", name_of(*refusal)}});
  return false;
}

void Desk::shed_for_descriptors() {
  strangers_.shed_oldest(std::max<std::size_t>(strangers_.count() / 8, 1));
}

// --- Bans ---

const Ban* Desk::ban_on(const Session& session) const {
  if (!bans_ || bans_->empty()) return nullptr;
  const UnixSeconds now = unix_now();
  const std::string_view player = session.names.player();
  if (session.server->config.proxy_mode != config::ProxyMode::client_only)
    return ban_of(*bans_, session.client.address, player, session.uuid, now);
  if (const Ban* ban = bans_->by_address(session.client.address, now)) return ban;
  if (const Ban* ban = bans_->by_name(player, now)) return ban;
  return session.uuid ? bans_->by_uuid(*session.uuid, now) : nullptr;
}

void Desk::throw_out(Session& session, const Ban& ban) {
  log::info("session", "thrown out",
            {{"session", session.number},
             {"player", session.names.player()},
             {"client", client_text(session.client)},
             {"ban", ban.id},
             {"target", ban.target.value},
             {"reason", ban.reason.value_or("")}});
  if (!session.is_intercepted()) {
    worker_.pump().close(id_of(session));
    return;
  }
  const Verdict verdict = banned(ban, reason_for(ban), unix_now());
  TextSubject about = subject_of(session);
  about.reason = verdict.reason;
  about.remaining = verdict.remaining;
  kick(session, kick_words(config::Kick::banned, about), SessionEndReason::closed, "banned");
}

void Desk::kick(Session& session, const mc::Text& words, SessionEndReason why, std::string detail) {
  if (session.packets != nullptr) return session.packets->kick(words, why, std::move(detail));
  session.limbo->kick(words, why, std::move(detail));
}

void Desk::set_bans(BanListPtr bans) {
  bans_ = std::move(bans);
  for (Session* session = first_; session != nullptr;) {
    Session* next = session->next;  // this one may go
    if (const Ban* ban = ban_on(*session)) throw_out(*session, *ban);
    session = next;
  }
}

void Desk::begin_relay(Session session, net::RelayStart start) {
  Session& record = enter(std::move(session));
  if (record.server->wake) watch_newcomer(record, false);
  start.id = id_of(record);
  start.owner = this;
  worker_.pump().add(std::move(start));
}

void Desk::begin_session(Session session, SessionStart start) {
  if (!packet_pump_) packet_pump_ = std::make_unique<PacketPump>(worker_, codecs());
  Session& record = enter(std::move(session));
  // We have logged it in, and the server has let it in.
  if (record.server->wake) watch_newcomer(record, true);
  services_.intercepted.fetch_add(1, std::memory_order_relaxed);
  record.packets = &packet_pump_->add(id_of(record), *this, start);
  const std::uint64_t number = record.number;
  PacketPump::begin(*record.packets, start);  // after which the record may be gone
  enforce_ban(number);
}

void Desk::begin_limbo(Session session, LimboStart start) {
  if (!limbo_host_) limbo_host_ = std::make_unique<LimboHost>(*this, codecs());
  Session& record = enter(std::move(session));
  services_.intercepted.fetch_add(1, std::memory_order_relaxed);
  net::apply_options(start.client.fd.get(), socket_options(*world_->global, *record.server));
  record.limbo = &limbo_host_->pump().add(id_of(record), *this, *limbo_host_, start);
  const std::uint64_t number = record.number;
  LimboPump::begin(*record.limbo, start);  // after which the record may be gone
  enforce_ban(number);
}

// --- Moving ---

Session* Desk::find_session(std::uint64_t number) {
  for (Session* session = first_; session != nullptr; session = session->next)
    if (session->number == number) return session;
  return nullptr;
}

void Desk::seat(Session& session, Seating seating) {
  forget_newcomer(session);
  if (std::exchange(session.settled, false)) session.server->state->unsettle(worker_.now());
  const SessionNames names(session.names.player(), session.names.host(), seating.routed_to);
  session.names = SessionNames(names.player(), names.host(), names.backend());
  session.server = std::move(seating.server);
  session.place = std::move(seating.place);
  session.at_address = std::move(seating.at_address);
  session.address = seating.address;
  if (session.server->wake) watch_newcomer(session, true);
}

void Desk::add_packets(Session& session, SessionStart& start) {
  if (!packet_pump_) packet_pump_ = std::make_unique<PacketPump>(worker_, codecs());
  session.packets = &packet_pump_->add(id_of(session), *this, start);
  PacketPump::begin(*session.packets, start);
}

void Desk::add_limbo(Session& session, LimboStart& start) {
  if (!limbo_host_) limbo_host_ = std::make_unique<LimboHost>(*this, codecs());
  session.limbo = &limbo_host_->pump().add(id_of(session), *this, *limbo_host_, start);
  LimboPump::begin(*session.limbo, start);
}

void Desk::welcome_in_limbo(Session& session) {
  limbo_host_->welcome(session);
}

bool Desk::on_backend_lost(std::uint64_t id, const BackendLoss& loss) {
  return mover_.keep(session_of(id), loss);
}

// A ban of the last moment: the log-in went past it.
void Desk::enforce_ban(std::uint64_t number) {
  if (!bans_ || bans_->empty()) return;
  for (Session* there = first_; there != nullptr; there = there->next) {
    if (there->number != number) continue;
    if (const Ban* ban = ban_on(*there)) throw_out(*there, *ban);
    return;
  }
}

Session& Desk::enter(Session session) {
  auto* record = new (slab_.allocate()) Session(std::move(session));
  record->since = static_cast<std::uint32_t>(
      std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  record->next = first_;
  if (first_ != nullptr) first_->previous = record;
  first_ = record;
  ++count_;
  services_.sessions.fetch_add(1, std::memory_order_relaxed);
  return *record;
}

std::vector<PlayerNote> Desk::players() const {
  std::vector<PlayerNote> out;
  for (const Session* one = first_; one != nullptr; one = one->next)
    out.push_back({.server = one->server->id(),
                   .name = std::string(one->names.player()),
                   .uuid = one->uuid,
                   .verified = one->traveller != nullptr && one->traveller->profile.authenticated,
                   .since = one->since,
                   .session = one->number,
                   .client = one->client,
                   .host = std::string(one->names.host()),
                   .version = one->version,
                   .is_intercepted = one->is_intercepted(),
                   .can_travel = one->can_travel(),
                   .is_in_limbo = one->limbo != nullptr});
  return out;
}

void Desk::leave(Session& session, const Ended& end) {
  Mover::forget(session);
  log_end(session, end);
  services_.sessions.fetch_sub(1, std::memory_order_relaxed);
  if (session.is_intercepted()) services_.intercepted.fetch_sub(1, std::memory_order_relaxed);
  forget_newcomer(session);
  if (session.settled) session.server->state->unsettle(worker_.now());
  if (session.previous != nullptr) session.previous->next = session.next;
  if (session.next != nullptr) session.next->previous = session.previous;
  if (first_ == &session) first_ = session.next;
  --count_;
  session.~Session();
  slab_.release(&session);
}

// --- Idle clocks ---

void Desk::watch_newcomer(Session& session, bool settled_already) {
  newcomers_.push_back({&session, worker_.now()});
  session.newcomer = static_cast<std::uint32_t>(newcomers_.size());
  if (!settled_already) return;
  session.settled = true;
  session.server->state->settle();
}

void Desk::look_at_newcomers() {
  for (std::size_t i = newcomers_.size(); i-- > 0;) {
    Session& session = *newcomers_[i].session;
    const Duration age = worker_.now() - newcomers_[i].since;
    if (!session.settled) {
      const auto moved = worker_.pump().counters(id_of(session));
      const bool outlived_log_in = age >= services_.time_to_settle.load(std::memory_order_relaxed);
      if (!moved || (!outlived_log_in && moved->to_client < piece_of_world)) continue;
      session.settled = true;
      session.server->state->settle();
    }
    if (age < real_stay) continue;
    session.server->state->note_stay();
    forget_newcomer(session);  // the last one takes its place, which has been looked at
  }
}

void Desk::forget_newcomer(Session& session) {
  if (session.newcomer == 0) return;
  const std::size_t place = session.newcomer - 1;
  newcomers_[place] = newcomers_.back();
  newcomers_[place].session->newcomer = session.newcomer;
  newcomers_.pop_back();
  session.newcomer = 0;
}

bool Desk::end_session(std::uint64_t number, const mc::Text& words, std::string detail) {
  Session* session = first_;
  while (session != nullptr && session->number != number) session = session->next;
  if (session == nullptr) return false;
  if (!session->is_intercepted()) return worker_.pump().close(id_of(*session));
  kick(*session, words, SessionEndReason::closed, std::move(detail));
  return true;
}

void Desk::end_player(std::uint64_t number, config::Kick why) {
  for (LoginUnderWay* login = logins_; login != nullptr; login = login->next())
    if (login->number() == number) return login->end_with(why);
  for (Session* session = first_; session != nullptr; session = session->next)
    if (session->number == number && session->is_intercepted())
      return kick(*session, words_for(id_of(*session), why), SessionEndReason::closed,
                  std::string(config::name_of(why)));
}

void Desk::kick_players(config::Kick kick, SessionEndReason why) {
  if (packet_pump_) packet_pump_->kick_all(kick, why);
  if (limbo_host_) limbo_host_->pump().kick_all(kick, why);
}

bool Desk::tell(Session& session, const mc::Text& words) {
  if (session.packets != nullptr) return session.packets->tell(words);
  return session.limbo != nullptr && session.limbo->tell(words);
}

bool Desk::tell_session(std::uint64_t number, const mc::Text& words) {
  for (Session* session = first_; session != nullptr; session = session->next)
    if (session->number == number) return tell(*session, words);
  return false;
}

std::size_t Desk::tell_everybody(const mc::Text& words, std::string_view server) {
  std::size_t told = 0;
  for (Session *session = first_, *next = nullptr; session != nullptr; session = next) {
    next = session->next;  // a session may end over what is written to it
    if (!server.empty() && session->server->id() != server) continue;
    if (tell(*session, words)) ++told;
  }
  return told;
}

void Desk::tell_players(config::Kick kick) {
  for (Session *session = first_, *next = nullptr; session != nullptr; session = next) {
    next = session->next;  // a session may end over what is written to it
    if (!session->is_intercepted()) continue;
    const mc::Text words = words_for(id_of(*session), kick);
    if (session->packets != nullptr) {
      session->packets->tell(words);
    } else {
      session->limbo->kick(words, SessionEndReason::shutdown);
    }
  }
}

mc::Codecs& Desk::codecs() {
  if (!codecs_) codecs_ = std::make_unique<mc::Codecs>();
  return *codecs_;
}

void Desk::on_relay_end(const net::RelayEnd& end) {
  leave(session_of(end.id), {.started = end.started,
                             .up = end.bytes.to_backend,
                             .down = end.bytes.to_client,
                             .why = net::name(end.why),
                             .detail = {}});
}

void Desk::on_session_end(const SessionEnd& end) {
  if (session_of(end.id).limbo != nullptr) LimboHost::on_end(session_of(end.id), end.why);
  const SessionBytes& before = session_of(end.id).carried;
  leave(session_of(end.id), {.started = end.started,
                             .up = before.to_backend + end.bytes.to_backend,
                             .down = before.to_client + end.bytes.to_client,
                             .why = name(end.why),
                             .detail = end.detail});
}

void Desk::on_relay_lasts(std::uint64_t id, int client, int backend) {
  apply_options(session_of(id), client, backend);
}

void Desk::on_session_lasts(std::uint64_t id, int client, int backend) {
  apply_options(session_of(id), client, backend);
}

void Desk::apply_options(const Session& session, int client, int backend) const {
  const net::SocketOptions options = socket_options(*world_->global, *session.server);
  net::apply_options(client, options);
  net::apply_options(backend, options);
}

TextSubject Desk::subject_of(const Session& session) const {
  return {.player = session.names.player(),
          .host = session.names.host(),
          .server = session.server.get(),
          .world = world_.get(),
          .may_see_paths = false};
}

mc::Text Desk::words_for(std::uint64_t id, config::Kick kick) {
  return kick_words(kick, subject_of(session_of(id)));
}

// --- Commands ---

api::Caller Desk::caller_of(const Session& session) {
  return {.kind = api::Caller::Kind::player,
          .name = std::string(session.names.player()),
          .uuid = session.uuid,
          .verified = session.traveller != nullptr && session.traveller->profile.authenticated,
          .server = session.server->id(),
          .session = session.number};
}

// Each costs the control thread something, which is one for all.
bool Desk::may_say(Session& session) {
  if (worker_.now() - session.said_since > say_window) {
    session.said_since = worker_.now();
    session.said = 0;
  }
  return ++session.said <= most_said;
}

void Desk::on_said(std::uint64_t id, const PacketFlow::Said& said) {
  Session& session = session_of(id);
  if (said.kind == PacketFlow::Said::Kind::channel) return on_channel(session, said.text);
  if (services_.commands == nullptr) return;
  const bool is_command = said.kind == PacketFlow::Said::Kind::command;
  if (!may_say(session)) {
    if (is_command) (void)tell(session, mc::Text::legacy("§cNot so fast."));
    return;
  }
  if (!is_command)
    return services_.commands->complete(*this, caller_of(session), said.transaction, said.text);
  // A subcommand that is a command by itself has no name of ours before it.
  services_.commands->run(*this, caller_of(session), our_command(said.text).value_or(said.text));
}

// The session is in the midst of its own work: what follows comes in the next turn.
void Desk::on_channel(Session& session, const std::string& message) {
  if (worker_.now() - session.asked_since > say_window) {
    session.asked_since = worker_.now();
    session.asked = 0;
  }
  if (++session.asked > most_asked) {
    if (session.asked == most_asked + 1)
      log::warn("channel", "a server asks too much, and is not listened to for a while",
                {{"server", session.server->id()}, {"session", session.number}});
    return;
  }
  worker_.post([this, number = session.number, server = session.server->id(), message] {
    serve_channel(*this, number, server, as_bytes(message));
  });
}

void Desk::answer_command(std::uint64_t number, const std::vector<std::string>& lines) {
  for (const std::string& line : lines)
    if (!tell_session(number, mc::Text::legacy(line))) return;
}

void Desk::answer_completion(std::uint64_t number, std::int32_t transaction, std::string_view text,
                             const std::vector<std::string>& words) {
  for (Session* session = first_; session != nullptr; session = session->next) {
    if (session->number != number) continue;
    const ByteBuffer packet = mc::completions(transaction, text, words, session->version);
    if (session->packets != nullptr) (void)session->packets->say(packet);
    if (session->limbo != nullptr) session->limbo->say(packet);
    return;
  }
}

void Desk::log_end(const Session& session, const Ended& end) const {
  if (!log::enabled(log::Level::info, "session")) return;
  const std::string backend =
      session.limbo != nullptr ? "limbo"
      : session.address == Reached::routed
          ? std::string(session.names.backend())
          : session.server->config.addresses[session.address].address.text();
  const auto lasted = std::chrono::duration_cast<milliseconds>(worker_.now() - end.started);
  log::info("session", "left",
            {{"session", session.number},
             {"player", session.names.player()},
             {"host", session.names.host()},
             {"server", session.server->id()},
             {"backend", backend},
             {"client", client_text(session.client)},
             {"version", mc::release_name(session.version)},
             {"lasted", readable_duration(lasted.count())},
             {"up", end.up},
             {"down", end.down},
             {"why", end.why},
             {"detail", end.detail}});
}

}  // namespace drawbridge::core
