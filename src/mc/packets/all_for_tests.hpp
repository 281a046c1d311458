// Every layout by its place, for the tests and the fuzzer, which go through all of them.
#pragma once

#include <algorithm>
#include <string>

#include "mc/handshake.hpp"
#include "mc/packets/common.hpp"
#include "mc/packets/configuration.hpp"
#include "mc/packets/login.hpp"
#include "mc/packets/play.hpp"

namespace drawbridge::mc {

// What reading and writing again makes of a packet's fields: the same bytes, or why not.
template <typename P>
Result<ByteBuffer> reencode(ByteView fields, Version version) {
  const auto packet = decode<P>(fields, version, Fault::client);
  if (!packet) return std::unexpected(packet.error());
  ByteBuffer out;
  Writer writer(out, version);
  P::fields(writer, *packet);
  if (!writer.ok()) return fail(Fault::proxy, "written: {}", writer.why());
  return out;
}

struct Layout {
  State state;
  Bound bound;
  Kind kind;
  Result<ByteBuffer> (*reencode)(ByteView, Version);
};

template <typename P>
constexpr Layout layout(State state, Bound bound, Kind kind = P::kind) {
  return {state, bound, kind, &reencode<P>};
}

inline constexpr Layout layouts[] = {
    layout<LoginDisconnect>(State::login, Bound::client),
    layout<EncryptionRequest>(State::login, Bound::client),
    layout<LoginSuccess>(State::login, Bound::client),
    layout<Compress>(State::login, Bound::client),
    layout<LoginPluginRequest>(State::login, Bound::client),
    layout<CookieRequest>(State::login, Bound::client),
    layout<LoginStart>(State::login, Bound::server, Kind::login_start),
    layout<EncryptionResponse>(State::login, Bound::server),
    layout<LoginPluginResponse>(State::login, Bound::server),
    layout<LoginAcknowledged>(State::login, Bound::server),
    layout<CookieResponse>(State::login, Bound::server),
    layout<CookieRequest>(State::configuration, Bound::client),
    layout<CustomPayload>(State::configuration, Bound::client),
    layout<ConfigurationDisconnect>(State::configuration, Bound::client),
    layout<FinishConfiguration>(State::configuration, Bound::client),
    layout<KeepAlive>(State::configuration, Bound::client),
    layout<Ping>(State::configuration, Bound::client),
    layout<ResetChat>(State::configuration, Bound::client),
    layout<RegistryData>(State::configuration, Bound::client),
    layout<ResourcePackSend>(State::configuration, Bound::client),
    layout<RemoveResourcePack>(State::configuration, Bound::client),
    layout<AddResourcePack>(State::configuration, Bound::client),
    layout<StoreCookie>(State::configuration, Bound::client),
    layout<Transfer>(State::configuration, Bound::client),
    layout<FeatureFlags>(State::configuration, Bound::client),
    layout<Tags>(State::configuration, Bound::client),
    layout<SelectKnownPacks>(State::configuration, Bound::client),
    layout<CodeOfConduct>(State::configuration, Bound::client),
    layout<Settings>(State::configuration, Bound::server),
    layout<CookieResponse>(State::configuration, Bound::server),
    layout<CustomPayload>(State::configuration, Bound::server),
    layout<FinishConfiguration>(State::configuration, Bound::server),
    layout<KeepAlive>(State::configuration, Bound::server),
    layout<Pong>(State::configuration, Bound::server),
    layout<ResourcePackReceive>(State::configuration, Bound::server),
    layout<SelectKnownPacks>(State::configuration, Bound::server),
    layout<AcceptCodeOfConduct>(State::configuration, Bound::server),
    layout<KeepAlive>(State::play, Bound::client),
    layout<KickDisconnect>(State::play, Bound::client),
    layout<StartConfiguration>(State::play, Bound::client),
    layout<CustomPayload>(State::play, Bound::client),
    layout<SetCompression>(State::play, Bound::client),
    layout<Chat>(State::play, Bound::client),
    layout<SystemChat>(State::play, Bound::client),
    layout<ResourcePackSend>(State::play, Bound::client),
    layout<AddResourcePack>(State::play, Bound::client),
    layout<RemoveResourcePack>(State::play, Bound::client),
    layout<CookieRequest>(State::play, Bound::client),
    layout<StoreCookie>(State::play, Bound::client),
    layout<Transfer>(State::play, Bound::client),
    layout<Ping>(State::play, Bound::client),
    layout<KeepAlive>(State::play, Bound::server),
    layout<ConfigurationAcknowledged>(State::play, Bound::server),
    layout<CustomPayload>(State::play, Bound::server),
    layout<Settings>(State::play, Bound::server),
    layout<ResourcePackReceive>(State::play, Bound::server),
    layout<CookieResponse>(State::play, Bound::server),
    layout<Pong>(State::play, Bound::server),
};

}  // namespace drawbridge::mc
