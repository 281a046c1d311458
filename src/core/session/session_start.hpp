// What an intercepted session begins with: both links as the login left them, and the rules that
// hold for this player. Whoever sets a connection up fills it in and gives it to
// Desk::begin_session(); no coroutine of the set-up outlives that call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "config/global.hpp"
#include "core/link_start.hpp"
#include "mc/packets/commands.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

class LimboLesson;
class Luggage;

struct SessionRules {
  // The backend knows the player by an offline UUID, so it would refuse a chat session, which is
  // signed for the true one: `chat_session_update` stays here.
  bool drops_chat_session = false;
  // Commands of ours are not the backend's: /drawbridge stays here.
  bool takes_commands = false;
  // The backend may speak on the BungeeCord channel: what it says there is ours, and stays here.
  bool answers_channel = false;
  // What the owner may do about a lost backend: its kicks, and a configuration that it has not
  // finished, stay here until that is known.
  bool holds_kicks = false;
  // What is noted for further backends; null: nothing. Outlives the session.
  Luggage* luggage = nullptr;
  // Listens to the configuration; mostly null. Outlives its backend's time in the session.
  LimboLesson* lesson = nullptr;
  // The largest packet once inflated, both ways; bytes.
  std::size_t max_inflated = std::size_t{8} << 20;
  // What the client may cause, averaged over 7 seconds; 0 = no limit.
  std::uint64_t inflated_per_second = 0;
  std::uint32_t packets_per_second = 0;
  // How long both ends may be silent in configuration; 0 = no limit. Packs and mod lists take
  // minutes, but there are keep-alives meanwhile.
  Duration longest_silence = {};

  // The limits of the configuration; the rest is as above.
  static SessionRules of(const config::Limits& limits) {
    return {.drops_chat_session = false,
            .takes_commands = false,
            .answers_channel = false,
            .holds_kicks = false,
            .luggage = nullptr,
            .lesson = nullptr,
            .max_inflated = limits.max_inflated,
            .inflated_per_second = limits.inflated_per_second,
            .packets_per_second = limits.packets_per_second,
            .longest_silence = {}};
  }
};

// LinkStart::state of each side is the phase of what that side sends next. A backend without a
// descriptor: there is none yet, and the owner brings one (PacketSession::take_backend). Its state
// then is that of what *we* send the client next.
struct SessionStart {
  mc::Version version{};
  LinkStart client;
  LinkStart backend;
  SessionRules rules;
  // A keep-alive that the client was asked by us and has not answered yet; 0: none.
  std::int64_t asked = 0;
  // Commands of ours that the player may use, for its client's tree; may be null.
  std::shared_ptr<const mc::CommandTree> commands = {};
};

// A backend that has let the player in, for a session whose player is in the game already.
struct NextBackend {
  LinkStart link;
  SessionRules rules;
  // Before 1.20.2: the packets (id and fields) that take the place of its `login`, which has been
  // read. From then on: empty; it waits for `login_acknowledged`.
  std::vector<ByteBuffer> rejoin = {};
  // What it sent before its `login`.
  std::vector<ByteBuffer> behind_login = {};
};

}  // namespace drawbridge::core
