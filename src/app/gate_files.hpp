// Files that the configuration names for the gate: lists of networks and the country database.
// Watches those that are named now, and keeps the last good database. Control context.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "config/global.hpp"
#include "config/load.hpp"
#include "control/file_watch.hpp"
#include "core/gate/countries.hpp"

namespace drawbridge::app {

class GateFiles {
 public:
  // `watch` outlives this. `on_lists`: a list changed, read the configuration again.
  // `on_countries`: countries() is another one.
  GateFiles(control::FileWatch& watch, std::function<void()> on_lists,
            std::function<void()> on_countries);
  GateFiles(const GateFiles&) = delete;
  GateFiles& operator=(const GateFiles&) = delete;

  // What the configuration names now, and lists of servers' files that are bad. Watches new files
  // before it returns, and reads the database if it is another one.
  void follow(const config::GlobalConfig& global,
              const std::vector<config::LoadedFolder::File>& servers,
              const std::vector<std::filesystem::path>& lists_of_bad_files);
  // Null: none is named, or it could not be read.
  [[nodiscard]] const core::CountryTablePtr& countries() const { return countries_; }

 private:
  void follow_database(const std::filesystem::path& file);
  bool read_database();

  control::FileWatch& watch_;
  std::function<void()> on_lists_;
  std::function<void()> on_countries_;
  std::map<std::filesystem::path, control::FileWatch::Handle> lists_;
  std::filesystem::path database_;
  control::FileWatch::Handle database_watch_;
  core::CountryTablePtr countries_;
};

// Whether a server's file names lists: it is read anew when one of them changes.
bool names_lists(const config::ServerConfig& server);

}  // namespace drawbridge::app
