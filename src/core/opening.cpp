#include "core/opening.hpp"

#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "config/server.hpp"
#include "core/desk.hpp"
#include "net/proxy_protocol.hpp"

namespace drawbridge::core {

namespace {

// The address that the player connected to, for the PROXY header.
Endpoint local_end(int fd) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return Endpoint::from_sockaddr(raw).value_or(Endpoint{});
}

std::string_view host_name_for(const mc::Host& host, const Server& server,
                               const config::Address& address) {
  switch (server.config.domain_rewrite.mode) {
    case config::DomainRewrite::Mode::from_backend:
      return address.host;
    case config::DomainRewrite::Mode::fixed:
      return server.config.domain_rewrite.host;
    case config::DomainRewrite::Mode::none:
      break;
  }
  return host.sent_name;
}

std::optional<net::ProxyForm> form_of(config::SendProxy send) {
  switch (send) {
    case config::SendProxy::v1:
      return net::ProxyForm::v1;
    case config::SendProxy::v2:
      return net::ProxyForm::v2;
    case config::SendProxy::v2_crc32c:
      return net::ProxyForm::v2_crc32c;
    case config::SendProxy::off:
      break;
  }
  return std::nullopt;
}

}  // namespace

ByteBuffer proxy_header_for(const Endpoint& peer, const Server& server, int client) {
  // By a Unix socket nobody knows where it came from.
  if (came_by_unix_socket(peer)) return own_proxy_header_for(server);
  const auto form = form_of(server.config.send_proxy_protocol);
  if (!form) return {};
  return net::proxy_header(*form, peer, local_end(client));
}

ByteBuffer own_proxy_header_for(const Server& server) {
  const auto form = form_of(server.config.send_proxy_protocol);
  return form ? net::own_proxy_header(*form) : ByteBuffer();
}

bool is_told_in_handshake(config::ForwardingMode mode) {
  return mode == config::ForwardingMode::bungee_cord ||
         mode == config::ForwardingMode::bungee_guard;
}

std::string host_field_for(const World& world, const mc::Host& host, const Server& server,
                           const config::Address& address, const mc::PlayerInfo& info) {
  const std::string_view name = host_name_for(host, server, address);
  const config::ForwardingMode mode = config::effective_forwarding(server.config, *world.global);
  if (!is_told_in_handshake(mode)) return mc::host_for_replay(name, host);
  const bool guarded = mode == config::ForwardingMode::bungee_guard;
  return mc::bungee_host(name, host.kept, info,
                         guarded ? world.forwarding_secret : std::string_view());
}

}  // namespace drawbridge::core
