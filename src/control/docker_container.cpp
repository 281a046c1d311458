#include "control/docker_container.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/strings.hpp"

namespace drawbridge::control {

namespace {

namespace json = boost::json;

const json::value* at(const json::value* from, std::string_view key) {
  const json::object* object = from != nullptr ? from->if_object() : nullptr;
  return object != nullptr ? object->if_contains(key) : nullptr;
}

std::string text_of(const json::value* value) {
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(text->data(), text->size()) : std::string();
}

const json::object* object_of(const json::value* value) {
  return value != nullptr ? value->if_object() : nullptr;
}

DockerContainer::State state_of(std::string_view word) {
  using State = DockerContainer::State;
  if (word == "created") return State::created;
  if (word == "running") return State::running;
  if (word == "paused") return State::paused;
  if (word == "restarting") return State::restarting;
  if (word == "exited" || word == "dead") return State::exited;
  return State::other;
}

DockerContainer::Health health_of(std::string_view word) {
  using Health = DockerContainer::Health;
  if (word == "starting") return Health::starting;
  if (word == "healthy") return Health::healthy;
  if (word == "unhealthy") return Health::unhealthy;
  return Health::none;
}

DockerNetwork network_of(std::string_view name, const json::value& value) {
  DockerNetwork out;
  out.name = name;
  out.id = text_of(at(&value, "NetworkID"));
  out.address = text_of(at(&value, "IPAddress"));
  if (out.address.empty()) out.address = text_of(at(&value, "GlobalIPv6Address"));
  out.fixed_address = text_of(at(at(&value, "IPAMConfig"), "IPv4Address"));
  const json::value* aliases = at(&value, "Aliases");
  if (aliases != nullptr && aliases->is_array())
    for (const json::value& alias : aliases->get_array()) out.aliases.push_back(text_of(&alias));
  return out;
}

// "25565/tcp": [{"HostIp": "0.0.0.0", "HostPort": "25565"}]
void add_published(DockerContainer& out, const json::object& ports) {
  for (const auto& member : ports) {
    const std::string_view key = member.key();
    const auto slash = key.find('/');
    const auto port = parse_int<std::uint16_t>(key.substr(0, slash));
    const bool tcp = slash == key.npos || key.substr(slash) == "/tcp";
    if (!port || !tcp || !member.value().is_array()) continue;
    for (const json::value& one : member.value().get_array()) {
      const auto host_port = parse_int<std::uint16_t>(text_of(at(&one, "HostPort")));
      if (host_port && *host_port != 0)
        out.published.push_back(
            {.port = *port, .address = text_of(at(&one, "HostIp")), .host_port = *host_port});
    }
  }
}

std::string host_and_port(std::string_view host, std::uint16_t port) {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port)
                                     : fmt::format("[{}]:{}", host, port);
}

std::string_view address_on(const DockerNetwork& network) {
  return network.address.empty() ? network.fixed_address : network.address;
}

}  // namespace

const DockerNetwork* DockerContainer::network(std::string_view wanted) const {
  const auto find = [&](auto fits) {
    const auto found = std::ranges::find_if(networks, fits);
    return found == networks.end() ? nullptr : &*found;
  };
  if (const auto* by_name = find([&](const auto& one) { return one.name == wanted; }))
    return by_name;
  constexpr std::size_t short_id = 12;  // as `docker network ls` prints it
  if (wanted.size() >= short_id)
    if (const auto* by_id = find([&](const auto& one) { return one.id.starts_with(wanted); }))
      return by_id;
  return find(
      [&](const auto& one) { return std::ranges::find(one.aliases, wanted) != one.aliases.end(); });
}

Result<DockerContainer> parse_docker_container(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return fail(Fault::backend, "not valid JSON: {}", error.message());
  DockerContainer out;
  out.id = text_of(at(&root, "Id"));
  out.name = text_of(at(&root, "Name"));
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  if (out.id.empty() || out.name.empty())
    return fail(Fault::backend, "a container without id or name");
  out.created = text_of(at(&root, "Created"));
  const json::value* state = at(&root, "State");
  out.state = state_of(text_of(at(state, "Status")));
  out.health = health_of(text_of(at(at(state, "Health"), "Status")));
  if (const json::value* code = at(state, "ExitCode"); code != nullptr && code->is_int64())
    out.exit_code = static_cast<int>(code->get_int64());
  const json::value* host = at(&root, "HostConfig");
  out.host_network = text_of(at(host, "NetworkMode")) == "host";
  if (const auto* labels = object_of(at(at(&root, "Config"), "Labels")))
    for (const auto& label : *labels)
      out.labels.emplace(std::string(label.key()), text_of(&label.value()));
  const json::value* settings = at(&root, "NetworkSettings");
  if (const auto* networks = object_of(at(settings, "Networks")))
    for (const auto& network : *networks)
      out.networks.push_back(network_of(std::string_view(network.key()), network.value()));
  std::ranges::sort(out.networks, {}, &DockerNetwork::name);
  if (const auto* ports = object_of(at(settings, "Ports"))) add_published(out, *ports);
  // What a stopped container will publish; port 0 there is chosen at its start.
  if (out.published.empty())
    if (const auto* bindings = object_of(at(host, "PortBindings"))) add_published(out, *bindings);
  return out;
}

Result<std::vector<DockerListed>> parse_docker_list(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return fail(Fault::backend, "not valid JSON: {}", error.message());
  if (!root.is_array()) return fail(Fault::backend, "not a list of containers");
  std::vector<DockerListed> out;
  for (const json::value& value : root.get_array()) {
    DockerListed one;
    one.id = text_of(at(&value, "Id"));
    one.running = text_of(at(&value, "State")) == "running";
    if (const auto* labels = object_of(at(&value, "Labels")))
      for (const auto& label : *labels)
        one.labels.emplace(std::string(label.key()), text_of(&label.value()));
    if (!one.id.empty()) out.push_back(std::move(one));
  }
  return out;
}

DockerAddress docker_address(const DockerContainer& container, std::uint16_t port,
                             std::string_view wanted, const std::vector<std::string>& shared) {
  DockerAddress out;
  if (!wanted.empty()) {
    const DockerNetwork* network = container.network(wanted);
    out.missed = network == nullptr;
    if (network != nullptr && !address_on(*network).empty()) {
      out.text = host_and_port(address_on(*network), port);
      return out;
    }
  }
  const DockerNetwork* best = nullptr;
  for (const DockerNetwork& network : container.networks) {
    if (address_on(network).empty()) continue;
    const bool is_shared = std::ranges::find(shared, network.id) != shared.end();
    if (best == nullptr) best = &network;
    if (is_shared) {
      best = &network;
      break;
    }
  }
  if (best != nullptr) {
    out.text = host_and_port(address_on(*best), port);
    return out;
  }
  if (container.host_network) {
    out.text = host_and_port("127.0.0.1", port);
    return out;
  }
  const auto published =
      std::ranges::find(container.published, port, &DockerContainer::Published::port);
  if (published != container.published.end()) {
    std::string_view host = published->address;
    if (host.empty() || host == "0.0.0.0" || host == "::") host = "127.0.0.1";
    out.text = host_and_port(host, published->host_port);
    return out;
  }
  out.text = host_and_port(container.name, port);
  return out;
}

std::string own_container_id(std::string_view mountinfo) {
  constexpr std::string_view mark = "/containers/";
  constexpr std::size_t id_length = 64;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto found = line.find(mark);
    if (found == line.npos) continue;
    const std::string_view id = line.substr(found + mark.size(), id_length);
    const std::string_view behind =
        line.substr(std::min(line.size(), found + mark.size() + id_length));
    const bool hex = std::ranges::all_of(
        id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (id.size() == id_length && hex && behind.starts_with("/host")) return std::string(id);
  }
  return {};
}

}  // namespace drawbridge::control
