#include "app/gate_files.hpp"

#include <set>
#include <utility>

#include "base/log.hpp"

namespace drawbridge::app {

namespace fs = std::filesystem;

namespace {

void collect(std::set<fs::path>& files, const config::IpFilter& filter) {
  if (filter.whitelist_file) files.insert(*filter.whitelist_file);
  if (filter.blacklist_file) files.insert(*filter.blacklist_file);
}

}  // namespace

bool names_lists(const config::ServerConfig& server) {
  return server.ip_filter && (server.ip_filter->whitelist_file || server.ip_filter->blacklist_file);
}

GateFiles::GateFiles(control::FileWatch& watch, std::function<void()> on_lists,
                     std::function<void()> on_countries)
    : watch_(watch), on_lists_(std::move(on_lists)), on_countries_(std::move(on_countries)) {}

void GateFiles::follow(const config::GlobalConfig& global,
                       const std::vector<config::LoadedFolder::File>& servers,
                       const std::vector<fs::path>& lists_of_bad_files) {
  std::set<fs::path> wanted(lists_of_bad_files.begin(), lists_of_bad_files.end());
  collect(wanted, global.ip_filter);
  if (global.trusted_proxies_file) wanted.insert(*global.trusted_proxies_file);
  for (const auto& file : servers)
    if (file.server.config && file.server.config->ip_filter)
      collect(wanted, *file.server.config->ip_filter);
  std::erase_if(lists_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (const fs::path& file : wanted) {
    if (lists_.contains(file)) continue;
    lists_[file] = watch_.watch_file(file, [this](const control::ChangedPaths&) { on_lists_(); });
  }
  follow_database(global.geoip.database.value_or(fs::path()));
}

void GateFiles::follow_database(const fs::path& file) {
  if (file == database_) return;
  database_ = file;
  database_watch_.release();
  if (file.empty()) {
    countries_.reset();
    return;
  }
  database_watch_ = watch_.watch_file(file, [this](const control::ChangedPaths&) {
    if (read_database()) on_countries_();
  });
  read_database();
}

bool GateFiles::read_database() {
  auto table = core::CountryTable::open(database_);
  if (!table) {
    log::error("config",
               countries_ ? "the country database is bad; the one that was read before is used"
                          : "the country database cannot be used",
               {{"reason", table.error().what}});
    return false;
  }
  countries_ = *std::move(table);
  log::info("config", "country database read", {{"file", database_.native()}});
  return true;
}

}  // namespace drawbridge::app
