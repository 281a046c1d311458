#include "core/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "config/id_claims.hpp"
#include "config/inactive.hpp"
#include "config/secret_file.hpp"
#include "config/server.hpp"

namespace drawbridge::core {

namespace {

// The lines that were not said for the world before.
void log_news(log::Level level, std::vector<std::string>& said, std::vector<std::string> lines) {
  for (const std::string& line : lines)
    if (std::ranges::find(said, line) == said.end()) log::write(level, "config", line);
  said = std::move(lines);
}

}  // namespace

void Registry::submit(Provider provider, std::string key, config::LoadedServer loaded) {
  Source& source = sources_[{provider, std::move(key)}];
  source.problems = std::move(loaded.problems);
  if (loaded.config) source.good = std::move(loaded.config);
}

void Registry::withdraw(Provider provider, std::string_view key) {
  sources_.erase({provider, std::string(key)});
}

void Registry::withdraw_all(Provider provider) {
  std::erase_if(sources_, [&](const auto& entry) { return entry.first.first == provider; });
}

std::optional<std::string> Registry::why_withheld(const config::ServerConfig& config) const {
  if (auto missing = config::protection_missing(config, *global_)) return missing;
  const bool by_country =
      global_->ip_filter.has_countries() || (config.ip_filter && config.ip_filter->has_countries());
  if (by_country && !countries_) return "the country database could not be read";
  if (secret_.empty() && config::needs_forwarding_secret(config, *global_))
    // Players read this: the name, not where it lies.
    return fmt::format("the forwarding secret {} cannot be used",
                       global_->forwarding.secret_file.filename().native());
  return std::nullopt;
}

ServerPtr Registry::make_server(const config::ServerConfig& config, Provider provider) {
  auto withheld = why_withheld(config);
  if (const auto known = servers_.find(config.id); known != servers_.end()) {
    const Server& before = *known->second;
    const bool same =
        before.config == config && before.provider == provider && before.withheld == withheld;
    if (same && (!reread_pictures_ || before.motds == prepare(config.motd, config.id)))
      return known->second;
  }
  auto server = std::make_shared<Server>();
  server->config = config;
  server->provider = provider;
  server->withheld = std::move(withheld);
  server->motds = prepare(config.motd, config.id);
  if (config.ip_filter) server->filter = FilterRules(*config.ip_filter);
  server->allow = PlayerList(config.allow);
  server->maintenance_allow = PlayerList(config.maintenance_allow);
  server->reserved_for = PlayerList(config.reserved_for);
  server->state = states_.of(config.id);
  std::vector<WeightedAddress> addresses;
  for (const config::BackendAddress& backend : config.addresses)
    addresses.push_back({backend.address.text(), backend.weight});
  server->pool = pools_.pool(config.id, std::move(addresses));
  if (config.server_manager && config::is_active(config.server_manager->type))
    server->wake = wakes_.of(config.id);
  return server;
}

// Reads the secret when a server needs it, each time anew: it may have been exchanged. Logs what
// was not logged the last time.
void Registry::read_secret() {
  secret_.clear();
  const bool needed = std::ranges::any_of(sources_, [this](const auto& entry) {
    const auto& good = entry.second.good;
    return good && config::needs_forwarding_secret(*good, *global_);
  });
  if (!needed) return;
  auto secret = config::read_or_make_secret(global_->forwarding.secret_file);
  std::string report =
      secret ? fmt::format("{}", fmt::join(secret->warnings, "; ")) : secret.error().what;
  if (secret) secret_ = std::move(secret->value);
  if (secret && secret->is_new)
    log::info("config", "forwarding secret made: backends must be told it",
              {{"file", global_->forwarding.secret_file.native()}});
  if (report != secret_report_ && !report.empty())
    log::write(secret ? log::Level::warn : log::Level::error, "config",
               secret ? "forwarding secret" : "forwarding secret cannot be used",
               {{"file", global_->forwarding.secret_file.native()}, {"reason", report}});
  secret_report_ = std::move(report);
}

// The global values, with the default server that a provider offers where they name none.
std::shared_ptr<const config::GlobalConfig> Registry::global_with_default() const {
  if (offered_default_.empty() || global_->default_server) return global_;
  auto out = std::make_shared<config::GlobalConfig>(*global_);
  out->default_server = offered_default_;
  return out;
}

WorldChange Registry::build() {
  read_secret();
  std::map<std::string, ServerPtr> next;
  config::IdClaims ids;
  std::vector<std::string> same_id;
  for (const auto& [key, source] : sources_) {
    if (!source.good) continue;
    const std::string& id = source.good->id;
    if (const auto problem = ids.claim(id, key.second)) {
      same_id.push_back(problem->text(false));
    } else {
      next.emplace(id, make_server(*source.good, key.first));
    }
  }

  WorldChange change;
  std::vector<ServerPtr> servers;
  for (const auto& [id, server] : next) {
    servers.push_back(server);
    const auto before = servers_.find(id);
    if (before == servers_.end()) {
      change.added.push_back(id);
    } else if (before->second != server) {
      change.updated.push_back(id);
    }
  }
  for (const auto& [id, server] : servers_)
    if (!next.contains(id)) change.removed.push_back(id);

  servers_ = std::move(next);
  if (reread_pictures_ || !default_motds_)
    default_motds_ = prepare(global_->default_motd, "default_motd");
  reread_pictures_ = false;
  change.world = make_world(global_with_default(), std::move(servers), *default_motds_, memory_,
                            {.generation = ++generation_,
                             .countries = countries_,
                             .forwarding_secret = secret_,
                             .before = patterns_});
  patterns_ = change.world->patterns;
  log_news(log::Level::error, same_ids_, std::move(same_id));
  log_news(log::Level::warn, conflicts_, conflicts_of(*change.world));
  return change;
}

std::vector<config::Problem> Registry::problems() const {
  std::vector<config::Problem> out;
  for (const auto& [key, source] : sources_)
    out.insert(out.end(), source.problems.begin(), source.problems.end());
  return out;
}

std::vector<config::LoadedFolder::File> Registry::described() const {
  return described_where([](Provider) { return true; });
}

std::vector<config::LoadedFolder::File> Registry::described_by_files() const {
  return described_where([](Provider provider) { return provider == Provider::file; });
}

std::vector<config::LoadedFolder::File> Registry::described_where(bool (*counts)(Provider)) const {
  std::vector<config::LoadedFolder::File> out;
  for (const auto& [key, source] : sources_) {
    if (!source.good || !counts(key.first)) continue;
    config::LoadedServer loaded{
        .config = source.good, .id = source.good->id, .problems = {}, .lists = {}};
    out.push_back({.path = key.second, .server = std::move(loaded)});
  }
  return out;
}

}  // namespace drawbridge::core
