// Words for players, filled in: from the configuration's text, through its placeholders, to what
// the client reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "config/types.hpp"
#include "core/server.hpp"
#include "core/world.hpp"
#include "mc/text.hpp"

namespace drawbridge::core {

// Who and what a text speaks of; what is not known stays empty.
struct TextSubject {
  std::string_view player;
  std::string_view host;
  const Server* server = nullptr;
  const World* world = nullptr;
  // What a refusal adds; kicks without them leave these empty.
  Duration wait{};                  // {seconds}
  std::string_view reason = {};     // {reason}
  std::string_view remaining = {};  // {remaining}
  // Of a server that sleeps.
  std::optional<Duration> eta = {};      // {eta}, and {seconds} where there is no wait
  std::optional<Duration> elapsed = {};  // {elapsed}
  bool may_see_paths =
      false;  // on this machine, or nothing is configured yet: name the file to create
};

mc::Text to_mc(const config::Text& text);
// Placeholders replaced; see contract/config for their names.
mc::Text filled(const config::Text& text, const TextSubject& subject);
// What a refusal says: the server's words, else the global ones, else the built-in ones.
// `detail` is one line below those that are built in, for whoever has to change something; it must
// be ours, not a stranger's.
mc::Text kick_words(config::Kick kick, const TextSubject& subject, std::string_view detail = {});

}  // namespace drawbridge::core
