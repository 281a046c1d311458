// What starts and stops one server: a process of this machine, a container, a panel, a webhook. The
// wake (core/wake) decides when; a keeper only does what it is asked and says what it sees.
//
// Everything happens on the control thread. A call returns at once; its callback comes once, later,
// never inside the call. A keeper that is destroyed drops its callbacks; whatever it was asked for
// goes on (a server does not stop because its file was edited). Keepers are made anew when their
// server's description changes: what must outlive that belongs to whoever makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"

namespace drawbridge::api {

// What a keeper can know: whether the thing runs, not whether players can join. Readiness is found
// out by a status ping.
enum class KeeperState : std::uint8_t {
  unknown,   // it cannot be asked, or said something that we do not understand
  stopped,   // also: paused, frozen, scaled to nothing
  starting,  // being started; a panel may call it running all the while
  running,
  stopping,
  crashed  // it ended by itself, and not well
};

struct KeeperReport {
  KeeperState state = KeeperState::unknown;
  std::string detail = {};  // one line for the log: exit code, a panel's words; nothing secret
  // "host:port" where it is served now, if that is not what its file says.
  std::optional<std::string> address = {};
  // The keeper knows that nothing of its own is there: whatever answers at the server's address was
  // started by somebody else, and is not this keeper's to stop.
  bool absent = false;
};

// What a keeper is able to do; fixed for its life.
struct KeeperAbilities {
  bool stops = true;    // false: stop() is an error (a webhook without stop_url)
  bool queries = true;  // false: query() always says unknown, and only pings tell
  bool pushes = false;  // reports come by themselves: polling is only a safeguard
  // How old an answer of query() may be (a panel's cache). Within this time after a start a
  // `stopped` says nothing.
  Duration lag{};
};

enum class WakeCause : std::uint8_t { login, change, status, api };  // change: of servers, in game

// On whose behalf.
struct WakeRequest {
  WakeCause cause = WakeCause::api;
  std::string player = {};        // empty: nobody's
  std::optional<Uuid> uuid = {};  // as claimed, unless verified
  bool verified = false;          // the session server vouched for name and UUID
  std::string host = {};          // that the player asked for
};

struct StopRequest {
  std::string why = {};  // "idle", "asked for", "shutdown"; for logs and webhooks
};

class Keeper {
 public:
  using StartDone = std::function<void(Result<KeeperReport>)>;
  using StopDone = std::function<void(Result<>)>;
  using QueryDone = std::function<void(Result<KeeperReport>)>;

  virtual ~Keeper() = default;

  [[nodiscard]] virtual KeeperAbilities abilities() const = 0;

  // Success: it was asked to start, or runs already; not that it is ready. Errors: it cannot or may
  // not be started; the text goes into the log. Never repeated by the keeper unless that is
  // harmless.
  virtual void start(WakeRequest request, StartDone done) = 0;

  // Success: it was asked to stop, or is stopped; it may take a while yet. Keepers that have an
  // idle action (pause) do that.
  virtual void stop(StopRequest request, StopDone done) = 0;

  // What it is doing now. An error: nobody could be asked just now; the state before stays.
  virtual void query(QueryDone done) = 0;

  // The proxy ends: what has to end with it (a local process with on_proxy_exit = "stop") is
  // stopped, and `done` called when that has happened. Others do nothing but call it.
  virtual void proxy_ends(std::function<void()> done) = 0;
};

// For keepers that push; called on the control thread, never inside a call of the keeper's.
using KeeperReports = std::function<void(KeeperReport)>;

}  // namespace drawbridge::api
