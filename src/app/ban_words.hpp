// The words ban, unban, bans and audit: they work on the ban file itself, under its lock, so they
// do the same whether a proxy runs or not. One that runs notices within a moment and throws out
// whom the ban means.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "config/load.hpp"
#include "core/bans/ban.hpp"

namespace drawbridge::app {

struct BanWords {
  std::string target;
  std::string duration;  // --for; empty: for ever
  std::optional<std::string> reason;
  bool json = false;
  core::BanSource source = {};  // who it is
};

// What to print, and the exit code.
struct BanReport {
  std::string text;
  int exit_code = 0;
};

// `config` and `overlays` say which file it is, as for `run`.
BanReport add_ban(const BanWords& words, const std::optional<std::filesystem::path>& config,
                  const config::Overlays& overlays);
BanReport add_ban(const BanWords& words, const config::Ban& settings);
BanReport remove_ban(const BanWords& words, const config::Ban& settings);
BanReport remove_ban(const BanWords& words, const std::optional<std::filesystem::path>& config,
                     const config::Overlays& overlays);
BanReport list_bans(const BanWords& words, const std::optional<std::filesystem::path>& config,
                    const config::Overlays& overlays);
BanReport list_audit(const BanWords& words, const std::optional<std::filesystem::path>& config,
                     const config::Overlays& overlays);

}  // namespace drawbridge::app
