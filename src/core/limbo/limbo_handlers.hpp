// The limbo handlers of this process by the name that `limbo_handlers` of a server calls them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/limbo.hpp"
#include "core/server.hpp"

namespace drawbridge::core {

// Thread-safe; asked once a player and handler. A handler that is removed lives on until the last
// player has left it.
class LimboHandlers {
 public:
  using HandlerPtr = std::shared_ptr<api::LimboHandler>;

  // False: the name is taken.
  bool add(std::string name, HandlerPtr handler);
  void remove(std::string_view name);
  // Null: there is none of that name.
  [[nodiscard]] HandlerPtr find(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, HandlerPtr, std::less<>> handlers_;
};

// The handlers before this server, in order. `waits`: who comes while it sleeps waits in the limbo,
// whether `server_wake` is named or not; else it is not asked.
std::vector<std::string> limbo_chain(const Server& server, bool waits);

// Whether there is a handler before this server that is not built in: one that may be there to keep
// players out, so that nobody may be led past it.
bool has_checks(const Server& server);

}  // namespace drawbridge::core
