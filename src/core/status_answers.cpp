#include "core/status_answers.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "config/server.hpp"
#include "mc/frame.hpp"
#include "mc/status.hpp"

namespace drawbridge::core {

namespace {

constexpr std::string_view no_server_yet =
    "§6Drawbridge §7is running.\n§fNo server has this address.";
constexpr std::string_view server_in_maintenance = "§e{server} §7is being worked on.";
constexpr std::string_view limbo_is_open = "§a{server} §7is open.";
constexpr std::string_view server_unreachable = "§c{server} §7cannot be reached right now.";

config::Text builtin(std::string_view text) {
  return {.kind = config::Text::Kind::legacy, .value = std::string(text)};
}

struct OwnWords {
  const PreparedMotd* motd = nullptr;  // what is configured for this state, or null
  std::string_view otherwise;          // built-in text
};

mc::Status own_status(const World& world, const OwnWords& words, const TextSubject& subject,
                      mc::Version version) {
  mc::Status status;
  const config::MotdEntry* entry = words.motd ? &words.motd->entry : nullptr;
  status.description = filled(entry ? entry->text : builtin(words.otherwise), subject);
  status.version_name =
      entry && entry->version_name ? *entry->version_name : world.global->product_name;
  status.protocol = mc::number(version);
  const std::uint32_t shown = subject.server ? subject.server->config.max_players : 0;
  status.max = entry && entry->max_players ? *entry->max_players : shown;
  if (words.motd) status.favicon = words.motd->favicon;
  return status;
}

const PreparedMotd* pick(const std::optional<PreparedMotd>& first,
                         const std::optional<PreparedMotd>& second) {
  if (first) return &*first;
  return second ? &*second : nullptr;
}

struct StateWords {
  std::optional<PreparedMotd> PreparedMotds::* motd;
  std::string_view known, unknown;  // built in: with and without an {eta}
};

StateWords words_for(WakeState state) {
  switch (state) {
    case WakeState::starting:
      return {&PreparedMotds::starting, "§e{server} §7is starting, about §f{eta}§7 to go.",
              "§e{server} §7is starting."};
    case WakeState::stopping:
      return {&PreparedMotds::stopping, "§e{server} §7is stopping.", "§e{server} §7is stopping."};
    case WakeState::crashed:
      return {&PreparedMotds::crashed, "§c{server} §7has crashed, or did not start.",
              "§c{server} §7has crashed, or did not start."};
    default:
      return {&PreparedMotds::sleeping,
              "§b{server} §7sleeps. Who joins wakes it (about §f{eta}§7).",
              "§b{server} §7sleeps. Who joins wakes it."};
  }
}

// No players, and of what the backend last said the favicon, the version and the mod data, unless
// our own words name them.
StatusAnswerPtr over_last_known(std::string_view last_known, const mc::Status& own,
                                const OwnWords& words, mc::Version version) {
  mc::StatusOverlay overlay;
  overlay.description = own.description;
  overlay.no_players = true;
  if (!own.favicon.empty()) overlay.favicon = own.favicon;
  if (words.motd && words.motd->entry.version_name) overlay.version_name = own.version_name;
  if (words.motd && words.motd->entry.max_players) overlay.max = own.max;
  const auto json = mc::overlay_status(last_known, overlay, version);
  return answer_of(json ? *json : mc::status_json(own, version));
}

}  // namespace

StatusAnswerPtr answer_of(std::string_view json) {
  auto answer = std::make_shared<StatusAnswer>();
  const ByteBuffer frame = mc::status_response_frame(json);
  answer->response_frame.assign(frame.begin(), frame.end());
  return answer;
}

std::string_view json_of(const StatusAnswer& answer) {
  const auto frame = mc::next_frame(as_bytes(answer.response_frame), mc::max_frame);
  if (!frame || !*frame) return {};
  const auto json = mc::read_status_response((*frame)->body);
  return json ? *json : std::string_view{};
}

StatusAnswerPtr unknown_host_answer(const World& world, const TextSubject& subject,
                                    mc::Version version) {
  const OwnWords words{pick(world.default_motds.online, std::nullopt), no_server_yet};
  return answer_of(mc::status_json(own_status(world, words, subject, version), version));
}

StatusAnswerPtr unreachable_answer(const World& world, const Server& server, mc::Version version,
                                   const StatusAnswerPtr& last_known) {
  const TextSubject subject{.player = {}, .host = {}, .server = &server, .world = &world};
  const OwnWords words{pick(server.motds.unreachable, world.default_motds.unreachable),
                       server_unreachable};
  const mc::Status own = own_status(world, words, subject, version);
  if (!last_known) return answer_of(mc::status_json(own, version));
  return over_last_known(json_of(*last_known), own, words, version);
}

StatusAnswerPtr maintenance_answer(const World& world, const Server& server, mc::Version version) {
  const TextSubject subject{.player = {}, .host = {}, .server = &server, .world = &world};
  const OwnWords words{pick(server.motds.maintenance, world.default_motds.maintenance),
                       server_in_maintenance};
  return answer_of(mc::status_json(own_status(world, words, subject, version), version));
}

StatusAnswerPtr state_answer(const World& world, const Server& server, const WakeLook& look,
                             mc::Version version, TimePoint now) {
  const TextSubject subject{.player = {},
                            .host = {},
                            .server = &server,
                            .world = &world,
                            .eta = look.eta,
                            .elapsed = look.elapsed(now)};
  const StateWords of_state = words_for(look.state);
  const OwnWords words{pick(server.motds.*of_state.motd, world.default_motds.*of_state.motd),
                       look.eta ? of_state.known : of_state.unknown};
  const mc::Status own = own_status(world, words, subject, version);
  if (!look.last_status) return answer_of(mc::status_json(own, version));
  return over_last_known(*look.last_status, own, words, version);
}

StatusAnswerPtr limbo_answer(const World& world, const Server& server, mc::Version version) {
  const TextSubject subject{.player = {}, .host = {}, .server = &server, .world = &world};
  const OwnWords words{pick(server.motds.online, world.default_motds.online), limbo_is_open};
  mc::Status status = own_status(world, words, subject, version);
  status.online = server.state->players();
  return answer_of(mc::status_json(status, version));
}

Result<StatusAnswerPtr> online_answer(const World& world, const Server& server, mc::Version version,
                                      std::string_view json) {
  mc::StatusOverlay overlay;
  if (server.motds.online) {
    const config::MotdEntry& entry = server.motds.online->entry;
    const TextSubject subject{.player = {}, .host = {}, .server = &server, .world = &world};
    overlay.description = filled(entry.text, subject);
    overlay.version_name = entry.version_name;
    if (!server.motds.online->favicon.empty()) overlay.favicon = server.motds.online->favicon;
    if (entry.max_players) overlay.max = *entry.max_players;
  }
  auto merged = mc::overlay_status(json, overlay, version);
  if (!merged) return std::unexpected(std::move(merged.error()));
  return answer_of(*merged);
}

}  // namespace drawbridge::core
