#include "core/backend_login.hpp"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "config/server.hpp"
#include "core/backend_words.hpp"
#include "core/opening.hpp"
#include "core/texts.hpp"
#include "mc/handshake.hpp"
#include "mc/packets/common.hpp"
#include "mc/player_info.hpp"
#include "net/either_readable.hpp"

namespace drawbridge::core {

namespace {

using config::ForwardingMode;

constexpr std::size_t overhead = 300;  // of a packet besides its data: numbers, a channel or a key
constexpr std::size_t largest_question = mc::max_frame;
// A client speaks in this phase only when it is asked.
constexpr std::size_t largest_answer = mc::max_plugin_data + overhead;
constexpr std::size_t largest_unasked = overhead;
// Mod loaders ask some hundred times, once for each registry; nobody asks for ever.
constexpr std::size_t most_questions = 10'000;
constexpr std::size_t most_open_questions = 1'000;

Refusal by_client() {
  return {.fault = Fault::client, .reason = {}, .kick = config::Kick::offline, .detail = {}};
}
Refusal with_kick(config::Kick kick, std::string_view detail = {}) {
  return {.fault = Fault::backend, .reason = {}, .kick = kick, .detail = detail};
}

ByteBuffer whole_body(mc::Packet packet) {
  ByteBuffer body;
  mc::Writer out(body);
  out.varint(packet.id);
  out.raw(packet.fields);
  return body;
}

// What the client has been asked in its login and has not answered, by whichever backend. An answer
// goes to who asked; when that one is no longer there, nowhere.
class Questions {
 public:
  // Mod loaders negotiate once: only the first backend that asks may.
  [[nodiscard]] bool may_negotiate(const Server& server) const {
    return negotiator_ == nullptr || negotiator_ == &server;
  }
  [[nodiscard]] bool open() const { return !requests_.empty() || !cookies_.empty(); }
  [[nodiscard]] bool too_many() const {
    return asked_ >= most_questions || requests_.size() + cookies_.size() >= most_open_questions;
  }
  // The point in time by which something must have happened.
  [[nodiscard]] TimePoint deadline(const Caller& caller, Duration silence) const {
    return open() ? last_word_ + silence : caller.deadline;
  }

  void note_request(const Server& asker, std::int32_t id, TimePoint now) {
    note(now);
    negotiator_ = &asker;
    requests_[id] = &asker;
  }
  void note_cookie(const Server& asker, TimePoint now) {
    note(now);
    cookies_.push_back(&asker);
  }
  // Who asked; nothing if nobody did. Cookies are answered in the order of asking.
  std::optional<const Server*> take_request(std::int32_t id, Caller& caller) {
    const auto at = requests_.find(id);
    if (at == requests_.end()) return std::nullopt;
    const Server* asker = at->second;
    requests_.erase(at);
    note_answer(caller);
    return asker;
  }
  std::optional<const Server*> take_cookie(Caller& caller) {
    if (cookies_.empty()) return std::nullopt;
    const Server* asker = cookies_.front();
    cookies_.pop_front();
    note_answer(caller);
    return asker;
  }

 private:
  void note(TimePoint now) {
    ++asked_;
    if (!open()) asked_since_ = now;
    last_word_ = now;
  }
  // The time in which the client was busy answering is not counted.
  void note_answer(Caller& caller) {
    last_word_ = caller.desk.worker().now();
    if (!open()) caller.deadline += last_word_ - asked_since_;
  }

  const Server* negotiator_ = nullptr;
  std::size_t asked_ = 0;
  std::map<std::int32_t, const Server*> requests_;  // login plugin requests, by their number
  std::deque<const Server*> cookies_;
  TimePoint asked_since_{};  // when open() became true
  TimePoint last_word_{};    // of either side since then
};

// Whom this answer of the client is for. An error: it is not an answer, or nobody asked.
Result<const Server*> asker_of(const mc::Packet& packet, Questions& questions, Caller& caller) {
  const mc::Version version = caller.version;
  std::optional<const Server*> asker;
  switch (mc::id_map(version, mc::State::login, mc::Bound::server).kind(packet.id)) {
    case mc::Kind::login_plugin_response: {
      const auto response =
          mc::decode<mc::LoginPluginResponse>(packet.fields, version, Fault::client);
      if (!response) return std::unexpected(response.error());
      asker = questions.take_request(response->id, caller);
      break;
    }
    case mc::Kind::cookie_response: {
      const auto response = mc::decode<mc::CookieResponse>(packet.fields, version, Fault::client);
      if (!response) return std::unexpected(response.error());
      asker = questions.take_cookie(caller);
      break;
    }
    default:
      break;
  }
  if (asker) return *asker;
  return fail(Fault::client, "packet {:#04x} that nobody asked for during login", packet.id);
}

// One login at one backend. The error of a step ends it; why is in the log and in refusal_.
class BackendLogin {
 public:
  // `client`: null where it cannot be asked.
  BackendLogin(Caller& caller, const Profile& profile, PacketStream* client, Questions& questions,
               ServerPtr server, Reached reached);

  net::Task<Result<>> run();
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  // After a run without an error.
  BackendJoined joined(Place place) &&;

 private:
  using Step = net::Task<Result<>>;

  Step open();
  Step talk();
  Step on_backend(mc::Packet packet);
  Step on_client(mc::Packet packet);
  Step on_plugin_request(mc::Packet packet);
  Step answer_player_info(mc::LoginPluginRequest request);
  Step answer_no_cookie(mc::Packet packet);
  Step ask_client(mc::Packet packet);
  Result<> on_success(const mc::Packet& packet);
  Result<> on_disconnect(const mc::Packet& packet);

  // Logs and keeps the refusal. `what` must be a literal.
  std::unexpected<Error> refuse(Refusal refusal, std::string_view what, std::string_view detail);
  std::unexpected<Error> refuse(const Error& error);

  [[nodiscard]] TimePoint now() const { return caller_.desk.worker().now(); }
  [[nodiscard]] TimePoint deadline() const {
    return questions_.deadline(caller_, server_->config.timeouts.read);
  }
  // Before anything is heard of it: without forwarding a backend makes a UUID of its own.
  [[nodiscard]] bool is_told_account() const {
    return profile_.authenticated && mode_ != ForwardingMode::none;
  }

  Caller& caller_;
  const Profile& profile_;
  PacketStream* client_;
  Questions& questions_;
  ServerPtr server_;
  PacketStream backend_;
  LiveConnection at_address_;
  config::Address address_;
  std::uint16_t index_;  // of it in the server's list, or Reached::routed
  ForwardingMode mode_;
  mc::PlayerInfo info_;

  mc::LoginSuccess success_;
  bool succeeded_ = false;
  bool told_ = false;  // the backend asked who the player is, and has the answer
  Refusal refusal_;
};

mc::PlayerInfo info_of(const Caller& caller, const Profile& profile) {
  mc::PlayerInfo info{.address = caller.peer.address,
                      .uuid = profile.uuid,
                      .name = profile.name,
                      .properties = profile.properties,
                      .key = profile.key,
                      .signer = {}};
  if (profile.key && profile.authenticated) info.signer = profile.uuid;
  return info;
}

BackendLogin::BackendLogin(Caller& caller, const Profile& profile, PacketStream* client,
                           Questions& questions, ServerPtr server, Reached reached)
    : caller_(caller),
      profile_(profile),
      client_(client),
      questions_(questions),
      server_(std::move(server)),
      backend_(std::move(reached.backend), Fault::backend, caller.version, caller.desk.codecs()),
      at_address_(std::move(reached.at_address)),
      address_(std::move(reached.address)),
      index_(reached.index),
      mode_(config::effective_forwarding(server_->config, caller.global())),
      info_(info_of(caller, profile)) {}

std::unexpected<Error> BackendLogin::refuse(Refusal refusal, std::string_view what,
                                            std::string_view detail) {
  caller_.log_refusal(refusal.fault == Fault::client ? log::Level::info : log::Level::warn, what,
                      !caller_.connection || server_ == caller_.connection->server
                          ? std::string(detail)
                          : fmt::format("fallback {}: {}", server_->id(), detail));
  refusal_ = std::move(refusal);
  return std::unexpected(Error{std::string(what), refusal_.fault});
}

std::unexpected<Error> BackendLogin::refuse(const Error& error) {
  // Whoever is made to go has not failed here, and no other server has to be tried.
  if (error.fault == Fault::client || caller_.was_shed())
    return refuse(by_client(), "left during login", error.what);
  // A vanilla server closes without a word when the host field has more than 255 characters.
  return refuse(with_kick(config::Kick::offline), "login at the backend failed",
                is_told_in_handshake(mode_)
                    ? error.what + " (as servers without BungeeCord support may do)"
                    : error.what);
}

BackendJoined BackendLogin::joined(Place place) && {
  const bool knows_account = profile_.authenticated && success_.uuid == profile_.uuid;
  return {.backend = std::move(backend_),
          .success = std::move(success_),
          .knows_account = knows_account,
          .server = std::move(server_),
          .place = std::move(place),
          .at_address = std::move(at_address_),
          .address = index_,
          .routed_to = index_ == Reached::routed ? address_.text() : std::string{}};
}

net::Task<Result<>> BackendLogin::run() {
  auto opened = co_await open();
  if (!opened) co_return opened;
  auto talked = co_await talk();
  co_return talked;
}

// The PROXY header, the handshake (the intent is always 2: backends refuse transfers by default,
// and it is not to them that the client was transferred) and the login start.
net::Task<Result<>> BackendLogin::open() {
  const mc::Version version = caller_.version;
  ByteBuffer first = proxy_header_for(caller_.peer, *server_, caller_.client);
  auto handshake = mc::encode_handshake(
      {.version = version,
       .host = host_field_for(*caller_.world, caller_.host, *server_, address_, info_),
       .port = caller_.port,
       .intent = mc::Intent::login});
  if (!handshake) co_return refuse(handshake.error());
  // The key is signed for the account: a backend that knows the player by another UUID would refuse
  // it.
  auto login_start = mc::encode_login_start({.player = profile_.name,
                                             .key = is_told_account() ? profile_.key : std::nullopt,
                                             .uuid = profile_.uuid},
                                            version);
  if (!login_start) co_return refuse(login_start.error());
  first.insert(first.end(), handshake->begin(), handshake->end());
  first.insert(first.end(), login_start->begin(), login_start->end());
  auto sent = co_await backend_.write_raw(std::move(first), caller_.deadline);
  if (!sent) co_return refuse(sent.error());
  co_return Result<>{};
}

// Both may speak at any time: the backend does not wait for one answer before its next question.
net::Task<Result<>> BackendLogin::talk() {
  while (!succeeded_) {
    auto from_backend = backend_.received(largest_question);
    if (!from_backend) co_return refuse(from_backend.error());
    if (from_backend->has_value()) {
      auto done = co_await on_backend(**from_backend);
      if (!done) co_return done;
      continue;
    }
    if (client_ == nullptr) {
      auto more = co_await backend_.receive(deadline());
      if (!more) co_return refuse(more.error());
      continue;
    }
    auto from_client = client_->received(questions_.open() ? largest_answer : largest_unasked);
    if (!from_client) co_return refuse(from_client.error());
    if (from_client->has_value()) {
      auto done = co_await on_client(**from_client);
      if (!done) co_return done;
      continue;
    }
    auto side = co_await net::either_readable(backend_.stream(), client_->stream(), deadline());
    if (!side) {
      if (side.error() != net::IoError::Kind::timed_out) co_return refuse(side.error());
      if (questions_.open())
        co_return refuse(by_client(), "left during login",
                         "no answer to what the backend asked it");
      co_return refuse(Error{"the backend did not let the player in in time", Fault::backend});
    }
    PacketStream& speaker = *side == net::Side::first ? backend_ : *client_;
    auto more = co_await speaker.receive(deadline());
    if (!more) co_return refuse(more.error());
    // Twice: what is passed on is there again while the other end does not take it.
    caller_.hold(2 * (client_->held() + backend_.held()));
  }
  co_return Result<>{};
}

net::Task<Result<>> BackendLogin::on_backend(mc::Packet packet) {
  const mc::Version version = caller_.version;
  switch (mc::id_map(version, mc::State::login, mc::Bound::client).kind(packet.id)) {
    case mc::Kind::success:
      co_return on_success(packet);
    case mc::Kind::disconnect:
      co_return on_disconnect(packet);
    case mc::Kind::compress: {
      const auto compress = mc::decode<mc::Compress>(packet.fields, version, Fault::backend);
      if (!compress) co_return refuse(compress.error());
      backend_.compress_from_now({compress->threshold});
      co_return Result<>{};
    }
    case mc::Kind::login_plugin_request: {
      auto done = co_await on_plugin_request(packet);
      co_return done;
    }
    case mc::Kind::cookie_request: {
      if (client_ == nullptr) {
        auto answered = co_await answer_no_cookie(packet);
        co_return answered;
      }
      questions_.note_cookie(*server_, now());
      auto asked = co_await ask_client(packet);
      co_return asked;
    }
    case mc::Kind::encryption_begin:
      co_return refuse(
          with_kick(config::Kick::not_allowed, "The server behind this proxy is in online mode."),
          "backend is in online mode",
          "it asks for encryption: set online-mode=false in its server.properties, or let it check "
          "the players itself with proxy_mode = 'passthrough'");
    default:
      co_return refuse(
          Error{fmt::format("packet {:#04x} is none of a login", packet.id), Fault::backend});
  }
}

net::Task<Result<>> BackendLogin::on_plugin_request(mc::Packet packet) {
  auto request = mc::decode<mc::LoginPluginRequest>(packet.fields, caller_.version, Fault::backend);
  if (!request) co_return refuse(request.error());
  if (request->channel == mc::player_info_channel) {
    auto answered = co_await answer_player_info(std::move(*request));
    co_return answered;
  }
  if (client_ == nullptr || !questions_.may_negotiate(*server_)) {
    const mc::LoginPluginResponse not_understood{.id = request->id, .data = {}};
    auto sent = co_await backend_.write(not_understood, deadline());
    if (!sent) co_return refuse(sent.error());
    co_return Result<>{};
  }
  questions_.note_request(*server_, request->id, now());
  auto asked = co_await ask_client(packet);
  co_return asked;
}

net::Task<Result<>> BackendLogin::answer_no_cookie(mc::Packet packet) {
  auto request = mc::decode<mc::CookieRequest>(packet.fields, caller_.version, Fault::backend);
  if (!request) co_return refuse(request.error());
  const mc::CookieResponse none{.key = std::move(request->key), .value = std::nullopt};
  auto sent = co_await backend_.write(none, deadline());
  if (!sent) co_return refuse(sent.error());
  co_return Result<>{};
}

net::Task<Result<>> BackendLogin::answer_player_info(mc::LoginPluginRequest request) {
  if (mode_ != ForwardingMode::velocity)
    co_return refuse(
        with_kick(config::Kick::not_allowed,
                  "The server behind this proxy waits for Velocity's forwarding."),
        "backend asks for forwarding",
        fmt::format("it wants Velocity's player info, and forwarding_mode is '{}': set it to "
                    "'velocity' for this server, or turn Velocity support off there",
                    config::name_of(mode_)));
  const mc::Version version = caller_.version;
  const mc::InfoVersion best =
      mc::best_version(mc::asked_for(request.data), version, info_.key.has_value());
  auto data = mc::player_info_answer(info_, best, version, caller_.world->forwarding_secret);
  if (!data) co_return refuse(data.error());
  mc::LoginPluginResponse answer{.id = request.id, .data = std::move(*data)};
  auto sent = co_await backend_.write(std::move(answer), deadline());
  if (!sent) co_return refuse(sent.error());
  told_ = true;
  co_return Result<>{};
}

net::Task<Result<>> BackendLogin::ask_client(mc::Packet packet) {
  if (questions_.too_many()) co_return refuse(Error{"it asks the client too much", Fault::backend});
  auto sent =
      co_await client_->write_body(whole_body(packet), now() + server_->config.timeouts.write);
  if (!sent) co_return refuse(sent.error());
  co_return Result<>{};
}

net::Task<Result<>> BackendLogin::on_client(mc::Packet packet) {
  const auto asker = asker_of(packet, questions_, caller_);
  if (!asker) co_return refuse(asker.error());
  if (*asker != server_.get()) co_return Result<>{};
  auto sent =
      co_await backend_.write_body(whole_body(packet), now() + server_->config.timeouts.write);
  if (!sent) co_return refuse(sent.error());
  co_return Result<>{};
}

Result<> BackendLogin::on_success(const mc::Packet& packet) {
  auto success = mc::decode<mc::LoginSuccess>(packet.fields, caller_.version, Fault::backend);
  if (!success) return refuse(success.error());
  if (mode_ == ForwardingMode::velocity && !told_)
    return refuse(
        with_kick(config::Kick::not_allowed,
                  "The server behind this proxy does not ask who you are."),
        "backend did not ask for forwarding",
        "forwarding_mode is 'velocity', and it let the player in without asking who that is: "
        "turn "
        "Velocity support on there (Paper: proxies.velocity.enabled in paper-global.yml)");
  if (is_told_in_handshake(mode_) && profile_.authenticated && success->uuid != profile_.uuid)
    return refuse(
        with_kick(config::Kick::not_allowed,
                  "The server behind this proxy does not take who you are."),
        "backend ignored the forwarding",
        fmt::format("forwarding_mode is '{}', and it let the player in as {}: turn BungeeCord "
                    "support on there (spigot.yml: settings.bungeecord)",
                    config::name_of(mode_), success->uuid.text()));
  success_ = std::move(*success);
  succeeded_ = true;
  return {};
}

Result<> BackendLogin::on_disconnect(const mc::Packet& packet) {
  auto disconnect = mc::decode<mc::LoginDisconnect>(packet.fields, caller_.version, Fault::backend);
  if (!disconnect) return refuse(disconnect.error());
  const std::string_view explained = explain_refusal(disconnect->reason, mode_);
  std::string words = readable_reason(disconnect->reason);
  if (!explained.empty()) words = fmt::format("{}. It says: {}", explained, words);
  return refuse({.fault = Fault::backend,
                 .reason = std::move(disconnect->reason),
                 .kick = config::Kick::offline,
                 .detail = {}},
                "backend refused the player", words);
}

// --- The servers, one after the other ---

// Velocity's form is asked for in a packet that older clients do not have, so backends do not send
// it to them.
bool can_be_told(const Caller& caller, const Server& server) {
  return caller.version >= mc::v1_13 ||
         config::effective_forwarding(server.config, caller.global()) != ForwardingMode::velocity;
}

using Joined = std::expected<BackendJoined, Refusal>;

// What a server that is out of it had asked is answered all the same, and would be taken for the
// answer to what comes next.
net::Task<Result<>> hear_last_answers(Caller& caller, Questions& questions, PacketStream& client) {
  while (questions.open()) {
    auto packet = co_await client.read(largest_answer, caller.deadline);
    if (!packet) co_return std::unexpected(std::move(packet.error()));
    const auto asker = asker_of(*packet, questions, caller);
    if (!asker) co_return std::unexpected(asker.error());
  }
  co_return Result<>{};
}

net::Task<Joined> join_one(Caller& caller, const Profile& profile, PacketStream* client,
                           Questions& questions, ServerPtr server) {
  if (!can_be_told(caller, *server)) {
    caller.log_refusal(log::Level::warn, "client cannot be announced",
                       "forwarding_mode 'velocity' needs a client of 1.13 or later");
    co_return std::unexpected(with_kick(config::Kick::version_unsupported));
  }
  const auto verified = profile.authenticated ? std::optional(profile.uuid) : std::nullopt;
  Place place = Place::take(server->state, server->most_for(profile.name, verified));
  if (!place) {
    caller.log_refusal(log::Level::info, config::name_of(config::Kick::full),
                       "max_players reached");
    co_return std::unexpected(with_kick(config::Kick::full));
  }
  ReachFor why{.client = caller.peer.address, .routed = nullptr};
  if (caller.connection && server == caller.connection->server)
    why.routed = caller.connection->routed;
  auto reached = co_await reach(caller.desk, caller.world, server, std::move(why));
  if (!reached) {
    caller.log_refusal(log::Level::warn, "backend unreachable", reached.error().what);
    co_return std::unexpected(with_kick(config::Kick::offline));
  }
  BackendLogin login(caller, profile, client, questions, std::move(server), std::move(*reached));
  auto done = co_await login.run();
  if (!done) co_return std::unexpected(login.refusal());
  co_return std::move(login).joined(std::move(place));
}

}  // namespace

Caller::Caller(Connection& from)
    : desk(from.desk),
      world(from.world),
      version(from.hello.version),
      peer(from.peer),
      port(from.hello.port),
      host(from.host),
      deadline(from.deadline),
      connection(&from) {}

void Caller::log_refusal(log::Level level, std::string_view reason, std::string_view detail) const {
  if (connection) return connection->log_refusal(level, reason, detail);
  log::write(level, "session", reason, {{"session", session}, {"detail", detail}});
}

bool Caller::was_shed() const {
  return connection && connection->stranger.was_shed();
}

void Caller::hold(std::size_t bytes) const {
  if (connection) connection->hold(bytes);
}

bool may_stand_in(const Caller& caller, const Server& server, const Profile& profile) {
  if (server.withheld || !config::is_intercepted(server.config.proxy_mode)) return false;
  const Gate gate = caller.desk.gate(*caller.world);
  mc::Hello hello;
  hello.version = caller.version;
  hello.player = profile.name;
  if (!gate.at_server(caller.peer.address, caller.connection ? caller.connection->hello : hello,
                      server)
           .passed() ||
      !gate.at_identity(profile.name, profile.uuid, profile.authenticated, server).passed())
    return false;
  return profile.authenticated || server.config.proxy_mode == config::ProxyMode::offline;
}

net::Task<std::expected<BackendJoined, Refusal>> join_next_backend(Caller& caller,
                                                                   const Profile& profile,
                                                                   ServerPtr server) {
  Questions questions;
  Joined joined = co_await join_one(caller, profile, nullptr, questions, std::move(server));
  co_return joined;
}

mc::LoginDisconnect disconnect_for(const Connection& connection, const Refusal& refusal) {
  if (!refusal.reason.empty()) return {.reason = refusal.reason};
  const mc::Text words = kick_words(refusal.kick, connection.subject(), refusal.detail);
  return {.reason = mc::to_json(words, connection.hello.version)};
}

net::Task<std::expected<BackendJoined, Refusal>> join_backend(Connection& connection,
                                                              const Profile& profile,
                                                              PacketStream& client) {
  Questions questions;
  Caller caller(connection);
  caller.client = client.stream().fd();
  Joined first = co_await join_one(caller, profile, &client, questions, connection.server);
  connection.deadline = caller.deadline;
  if (first || first.error().fault == Fault::client) co_return first;
  const std::vector<std::string>& fallback =
      config::effective_fallback(connection.server->config, connection.global());
  for (const std::string& id : fallback) {
    const auto index = connection.world->index_of(id);
    if (!index || !may_stand_in(caller, *connection.world->servers[*index], profile) ||
        has_checks(*connection.world->servers[*index]))
      continue;
    if (connection.world->servers[*index]->config.limbo) {
      first.error().limbo = connection.world->servers[*index];
      co_return first;
    }
    Joined next =
        co_await join_one(caller, profile, &client, questions, connection.world->servers[*index]);
    connection.deadline = caller.deadline;
    if (next) {
      auto heard = co_await hear_last_answers(caller, questions, client);
      if (!heard)
        co_return std::unexpected(Refusal{.fault = Fault::client, .reason = {}, .detail = {}});
    }
    if (next || next.error().fault == Fault::client) co_return next;
  }
  co_return first;
}

}  // namespace drawbridge::core
