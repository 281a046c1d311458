#include "core/limbo/limbo_handlers.hpp"

#include <utility>

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

}  // namespace drawbridge::core
