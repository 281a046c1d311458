#include "core/limbo/limbo_handlers.hpp"

#include <algorithm>
#include <utility>

#include "core/limbo/reconnect.hpp"
#include "core/limbo/server_wake.hpp"

namespace drawbridge::core {

bool LimboHandlers::add(std::string name, HandlerPtr handler) {
  const std::lock_guard lock(mutex_);
  return handlers_.try_emplace(std::move(name), std::move(handler)).second;
}

void LimboHandlers::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto at = handlers_.find(name);
  if (at != handlers_.end()) handlers_.erase(at);
}

LimboHandlers::HandlerPtr LimboHandlers::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto at = handlers_.find(name);
  return at == handlers_.end() ? nullptr : at->second;
}

std::vector<std::string> limbo_chain(const Server& server, bool waits) {
  std::vector<std::string> chain = server.config.limbo_handlers;
  const auto wake = std::ranges::find(chain, ServerWake::name);
  if (!waits && wake != chain.end()) chain.erase(wake);
  if (waits && wake == chain.end()) chain.emplace_back(ServerWake::name);
  return chain;
}

bool has_checks(const Server& server) {
  return std::ranges::any_of(server.config.limbo_handlers, [](const std::string& name) {
    return name != ServerWake::name && name != Reconnect::name;
  });
}

}  // namespace drawbridge::core
