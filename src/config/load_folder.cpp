// A folder of server files, and what can only be checked with all of them at hand.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/id_claims.hpp"
#include "config/load.hpp"

namespace drawbridge::config {

namespace fs = std::filesystem;

bool is_server_file_name(std::string_view name) {
  return name.size() > 5 && name.ends_with(".toml") && !name.starts_with('.');
}

namespace {

void reject_duplicate_ids(std::vector<LoadedFolder::File>& files, Problems& problems) {
  IdClaims ids;
  for (LoadedFolder::File& file : files) {
    if (!file.server.config) continue;
    auto problem = ids.claim(file.server.config->id, file.path.native());
    if (!problem) continue;
    problems.push_back(*std::move(problem));
    file.server.config.reset();
  }
}

}  // namespace

LoadedFolder load_folder(const fs::path& folder) {
  LoadedFolder out;
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (is_server_file_name(at->path().filename().native())) paths.push_back(at->path());
  if (error && error != std::errc::no_such_file_or_directory)
    out.problems.push_back({.severity = Problem::Severity::error,
                            .source = folder.native(),
                            .line = 0,
                            .column = 0,
                            .key = {},
                            .message = "cannot be listed: " + error.message()});
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    // A folder of that name is not a server file; anything else that cannot be read is a problem
    // worth telling.
    if (fs::is_directory(path, error)) continue;
    out.files.push_back({path, load_server_file(path)});
  }
  reject_duplicate_ids(out.files, out.problems);
  return out;
}

namespace {

// Everything that cross_check() looks up, gathered once.
struct Known {
  std::set<std::string, std::less<>> ids;  // bad files included: they may be back any moment
  std::set<std::string, std::less<>> led_to;
};

Known gather(const GlobalConfig& global, const std::vector<LoadedFolder::File>& files) {
  Known known;
  const auto lead = [&](const std::optional<std::string>& id) {
    if (id) known.led_to.insert(*id);
  };
  lead(global.default_server);
  for (const Listener& listener : global.listener) lead(listener.default_server);
  for (const GlobalRoute& route : global.route) lead(route.server);
  known.led_to.insert(global.fallback.begin(), global.fallback.end());
  for (const LoadedFolder::File& file : files) {
    known.ids.insert(file.server.id);
    if (!file.server.config) continue;
    known.ids.insert(file.server.config->id);
    known.led_to.insert(file.server.config->fallback.begin(), file.server.config->fallback.end());
  }
  return known;
}

class CrossCheck {
 public:
  CrossCheck(const GlobalConfig& global, const Origins& origins,
             const std::vector<LoadedFolder::File>& files)
      : global_(global), origins_(origins), files_(files), known_(gather(global, files)) {}

  Problems run() {
    check_global_names();
    for (const LoadedFolder::File& file : files_)
      if (file.server.config) check_server(file);
    return std::move(problems_);
  }

 private:
  void add(Problem::Severity severity, std::string source, int line, std::string key,
           std::string message) {
    problems_.push_back({.severity = severity,
                         .source = std::move(source),
                         .line = line,
                         .column = 0,
                         .key = std::move(key),
                         .message = std::move(message)});
  }

  void name_in_global(const std::string& key, const std::string& id) {
    if (known_.ids.contains(id)) return;
    const auto origin = origins_.find(key);
    const bool in_file = origin != origins_.end() && origin->second.kind == Origin::Kind::file;
    add(Problem::Severity::warning,
        origin == origins_.end() ? "configuration"
                                 : (in_file ? origin->second.name : origin->second.text()),
        in_file ? origin->second.line : 0, key,
        fmt::format("no server is called \"{}\" (yet)", id));
  }

  void check_global_names() {
    if (global_.default_server) name_in_global("default_server", *global_.default_server);
    for (std::size_t i = 0; i < global_.listener.size(); ++i)
      if (global_.listener[i].default_server)
        name_in_global(fmt::format("listener[{}].default_server", i),
                       *global_.listener[i].default_server);
    for (std::size_t i = 0; i < global_.route.size(); ++i)
      name_in_global(fmt::format("route[{}].server", i), global_.route[i].server);
    for (const std::string& id : global_.fallback) name_in_global("fallback", id);
  }

  void check_server(const LoadedFolder::File& file) {
    const ServerConfig& server = *file.server.config;
    const std::string& source = file.path.native();
    for (const std::string& id : server.fallback) {
      if (id == server.id)
        add(Problem::Severity::warning, source, 0, "fallback", "names the server itself");
      else if (!known_.ids.contains(id))
        add(Problem::Severity::warning, source, 0, "fallback",
            fmt::format("no server is called \"{}\" (yet)", id));
    }
    const bool forwards = !is_intercepted(server.proxy_mode);
    if (forwards && server.domains.empty() && server.routes.empty() &&
        !known_.led_to.contains(server.id))
      add(Problem::Severity::warning, source, 0, "domains",
          fmt::format(
              "nothing leads to this server: with proxy_mode \"{}\" nobody gets there until "
              "it has a domain, or a route, default_server or fallback names it",
              name_of(server.proxy_mode)));
    if (forwards && effective_forwarding(server, global_) == ForwardingMode::velocity)
      add(Problem::Severity::warning, source, 0, "forwarding_mode",
          fmt::format("velocity forwarding sends nothing with proxy_mode \"{}\"",
                      name_of(server.proxy_mode)));
  }

  const GlobalConfig& global_;
  const Origins& origins_;
  const std::vector<LoadedFolder::File>& files_;
  Known known_;
  Problems problems_;
};

}  // namespace

Problems cross_check(const GlobalConfig& global, const Origins& origins,
                     const std::vector<LoadedFolder::File>& files) {
  return CrossCheck(global, origins, files).run();
}

}  // namespace drawbridge::config
