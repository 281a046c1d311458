// The registry: what every provider last said about its servers, and the worlds made of it.
//
// A provider reports each of its sources (a file, a container) by a key. A source whose description
// is bad keeps its last good version; one that is gone takes its server along, and a server that it
// kept out of a name or id steps in. The registry decides between providers, keeps Server objects
// whose description did not change, and builds worlds.
//
// Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "core/balance.hpp"
#include "core/server.hpp"
#include "core/services.hpp"
#include "core/world.hpp"

namespace drawbridge::core {

// What a new world changed among the servers, for the log and for caches.
struct WorldChange {
  WorldPtr world;
  std::vector<std::string> added, updated, removed;  // ids

  [[nodiscard]] bool servers_changed() const {
    return !added.empty() || !updated.empty() || !removed.empty();
  }
};

class Registry {
 public:
  // All of them outlive the registry.
  Registry(ServerStates& states, BackendPools& pools, GateMemory& memory, WakeRecords& wakes)
      : states_(states), pools_(pools), memory_(memory), wakes_(wakes) {}

  // What a source says now. A description with errors is noted and changes nothing else. Problems
  // are the caller's to log.
  void submit(Provider provider, std::string key, config::LoadedServer loaded);
  // The source is gone.
  void withdraw(Provider provider, std::string_view key);
  // All of its sources are.
  void withdraw_all(Provider provider);
  // The default server (id, or empty) where the global file names none.
  void offer_default(std::string id) { offered_default_ = std::move(id); }

  void set_global(std::shared_ptr<const config::GlobalConfig> global) {
    if (global->default_motd != global_->default_motd) default_motds_.reset();
    global_ = std::move(global);
  }
  [[nodiscard]] const std::shared_ptr<const config::GlobalConfig>& global() const {
    return global_;
  }
  // Null: there is none, and servers that ask for countries are withheld.
  void set_countries(CountryTablePtr countries) { countries_ = std::move(countries); }

  // The next world has the pictures as their files are then; else a picture is read when the
  // description that names it changes.
  void reread_pictures() { reread_pictures_ = true; }

  // Builds the next world and says what changed since the one before. Logs conflicts between
  // servers when they change.
  WorldChange build();
  // Two sources describe one id.
  [[nodiscard]] bool has_doubled_ids() const { return !same_ids_.empty(); }

  // Problems of every source whose description is bad now, for `config problems` and the API.
  [[nodiscard]] std::vector<config::Problem> problems() const;
  // Good descriptions with their files, for checks that need all of them.
  [[nodiscard]] std::vector<config::LoadedFolder::File> described() const;
  // Those that come from server files.
  [[nodiscard]] std::vector<config::LoadedFolder::File> described_by_files() const;

 private:
  struct Source {
    std::optional<config::ServerConfig> good;  // the last version without errors
    config::Problems problems;                 // of the version now
  };
  using SourceKey = std::pair<Provider, std::string>;  // its order is the order of authority

  ServerPtr make_server(const config::ServerConfig& config, Provider provider);
  [[nodiscard]] std::optional<std::string> why_withheld(const config::ServerConfig& config) const;
  void read_secret();
  [[nodiscard]] std::shared_ptr<const config::GlobalConfig> global_with_default() const;
  [[nodiscard]] std::vector<config::LoadedFolder::File> described_where(
      bool (*counts)(Provider)) const;

  ServerStates& states_;
  BackendPools& pools_;
  GateMemory& memory_;
  WakeRecords& wakes_;
  CountryTablePtr countries_;
  std::shared_ptr<const config::GlobalConfig> global_ = std::make_shared<config::GlobalConfig>();
  std::map<SourceKey, Source> sources_;
  std::map<std::string, ServerPtr> servers_;    // of the last world, by id
  std::string secret_;                          // empty: not needed, or not to be had
  std::string secret_report_;                   // what was last logged about it
  std::optional<PreparedMotds> default_motds_;  // of the global file now
  // Lines of the last world, that they are logged once.
  std::vector<std::string> same_ids_, conflicts_;
  std::shared_ptr<const PatternRoutes> patterns_;  // of the last world
  std::uint64_t generation_ = 0;
  bool reread_pictures_ = false;
  std::string offered_default_;
};

}  // namespace drawbridge::core
