// A desk: what one worker knows besides its loop. The world that new connections begin with, and
// the players whose bytes its pump moves. Everything belongs to the worker's thread; the control
// thread posts.
//
// A session of the forwarding family costs its relay (net/pump.hpp), one of the intercepted family
// its links (session/packet_pump.hpp); both this record in a slab of its own, and one small
// allocation for the two names.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/command.hpp"
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "core/address_health.hpp"
#include "core/bans/ban_list.hpp"
#include "core/gate/gate.hpp"
#include "core/gate/refusals.hpp"
#include "core/gate/strangers.hpp"
#include "core/server.hpp"
#include "core/services.hpp"
#include "core/session/mover.hpp"
#include "core/session/session_owner.hpp"
#include "core/world.hpp"
#include "mc/compression.hpp"
#include "mc/version.hpp"
#include "net/pump.hpp"
#include "net/slab.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

// The player's name, the host it asked for, and the backend's address if it is none of the server's
// own, in one allocation. Names come from strangers.
class SessionNames {
 public:
  SessionNames(std::string_view player, std::string_view host, std::string_view backend = {});
  [[nodiscard]] std::string_view player() const { return {text_.get(), player_size_}; }
  [[nodiscard]] std::string_view host() const { return {text_.get() + player_size_, host_size_}; }
  [[nodiscard]] std::string_view backend() const {
    return {text_.get() + player_size_ + host_size_, backend_size_};
  }

 private:
  std::unique_ptr<char[]> text_;
  std::uint16_t player_size_;
  std::uint16_t host_size_;
  std::uint16_t backend_size_;
};

class LimboHost;
class LimboSession;
class LimboVisit;
class LoginUnderWay;
class PacketPump;
class PacketSession;
struct LimboStart;
struct TextSubject;
struct SessionStart;

struct LimboVisitDeleter {
  void operator()(LimboVisit* visit) const;
};
struct Traveller;
struct TravellerDeleter {
  void operator()(Traveller* traveller) const;
};
using TravellerPtr = std::unique_ptr<Traveller, TravellerDeleter>;

// A player whose bytes flow by themselves. Its identity is our own number: no name or UUID that a
// client claims can reach another's session.
struct Session {
  std::uint64_t number;
  ServerPtr server;
  Place place;
  LiveConnection at_address;
  Seat seat;
  PlayerDirectory::Presence presence = {};  // intercepted: this player plays nowhere else
  Place at_listener = {};
  SourceHold source = {};
  SessionNames names;
  Endpoint client;  // the player's address, behind a trusted balancer too
  // Forwarding family: what was claimed; identifies nobody, but may be banned. Intercepted: the
  // UUID that the player is known by.
  std::optional<Uuid> uuid = {};
  mc::Version version;
  TravellerPtr traveller = {};  // intercepted: what goes along to another server
  SessionBytes carried = {};    // moved by engines that had it before
  Mover::Move* move = nullptr;  // while it is on its way to another place
  std::uint16_t address = 0;    // index into the server's addresses, or Reached::routed
  bool settled = false;         // counts for the idle clock of a server that sleeps
  std::uint32_t newcomer = 0;   // 1 + its place among those that are watched for that; 0: none
  std::uint32_t since = 0;      // seconds since 1970 that it has been playing
  // Commands and completions of ours in the window of seconds that is open.
  TimePoint said_since = {};
  std::uint32_t said = 0;
  // The same of what its server says on the BungeeCord channel.
  TimePoint asked_since = {};
  std::uint32_t asked = 0;
  // Intercepted: one of the two, owned by its pump. Neither: relayed.
  PacketSession* packets = nullptr;
  LimboSession* limbo = nullptr;
  // In the limbo, with handlers that decide when it goes on; `server` is the one that it waits for.
  std::unique_ptr<LimboVisit, LimboVisitDeleter> visit = {};
  Session* previous = nullptr;
  Session* next = nullptr;

  // To other servers; who waits in the limbo for a server that forwards bytes cannot, and is nobody
  // to them.
  [[nodiscard]] bool can_travel() const { return traveller != nullptr; }
  [[nodiscard]] bool is_intercepted() const { return packets != nullptr || limbo != nullptr; }
};

// A player, for reports and lists. Names come from strangers.
struct PlayerNote {
  std::string server;  // id
  std::string name;
  std::optional<Uuid> uuid;
  bool verified = false;    // the session server vouched for name and UUID
  std::uint32_t since = 0;  // seconds since 1970
  std::uint64_t session = 0;
  Endpoint client;
  std::string host;  // that the player asked for
  mc::Version version{};
  bool is_intercepted = false;  // can be told something
  bool can_travel = false;      // to other servers
  bool is_in_limbo = false;
};

// For logs: a client on a Unix socket has no address, unless a PROXY header says one.
inline bool came_by_unix_socket(const Endpoint& client) {
  return client == Endpoint{};
}
inline std::string client_text(const Endpoint& client) {
  return came_by_unix_socket(client) ? "unix" : client.text();
}

// A listener, for connections that came in by it.
struct ListenerKey {
  std::string bind;  // its text, the key into World::listeners
  // Whether it reads PROXY headers, for when it is in the world no longer. Any thread.
  std::atomic<bool> reads_headers = false;
};

// Where a connection came in.
struct Arrival {
  Endpoint peer;  // the socket's other end; none on a Unix socket
  std::shared_ptr<const ListenerKey> listener;
  TimePoint at{};
  Place place = {};        // on the listener
  SourceHold source = {};  // empty while a PROXY header is to come
};

// Whoever is there for this long has made use of a start.
inline constexpr Duration real_stay = minutes(2);

class Desk final : public net::RelayOwner, public SessionOwner {
 public:
  // `worker` and `services` outlive the desk. Build before the worker runs, destroy after it has
  // ended.
  Desk(net::Worker& worker, Services& services);
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  // New connections begin with this world. Worker's thread (or before it runs).
  void set_world(WorldPtr world);
  // A new connection of a listener.
  void accept(net::Fd fd, Arrival arrival);
  // Hands both sockets to the pump. The session's record lives until the relay ends.
  void begin_relay(Session session, net::RelayStart start);
  // Hands both links of an intercepted player to the packet pump. The record lives until the
  // session ends, which may be before this returns.
  void begin_session(Session session, SessionStart start);
  // The same for a player who goes to the limbo.
  void begin_limbo(Session session, LimboStart start);
  // --- For whoever moves players (session/mover.hpp) ---

  [[nodiscard]] Mover& mover() { return mover_; }
  // Null: not here.
  [[nodiscard]] Session* find_session(std::uint64_t number);
  // Every session of this desk; `what` may end the one that it is given.
  template <typename What>
  void each_session(What&& what) {
    for (Session *session = first_, *next = nullptr; session != nullptr; session = next) {
      next = session->next;
      what(*session);
    }
  }
  // Where a player is from now on, for all accounts that are kept of it.
  struct Seating {
    ServerPtr server;
    Place place;
    LiveConnection at_address = {};
    std::uint16_t address = 0;
    std::string routed_to = {};
  };
  void seat(Session& session, Seating seating);
  // Gives a link without a backend to the packet pump, or one to the limbo. The session may have
  // ended when they return.
  void add_packets(Session& session, SessionStart& start);
  void add_limbo(Session& session, LimboStart& start);
  // A player who stands in the limbo has another seat there, or another visit.
  void welcome_in_limbo(Session& session);

  // Ends the session with this number, if it is here (false if not). An intercepted player reads
  // `words`; `detail` is for the log.
  bool end_session(std::uint64_t number, const mc::Text& words, std::string detail = {});
  // The same for a player of ours, be it logging in or playing, with its server's words for `kick`.
  void end_player(std::uint64_t number, config::Kick kick);
  // A line of chat from the proxy to one player, or to all (of this server, if one is named). How
  // many were told: those whose packets pass through us and who are in play.
  bool tell_session(std::uint64_t number, const mc::Text& words);
  std::size_t tell_everybody(const mc::Text& words, std::string_view server = {});
  // Ends every intercepted session with its words for `kick`.
  void kick_players(config::Kick kick, SessionEndReason why);
  // Its words for `kick` as a line of chat, to every intercepted player that is in play. In the
  // limbo nobody plays: whoever is there reads them and is let go.
  void tell_players(config::Kick kick);
  // What came of a command, and of a completion, of the session with this number, if it is here.
  void answer_command(std::uint64_t number, const std::vector<std::string>& lines);
  void answer_completion(std::uint64_t number, std::int32_t transaction, std::string_view text,
                         const std::vector<std::string>& words);
  // As commands see this player.
  [[nodiscard]] static api::Caller caller_of(const Session& session);
  // These bans hold from now on; whoever plays here and is banned is thrown out. Null: none.
  // Worker's thread (or before it runs).
  void set_bans(BanListPtr bans);
  [[nodiscard]] const BanListPtr& bans() const { return bans_; }
  // Null: they may play.
  [[nodiscard]] const Ban* ban_on(const Session& session) const;
  // The checks of `world` with the bans of this moment.
  [[nodiscard]] Gate gate(const World& world) const {
    return Gate(world.gate, bans_.get(), services_.gate.sources);
  }
  // Who has not logged in yet.
  [[nodiscard]] Strangers& strangers() { return strangers_; }
  // No descriptor is left: some of the oldest strangers go, so that players can come.
  void shed_for_descriptors();
  // Counted for `status`.
  void count_refusal(RefusalReason reason, const IpAddress& source) {
    refusal_book_.note(reason, source, worker_.now());
  }
  // Any thread.
  [[nodiscard]] RefusalReport refusal_report(TimePoint now) const {
    return refusal_book_.report(now);
  }

  [[nodiscard]] const WorldPtr& world() const { return world_; }
  [[nodiscard]] net::Worker& worker() const { return worker_; }
  [[nodiscard]] Services& services() const { return services_; }
  [[nodiscard]] std::size_t sessions() const { return count_; }
  // Who plays here. Worker's thread.
  [[nodiscard]] std::vector<PlayerNote> players() const;
  // For everybody who opens packets on this worker; made when first asked for (about 450 KiB).
  [[nodiscard]] mc::Codecs& codecs();
  // What the pumps call a session by.
  [[nodiscard]] static Session& session_of(std::uint64_t id);
  // For texts to this player.
  [[nodiscard]] TextSubject subject_of(const Session& session) const;
  // The list of intercepted log-ins under way.
  [[nodiscard]] LoginUnderWay*& logins() { return logins_; }

 private:
  // The line of a connection that was closed without words.
  void note_closed(const Arrival& arrival);
  void on_relay_end(const net::RelayEnd& end) override;
  void on_relay_lasts(std::uint64_t id, int client, int backend) override;
  void on_session_end(const SessionEnd& end) override;
  void on_session_lasts(std::uint64_t id, int client, int backend) override;
  mc::Text words_for(std::uint64_t id, config::Kick kick) override;
  void on_said(std::uint64_t id, const PacketFlow::Said& said) override;
  bool may_say(Session& session);
  void on_channel(Session& session, const std::string& message);
  bool on_backend_lost(std::uint64_t id, const BackendLoss& loss) override;
  struct Ended {
    TimePoint started;
    std::uint64_t up, down;
    std::string_view why, detail;
  };
  Session& enter(Session session);
  void leave(Session& session, const Ended& end);
  void log_end(const Session& session, const Ended& end) const;
  void apply_options(const Session& session, int client, int backend) const;
  // Whether the gate lets it stay; then the arrival holds its places.
  bool admit(Arrival& arrival);
  void throw_out(Session& session, const Ban& ban);
  // Those who play at servers that sleep.
  struct Newcomer {
    Session* session;
    TimePoint since;
  };
  void watch_newcomer(Session& session, bool settled_already);
  void look_at_newcomers();
  void forget_newcomer(Session& session);
  static bool tell(Session& session, const mc::Text& words);
  // `words` and the end, for a player of ours.
  static void kick(Session& session, const mc::Text& words, SessionEndReason why,
                   std::string detail = {});
  // After a log-in that a new ban overtook.
  void enforce_ban(std::uint64_t number);

  net::Worker& worker_;
  Services& services_;
  WorldPtr world_;
  BanListPtr bans_;
  RefusalBook refusal_book_;
  Strangers strangers_;
  net::Slab slab_;
  Session* first_ = nullptr;
  std::size_t count_ = 0;
  LoginUnderWay* logins_ = nullptr;
  std::vector<Newcomer> newcomers_;  // of the last two minutes
  std::unique_ptr<mc::Codecs> codecs_;
  std::unique_ptr<PacketPump> packet_pump_;  // made for the first session
  std::unique_ptr<LimboHost> limbo_host_;    // the same
  Mover mover_{*this};
};

}  // namespace drawbridge::core
