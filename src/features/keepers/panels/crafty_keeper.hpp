// Servers of a Crafty 4 panel, through its API v2. Its `running` is true while the server boots:
// only a ping tells that players can join. The panel's own certificate is usually self-signed:
// `ca_file`.
#pragma once

#include <functional>
#include <string>

#include "api/keeper.hpp"
#include "config/server.hpp"
#include "features/keepers/http_calls.hpp"

namespace drawbridge::features::keepers::panels {

class CraftyKeeper final : public api::Keeper {
 public:
  // Both outlive the keeper.
  CraftyKeeper(control::ControlThread& control, control::HttpClient& http,
               const config::ServerManager& settings);

  [[nodiscard]] api::KeeperAbilities abilities() const override { return {}; }
  void start(api::WakeRequest request, StartDone done) override;
  void stop(api::StopRequest request, StopDone done) override;
  void query(QueryDone done) override;
  void proxy_ends(std::function<void()> done) override { control_.post(std::move(done)); }

 private:
  // `fine`: an error that means that it is so already.
  void act(std::string_view action, std::initializer_list<std::string_view> fine, StopDone done);

  control::ControlThread& control_;
  const std::string server_;  // URL of the server's part of the API
  HttpCalls calls_;
};

}  // namespace drawbridge::features::keepers::panels
