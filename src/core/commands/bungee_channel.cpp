#include "core/commands/bungee_channel.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "core/desk.hpp"
#include "core/session/packet_session.hpp"
#include "mc/bungee_channel.hpp"
#include "mc/text.hpp"
#include "mc/writer.hpp"
#include "net/mailbox.hpp"

namespace drawbridge::core {

using mc::BungeeRequest;
using mc::BungeeSubchannel;

namespace {

// Questions of all servers together that desks are being asked.
constexpr std::uint32_t most_questions = 256;
// Room for the subchannel and a server's name in front of a list.
constexpr std::size_t longest_list = mc::max_data_to_server - 512;
constexpr std::size_t longest_logged = 64;
constexpr std::string_view everybody = "ALL";

bool is_permitted(const config::BungeecordPermissions& may, BungeeSubchannel subchannel) {
  switch (subchannel) {
    case BungeeSubchannel::connect:
      return may.connect;
    case BungeeSubchannel::connect_other:
      return may.connect_other;
    case BungeeSubchannel::ip:
      return may.ip;
    case BungeeSubchannel::ip_other:
      return may.ip_other;
    case BungeeSubchannel::player_count:
      return may.player_count;
    case BungeeSubchannel::player_list:
      return may.player_list;
    case BungeeSubchannel::get_servers:
      return may.get_servers;
    case BungeeSubchannel::get_server:
      return may.get_server;
    case BungeeSubchannel::get_player_server:
      return may.get_player_server;
    case BungeeSubchannel::message:
      return may.message;
    case BungeeSubchannel::message_raw:
      return may.message_raw;
    case BungeeSubchannel::forward:
      return may.forward;
    case BungeeSubchannel::forward_to_player:
      return may.forward_to_player;
    case BungeeSubchannel::uuid:
      return may.uuid;
    case BungeeSubchannel::uuid_other:
      return may.uuid_other;
    case BungeeSubchannel::server_ip:
      return may.server_ip;
    case BungeeSubchannel::kick_player:
      return may.kick_player;
    case BungeeSubchannel::kick_player_raw:
      return may.kick_player_raw;
  }
  return false;
}

// What the asker may know of.
struct Horizon {
  std::string server;
  std::optional<std::string> network;

  [[nodiscard]] bool has(const Server& other) const {
    return other.id() == server || (network && other.config.network == network);
  }
  // The player's name in any case, as in Bukkit's API.
  [[nodiscard]] bool has(const Session& session, std::string_view player) const {
    return session.can_travel() && has(*session.server) &&
           equal_ignoring_case(session.names.player(), player);
  }
};

// A player, or of a count only how many there are.
struct Found {
  Desk* desk = nullptr;
  std::uint64_t session = 0;
  std::string player;
  std::string server;
  std::optional<Uuid> uuid = {};
  Endpoint client = {};
  std::size_t count = 1;
};
using Finds = std::vector<Found>;

Found found(Desk& desk, const Session& session) {
  return {.desk = &desk,
          .session = session.number,
          .player = std::string(session.names.player()),
          .server = session.server->id(),
          .uuid = session.uuid,
          .client = session.client};
}

// What the desks have said, handed over when the last one's copy goes, be its mail read or dropped.
struct Round {
  Round(Desk& asker, std::function<void(Finds)> d)
      : questions(asker.services().channel_questions),
        mailbox(asker.worker().mailbox()),
        done(std::move(d)) {}
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
  ~Round() {
    --questions;
    mailbox->post(
        [done = std::move(done), all = std::move(all)]() mutable { done(std::move(all)); });
  }

  std::atomic<std::uint32_t>& questions;
  std::shared_ptr<net::Mailbox> mailbox;
  std::function<void(Finds)> done;
  std::mutex mutex;  // guards `all`
  Finds all;
};

void on_every_desk(const Desk& desk, const std::function<void(Desk&)>& job) {
  for (Desk* one : desk.services().desks) one->worker().post([one, job] { job(*one); });
}

// One request under way.
class Request {
 public:
  Request(Desk& desk, const Session& session, BungeeRequest request)
      : desk_(desk),
        number_(session.number),
        horizon_{.server = session.server->id(), .network = session.server->config.network},
        request_(std::move(request)) {}

  void serve(const Session& session);

 private:
  // --- About the carrier and the servers: known here ---
  void connect();
  void tell_servers() const;
  void tell_server_ip() const;
  void tell_address(const Found& player, bool of_another) const;
  void tell_uuid(const Found& player, bool of_another) const;
  // --- About others ---
  void find_player();
  void tell_of(const Found* player) const;
  void count_players();
  void list_players();
  void to_players() const;
  void forward();
  void forward_to_player() const;

  [[nodiscard]] ByteBuffer answer() const {
    ByteBuffer out;
    mc::append_java_utf(out, mc::name(request_.subchannel));
    return out;
  }
  void send(const ByteBuffer& answer) const { send_to(desk_, number_, horizon_.server, answer); }
  static void send_to(Desk& desk, std::uint64_t number, const std::string& server, ByteView data);
  void ask(const std::function<void(Desk&, Finds&)>& question, std::function<void(Finds)> done);
  // Whether a player is at the server that was asked about, or at any in sight.
  [[nodiscard]] bool is_asked_about(const Session& session) const {
    return session.can_travel() && horizon_.has(*session.server) &&
           (request_.target == everybody ||
            equal_ignoring_case(session.server->id(), request_.target));
  }
  [[nodiscard]] const Server* visible(std::string_view id) const;

  Desk& desk_;
  std::uint64_t number_;
  Horizon horizon_;
  BungeeRequest request_;
};

// --- Sending ---

// To the server's end of this session, if it is still there.
void Request::send_to(Desk& desk, std::uint64_t number, const std::string& server, ByteView data) {
  const Session* session = desk.find_session(number);
  if (session == nullptr || session->packets == nullptr || session->server->id() != server) return;
  if (!session->packets->has_channel()) return;
  const auto packet = mc::bungee_message(session->version, data);
  if (packet) (void)session->packets->send(Side::backend, *packet);
}

void Request::ask(const std::function<void(Desk&, Finds&)>& question,
                  std::function<void(Finds)> done) {
  std::atomic<std::uint32_t>& questions = desk_.services().channel_questions;
  if (++questions > most_questions) {
    --questions;
    log::debug("channel", "too many questions at a time", {{"server", horizon_.server}});
    return;
  }
  const auto round = std::make_shared<Round>(desk_, std::move(done));
  on_every_desk(desk_, [round, question](Desk& desk) {
    Finds mine;
    question(desk, mine);
    const std::scoped_lock lock(round->mutex);
    std::ranges::move(mine, std::back_inserter(round->all));
  });
}

const Server* Request::visible(std::string_view id) const {
  for (const ServerPtr& server : desk_.world()->servers)
    if (equal_ignoring_case(server->id(), id) && horizon_.has(*server)) return server.get();
  return nullptr;
}

// --- What is known here ---

void Request::serve(const Session& session) {
  switch (request_.subchannel) {
    case BungeeSubchannel::connect:
      return connect();
    case BungeeSubchannel::ip:
      return tell_address(found(desk_, session), false);
    case BungeeSubchannel::uuid:
      return tell_uuid(found(desk_, session), false);
    case BungeeSubchannel::get_server: {
      ByteBuffer out = answer();
      mc::append_java_utf(out, horizon_.server);
      return send(out);
    }
    case BungeeSubchannel::get_servers:
      return tell_servers();
    case BungeeSubchannel::server_ip:
      return tell_server_ip();
    case BungeeSubchannel::ip_other:
    case BungeeSubchannel::uuid_other:
    case BungeeSubchannel::get_player_server:
      return find_player();
    case BungeeSubchannel::player_count:
      return count_players();
    case BungeeSubchannel::player_list:
      return list_players();
    case BungeeSubchannel::connect_other:
    case BungeeSubchannel::message:
    case BungeeSubchannel::message_raw:
    case BungeeSubchannel::kick_player:
    case BungeeSubchannel::kick_player_raw:
      return to_players();
    case BungeeSubchannel::forward:
      return forward();
    case BungeeSubchannel::forward_to_player:
      return forward_to_player();
  }
}

void Request::connect() {
  if (const Server* to = visible(request_.target))
    desk_.mover().move(number_, {.server = to->id(), .only_in_network = true});
}

void Request::tell_servers() const {
  std::string list;
  for (const ServerPtr& server : desk_.world()->servers) {
    if (!horizon_.has(*server)) continue;
    if (list.size() + server->id().size() + 2 > longest_list) break;
    if (!list.empty()) list += ", ";
    list += server->id();
  }
  ByteBuffer out = answer();
  mc::append_java_utf(out, list);
  send(out);
}

// The first address. A limbo has none.
void Request::tell_server_ip() const {
  const Server* server = visible(request_.target);
  if (server == nullptr || server->config.addresses.empty()) return;
  const config::Address& address = server->config.addresses.front().address;
  ByteBuffer out = answer();
  mc::append_java_utf(out, server->id());
  mc::append_java_utf(out, address.is_unix() ? "unix://" + address.unix_path : address.host);
  mc::Writer(out).u16(address.is_unix() ? 0 : address.port);
  send(out);
}

void Request::tell_address(const Found& player, bool of_another) const {
  const bool by_socket = came_by_unix_socket(player.client);
  ByteBuffer out = answer();
  if (of_another) mc::append_java_utf(out, player.player);
  mc::append_java_utf(out, by_socket ? "unix://" : player.client.address.text());
  mc::Writer(out).i32(by_socket ? 0 : player.client.port);
  send(out);
}

void Request::tell_uuid(const Found& player, bool of_another) const {
  if (!player.uuid) return;
  ByteBuffer out = answer();
  if (of_another) mc::append_java_utf(out, player.player);
  mc::append_java_utf(out, player.uuid->undashed());
  send(out);
}

// --- What the desks know ---

void Request::find_player() {
  ask(
      [horizon = horizon_, player = request_.target](Desk& desk, Finds& out) {
        desk.each_session([&](const Session& session) {
          if (horizon.has(session, player)) out.push_back(found(desk, session));
        });
      },
      [self = *this](const Finds& all) {
        const auto first = std::ranges::min_element(all, {}, &Found::session);
        self.tell_of(first == all.end() ? nullptr : &*first);
      });
}

void Request::tell_of(const Found* player) const {
  if (request_.subchannel == BungeeSubchannel::get_player_server) {
    ByteBuffer out = answer();
    mc::append_java_utf(out, player != nullptr ? player->player : request_.target);
    mc::append_java_utf(out, player != nullptr ? player->server : "");
    return send(out);
  }
  if (player == nullptr) return;
  if (request_.subchannel == BungeeSubchannel::ip_other) return tell_address(*player, true);
  tell_uuid(*player, true);
}

void Request::count_players() {
  if (request_.target != everybody && visible(request_.target) == nullptr) return;
  ask(
      [self = *this](Desk& desk, Finds& out) {
        std::size_t count = 0;
        desk.each_session(
            [&](const Session& session) { count += self.is_asked_about(session) ? 1 : 0; });
        out.push_back({.desk = &desk, .player = {}, .server = {}, .count = count});
      },
      [self = *this](const Finds& all) {
        std::size_t count = 0;
        for (const Found& one : all) count += one.count;
        ByteBuffer out = self.answer();
        mc::append_java_utf(out, self.request_.target);
        mc::Writer(out).i32(static_cast<std::int32_t>(count));
        self.send(out);
      });
}

void Request::list_players() {
  if (request_.target != everybody && visible(request_.target) == nullptr) return;
  ask(
      [self = *this](Desk& desk, Finds& out) {
        desk.each_session([&](const Session& session) {
          if (self.is_asked_about(session)) out.push_back(found(desk, session));
        });
      },
      [self = *this](Finds all) {
        std::ranges::sort(all, {}, &Found::player);
        std::string list;
        for (const Found& one : all) {
          if (list.size() + one.player.size() + 2 > longest_list) break;
          if (!list.empty()) list += ", ";
          list += one.player;
        }
        ByteBuffer out = self.answer();
        mc::append_java_utf(out, self.request_.target);
        mc::append_java_utf(out, list);
        self.send(out);
      });
}

// --- What is done to players ---

void Request::to_players() const {
  mc::Text words = mc::Text::legacy(request_.text);
  if (request_.subchannel == BungeeSubchannel::message_raw ||
      request_.subchannel == BungeeSubchannel::kick_player_raw) {
    auto read = mc::json_text(request_.text, Fault::backend);
    if (!read) {
      log::debug("channel", "not a text",
                 {{"server", horizon_.server}, {"why", read.error().what}});
      return;
    }
    words = std::move(*read);
  }
  const bool says = request_.subchannel == BungeeSubchannel::message ||
                    request_.subchannel == BungeeSubchannel::message_raw;
  const bool moves = request_.subchannel == BungeeSubchannel::connect_other;
  const Server* to = moves ? visible(request_.text) : nullptr;
  if (moves && to == nullptr) return;
  on_every_desk(desk_, [horizon = horizon_, player = request_.target, words, says, moves,
                        to = moves ? to->id() : std::string()](Desk& desk) {
    desk.each_session([&](const Session& session) {
      const bool is_meant = says && player == everybody
                                ? session.can_travel() && horizon.has(*session.server)
                                : horizon.has(session, player);
      if (!is_meant) return;
      if (says) {
        (void)desk.tell_session(session.number, words);
      } else if (moves) {
        desk.mover().move(session.number, {.server = to, .only_in_network = true});
      } else {
        (void)desk.end_session(session.number, words, "kicked by the server " + horizon.server);
      }
    });
  });
}

// --- Data for other servers ---

// By some player of each: there is no other way to a server.
void Request::forward() {
  const bool to_all = request_.target == everybody || request_.target == "ONLINE";
  if (!to_all && visible(request_.target) == nullptr) return;
  ask(
      [self = *this, to_all](Desk& desk, Finds& out) {
        desk.each_session([&](const Session& session) {
          const Server& at = *session.server;
          const bool is_meant = to_all ? at.id() != self.horizon_.server
                                       : equal_ignoring_case(at.id(), self.request_.target);
          if (!is_meant || !self.horizon_.has(at) || session.packets == nullptr ||
              !session.packets->has_channel())
            return;
          const bool is_known =
              std::ranges::any_of(out, [&](const Found& one) { return one.server == at.id(); });
          if (!is_known) out.push_back(found(desk, session));
        });
      },
      [data = std::make_shared<const ByteBuffer>(request_.data)](Finds all) {
        std::ranges::sort(all, {},
                          [](const Found& one) { return std::pair(one.server, one.session); });
        const auto others = std::ranges::unique(all, {}, &Found::server);
        all.erase(others.begin(), others.end());
        for (const Found& one : all)
          one.desk->worker().post([desk = one.desk, number = one.session, server = one.server,
                                   data] { send_to(*desk, number, server, *data); });
      });
}

void Request::forward_to_player() const {
  on_every_desk(desk_,
                [horizon = horizon_, player = request_.target, data = request_.data](Desk& desk) {
                  desk.each_session([&](const Session& session) {
                    if (horizon.has(session, player))
                      send_to(desk, session.number, session.server->id(), data);
                  });
                });
}

}  // namespace

bool answers_channel(const config::GlobalConfig& global, const Server& server) {
  return global.plugin_messaging.bungeecord && server.config.bungeecord_channel;
}

void serve_channel(Desk& desk, std::uint64_t session, const std::string& server, ByteView message) {
  const Session* asker = desk.find_session(session);
  if (asker == nullptr || asker->server->id() != server || desk.services().stopping) return;
  const config::PluginMessaging& rules = desk.world()->global->plugin_messaging;
  auto request = mc::read_bungee_request(message);
  if (!request) {
    if (desk.services().throttle.allow(asker->client.address, "channel message not understood",
                                       desk.worker().now()) == LogVerdict::write)
      log::info("channel", "not understood",
                {{"server", server}, {"session", session}, {"why", request.error().what}});
    return;
  }
  if (!rules.bungeecord) return;
  if (!is_permitted(rules.bungeecord_permissions, request->subchannel)) {
    if (desk.services().throttle.allow(asker->client.address, "channel request not permitted",
                                       desk.worker().now()) == LogVerdict::write)
      log::info("channel", "not permitted",
                {{"server", server},
                 {"session", session},
                 {"subchannel", mc::name(request->subchannel)},
                 {"about", escaped_for_log(request->target, longest_logged)}});
    return;
  }
  Request(desk, *asker, std::move(*request)).serve(*asker);
}

}  // namespace drawbridge::core
