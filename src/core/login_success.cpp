#include "core/login_success.hpp"

#include <utility>

#include "mc/packet_ids.hpp"

namespace drawbridge::core {

namespace {

// A packet without fields, with room for an over-long id.
constexpr std::size_t max_acknowledgement = 8;

}  // namespace

net::Task<Result<>> send_login_success(PacketStream& client, mc::Threshold threshold,
                                       mc::LoginSuccess success, TimePoint deadline) {
  if (threshold.is_on()) {
    mc::Compress compress{.threshold = threshold.bytes};
    auto told = co_await client.write(compress, deadline);
    if (!told) co_return told;
    client.compress_from_now(threshold);
  }
  auto welcomed = co_await client.write(std::move(success), deadline);
  if (!welcomed) co_return welcomed;
  const bool configures = client.version() >= mc::v1_20_2;
  client.state = configures ? mc::State::configuration : mc::State::play;
  if (!configures) co_return Result<>{};
  auto packet = co_await client.read(max_acknowledgement, deadline);
  if (!packet) co_return std::unexpected(std::move(packet.error()));
  const mc::IdMap& ids = mc::id_map(client.version(), mc::State::login, mc::Bound::server);
  if (ids.kind(packet->id) != mc::Kind::login_acknowledged || !packet->fields.empty())
    co_return fail(Fault::client, "something else than login_acknowledged");
  co_return Result<>{};
}

}  // namespace drawbridge::core
