#include "app/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/file_world.hpp"
#include "base/strings.hpp"
#include "core/reach.hpp"
#include "mc/host.hpp"
#include "mc/version.hpp"

namespace drawbridge::app {

namespace {

const core::ListenerRules* pick_listener(const core::World& world,
                                         const std::optional<std::string>& name) {
  if (world.listeners.empty()) return nullptr;
  if (!name) return &world.listeners.front();
  const auto at = std::ranges::find_if(world.listeners, [&](const core::ListenerRules& rules) {
    return rules.config.name == *name || rules.config.bind.text() == *name;
  });
  return at == world.listeners.end() ? nullptr : &*at;
}

std::string describe(const core::World& world, const core::RouteExplanation& found,
                     const core::RoutedAddress* routed) {
  std::string out;
  if (found.match) {
    const core::Server& server = *world.servers[found.match->server];
    out += fmt::format("{} > {} ({})\n", found.host, server.id(), core::name_of(found.match->kind));
    std::string addresses;
    if (routed != nullptr) addresses = " " + routed->address.text();
    for (const auto& backend : server.config.addresses)
      if (routed == nullptr) addresses += " " + backend.address.text();
    out += fmt::format("  mode {}, addresses{}\n", config::name_of(server.config.proxy_mode),
                       addresses);
    if (server.withheld) out += fmt::format("  log-ins are refused: {}\n", *server.withheld);
  } else {
    out += fmt::format("{} > no server\n", found.host);
  }
  for (const core::RouteStep& step : found.steps)
    out += fmt::format("  {} {:<22} {}\n", step.chosen ? ">" : (step.matched ? "+" : "-"),
                       step.stage, step.text);
  return out;
}

// What was asked beside the host, and that it makes no difference.
std::string describe_player(const RouteQuestion& question, const std::optional<IpAddress>& ip) {
  std::string out;
  if (question.protocol)
    out += fmt::format("  protocol {} ({}): routes do not depend on it\n", *question.protocol,
                       mc::release_name(mc::Version{*question.protocol}));
  if (ip) out += fmt::format("  player at {}: routes do not depend on it\n", ip->text());
  return out;
}

}  // namespace

RouteReport explain_route(const RouteQuestion& question, const core::World& world) {
  std::optional<IpAddress> ip;
  if (question.ip) {
    ip = IpAddress::parse(*question.ip);
    if (!ip)
      return {fmt::format("--ip: \"{}\" is no IP address\n", escaped_for_log(*question.ip)), 2};
  }
  if (const auto colon = question.host.find(':');
      colon != std::string::npos && question.host.find(':', colon + 1) == std::string::npos)
    return {fmt::format("a host name has no port; ask for \"{}\"\n",
                        escaped_for_log(question.host.substr(0, colon))),
            2};
  const core::ListenerRules* rules = pick_listener(world, question.listener);
  if (rules == nullptr && question.listener)
    return {fmt::format("there is no listener \"{}\"\n", escaped_for_log(*question.listener)), 2};
  std::shared_ptr<const core::RoutedAddress> routed;
  const auto found =
      world.explain(mc::normal_host_name(question.host),
                    rules != nullptr ? rules->default_server : std::nullopt, &routed);
  RouteReport out{describe(world, found, routed.get()) + describe_player(question, ip),
                  found.match ? 0 : 4};
  if (found.match) out.server = world.servers[found.match->server]->id();
  return out;
}

RouteReport explain_route(const RouteQuestion& question,
                          const std::optional<std::filesystem::path>& config_path,
                          const config::Overlays& overlays) {
  const config::GlobalFile file = config::find_global_file(config_path);
  config::Loaded global = config::load_global(file.path, overlays);
  std::string problems;
  for (const config::Problem& problem : global.problems) problems += problem.text() + "\n";
  if (!global.config) return {problems, 2};

  const auto shared = std::make_shared<const config::GlobalConfig>(std::move(*global.config));
  const config::LoadedFolder folder = config::load_folder(shared->servers_dir);
  config::Problems found_in_files = folder.problems;
  for (const auto& entry : folder.files)
    found_in_files.insert(found_in_files.end(), entry.server.problems.begin(),
                          entry.server.problems.end());
  for (const config::Problem& problem : config::cross_check(*shared, global.origins, folder.files))
    found_in_files.push_back(problem);
  for (const config::Problem& problem : found_in_files) problems += problem.text() + "\n";
  const core::WorldPtr world = world_of_files(shared, folder.files);
  RouteReport report = explain_route(question, *world);
  if (report.exit_code != 2) report.text = problems + report.text;
  if (report.server && question.ip)
    report.text +=
        "  filters, bans and who may start it: `drawbridge ctl route` asks the proxy that runs\n";
  return report;
}

}  // namespace drawbridge::app
