// Asking the session server whether a player is who it says: a client that has just told it the
// session hash of this very link is vouched for, nobody else. Every login asks anew: an answer
// belongs to one link and is used for nothing else.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "control/http_client.hpp"
#include "mc/session_profile.hpp"
#include "net/task.hpp"
#include "net/worker.hpp"

namespace drawbridge::core {

struct SessionQuestion {
  std::string url;  // auth.session_url; the parameters are appended
  std::string player;
  std::string hash;                  // mc::session_hash of this link
  std::optional<IpAddress> address;  // prevent_proxy_connections: the player's
  Duration timeout = seconds(10);    // for all tries together
};

// The account's profile; nothing: the session server knows of no such login. An error (of the
// backend, here the session server; of the proxy, its own limits): it cannot be asked now, with the
// reason for the log. One further try where the first got no answer, or a 5xx; it keeps half of the
// time for that. Call on `worker`.
net::Task<Result<std::optional<mc::SessionProfile>>> ask_session_server(net::Worker& worker,
                                                                        control::HttpClient& http,
                                                                        SessionQuestion question);

// What an answer says. Pure.
Result<std::optional<mc::SessionProfile>> read_session_answer(const control::HttpResponse& answer,
                                                              const std::string& player);
// The address with its parameters. Pure.
std::string session_request_url(const SessionQuestion& question);

}  // namespace drawbridge::core
