#include "core/limbo/limbo_entry.hpp"

#include <string>
#include <utility>

#include "base/random.hpp"
#include "core/limbo/limbo_pump.hpp"
#include "core/login_success.hpp"
#include "core/session/traveller.hpp"
#include "net/socket_options.hpp"

namespace drawbridge::core {

namespace {

// What a client before 1.8 needs between success and play.
constexpr Duration old_client_pause = milliseconds(100);

// Mod loaders of these versions do it once, in login, with a server that is there.
bool negotiates_in_login(const Connection& connection) {
  const std::string& kept = connection.host.kept;
  return kept.find("FML2") != std::string::npos || kept.find("FML3") != std::string::npos;
}

}  // namespace

Result<LimboFramesPtr> limbo_frames_for(const Connection& connection) {
  if (negotiates_in_login(connection))
    return fail(Fault::client, "Forge of 1.13 to 1.20.1 negotiates with its first server");
  const mc::Version version = connection.hello.version;
  LimboFramesPtr frames = connection.desk.services().limbo.of(version, limbo_threshold(version),
                                                              connection.server->id());
  if (!frames) return fail(Fault::proxy, "the registries of this version are not known");
  return frames;
}

net::Task<Result<>> let_into_limbo(const Connection& connection, PacketStream& client,
                                   const Profile& profile) {
  mc::LoginSuccess success;
  success.uuid = profile.uuid;
  success.player = profile.name;
  success.properties = profile.properties;
  if (client.version() >= mc::v26_2) success.session = random_uuid();
  auto told = co_await send_login_success(client, limbo_threshold(client.version()),
                                          std::move(success), connection.deadline);
  if (!told || client.version() >= mc::v1_8) co_return told;
  // These clients change their phase on another thread, and lose what comes too early.
  net::Worker& worker = connection.desk.worker();
  auto slept = co_await worker.sleep_until(worker.now() + old_client_pause);
  if (!slept) co_return fail(Fault::client, "cancelled");
  co_return Result<>{};
}

void begin_limbo(Connection& connection, PacketStream& client, const Profile& profile,
                 LimboFramesPtr frames, Session session) {
  net::apply_congestion(client.stream().fd(), connection.global().tcp_congestion);
  LimboStart start{.version = client.version(),
                   .client = client.release(),
                   .frames = std::move(frames),
                   .rules = SessionRules::of(connection.global().limits),
                   .uuid = profile.uuid,
                   .player = profile.name};
  if (session.traveller) start.rules.luggage = &session.traveller->luggage;
  connection.desk.begin_limbo(std::move(session), std::move(start));
}

}  // namespace drawbridge::core
