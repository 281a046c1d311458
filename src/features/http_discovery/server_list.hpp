// A list of servers as a URL answers it: JSON or TOML, `servers`, each a whole server document with
// an `id`. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/load.hpp"

namespace drawbridge::features::http_discovery {

struct ServerList {
  // By id: the documents as TOML text, for comparing and for load().
  std::map<std::string, std::string> documents;
  // Entries that are none: one line each.
  std::vector<std::string> problems;
};

// An error when the whole is not a list. `servers` may be empty.
Result<ServerList> parse_server_list(std::string_view body);

// One document. What a list from the network must not do is an error: run programs of this machine
// (`local`), have its files and secrets read, and, unless it is genuine (came over TLS, or from
// this machine), start and stop its containers.
config::LoadedServer load_listed(const std::string& id, std::string_view document, bool is_genuine);

}  // namespace drawbridge::features::http_discovery
