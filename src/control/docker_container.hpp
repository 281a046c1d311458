// What the Docker engine says about a container, as plain values; and under which address a server
// in it is reached. Pure.
//
// Names of fields: Docker Engine API, `GET /containers/{id}/json`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace drawbridge::control {

struct DockerNetwork {
  std::string name, id;
  std::vector<std::string> aliases;
  std::string address;        // IPv4, else IPv6; empty while the container does not run
  std::string fixed_address;  // the one that was asked for (--ip), known while it is stopped too
};

struct DockerContainer {
  enum class State : std::uint8_t { created, running, paused, restarting, exited, other };
  enum class Health : std::uint8_t { none, starting, healthy, unhealthy };

  std::string id;
  std::string name;     // without the slash
  std::string created;  // RFC 3339 in UTC: sorts as text
  State state = State::other;
  Health health = Health::none;
  int exit_code = 0;
  bool host_network = false;
  std::map<std::string, std::string, std::less<>> labels;
  std::vector<DockerNetwork> networks;  // by name
  struct Published {
    std::uint16_t port = 0;  // TCP, inside
    std::string address;     // on the host; empty or 0.0.0.0: every one
    std::uint16_t host_port = 0;
  };
  std::vector<Published> published;

  // Whether the server in it can be reached now.
  [[nodiscard]] bool runs() const { return state == State::running; }
  [[nodiscard]] const DockerNetwork* network(std::string_view name_id_or_alias) const;
};

// The answer of `GET /containers/{id}/json`.
Result<DockerContainer> parse_docker_container(std::string_view json);

// The answer of `GET /containers/json`: only what says which of them to ask about.
struct DockerListed {
  std::string id;
  bool running = false;
  std::map<std::string, std::string, std::less<>> labels;
};
Result<std::vector<DockerListed>> parse_docker_list(std::string_view json);

// "host:port" of `port` inside the container, by the first that fits:
// 1. its IP on `wanted`, a network's name, id or alias;
// 2. its IP on the first network (by name) that is among `shared`, else on the first that has one;
// 3. on the host's network 127.0.0.1; a published port's host address; the container's name.
// `missed` tells that `wanted` was named but is not attached.
struct DockerAddress {
  std::string text;
  bool missed = false;
};
DockerAddress docker_address(const DockerContainer& container, std::uint16_t port,
                             std::string_view wanted, const std::vector<std::string>& shared);

// The id of the container that this process runs in, from the text of /proc/self/mountinfo: the
// engine mounts files of its own over /etc/hostname and others. Empty: in none.
std::string own_container_id(std::string_view mountinfo);

}  // namespace drawbridge::control
