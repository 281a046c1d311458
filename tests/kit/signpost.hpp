// Servers that only say their own name when they are pinged: enough to see where a host name leads,
// without a backend.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "kit/fake_client.hpp"
#include "kit/proxy_rig.hpp"
#include "mc/text.hpp"

namespace drawbridge::kit {

// The file of a server whose backend is down and whose MOTD then is `words`. `domains`: TOML list.
inline std::string signpost(std::string_view domains, std::string_view words,
                            std::string_view more = {}) {
  return fmt::format(
      "domains = {}\naddresses = [\"127.0.0.1:1\"]\nmotd.unreachable.text = \"{}\"\n{}\n", domains,
      words, more);
}

// The description of the answer to a ping for this host, without codes; "(no answer)" if the
// connection was closed.
inline std::string where(const Endpoint& proxy, std::string_view host) {
  FakeClient client(proxy);
  const auto json = client.status(host);
  if (!json) return "(no answer)";
  const auto facts = mc::read_status(*json);
  return facts ? mc::to_plain(facts->description) : "(no status)";
}
inline std::string where(ProxyRig& rig, std::string_view host) {
  return where(rig.endpoint(), host);
}

}  // namespace drawbridge::kit
