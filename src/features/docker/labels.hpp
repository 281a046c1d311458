// Servers from the labels of containers (docs/docker.md). Pure: containers in, descriptions out.
//
// `drawbridge.X` and `infrarust.X` are two spellings of one label; mc-router's labels are read as
// well, and an own label beats them key by key. What is not a label of ours alone is a key of a
// server file by its dotted path.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "control/docker_container.hpp"

namespace drawbridge::features::docker {

struct LabelSettings {
  std::string network;                       // [docker] network
  bool mc_router = true;                     // [docker] mc_router_labels
  std::vector<std::string> shared_networks;  // ids of those that the proxy's own container is in
};

struct Described {
  config::LoadedServer server;  // problems name "container NAME"
  bool is_default = false;      // drawbridge.default

  bool operator==(const Described& other) const {
    return is_default == other.is_default && server.config == other.server.config &&
           server.problems == other.server.problems;
  }
};

// Whether these labels make the container a server.
bool is_enabled(const std::map<std::string, std::string, std::less<>>& labels, bool mc_router);

// The servers of these containers, by id. Containers of one group are one server; a stopped
// container without a keeper is none. Of two containers with one id the one that runs is taken,
// else the younger.
std::map<std::string, Described> describe(const std::vector<control::DockerContainer>& containers,
                                          const LabelSettings& settings);

}  // namespace drawbridge::features::docker
