// The file of drained addresses (core/drains.hpp), kept live: watched, edited for commands, and
// held against the servers that there are, since a slip in it drains nothing. Control context.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "control/file_watch.hpp"
#include "core/balance.hpp"
#include "core/drains.hpp"
#include "core/world.hpp"

namespace drawbridge::app {

class DrainBook {
 public:
  // All outlive this. Reads the file before it returns.
  DrainBook(control::FileWatch& watch, std::filesystem::path file, core::BackendPools& pools);
  DrainBook(const DrainBook&) = delete;
  DrainBook& operator=(const DrainBook&) = delete;

  // Reads the file again; what was known stays where it cannot be read.
  void read();
  // What there is from now on. A line that names none of it is said once for as long as it lasts.
  void set_world(core::WorldPtr world);
  // Writes the file and reads it. `address` as the pool spells it.
  Result<> change(const std::string& server, const std::string& address, bool drained);

 private:
  [[nodiscard]] std::string why_not(const core::DrainedAddress& one) const;
  void tell();

  const std::filesystem::path file_;
  core::BackendPools& pools_;
  core::WorldPtr world_;
  core::DrainList list_;     // what the file says
  core::DrainList drained_;  // of it what there is, and what is wrong, as they were told last
  std::set<std::string> wrong_;
  control::FileWatch::Handle watch_;
};

}  // namespace drawbridge::app
