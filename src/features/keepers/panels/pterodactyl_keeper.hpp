// Servers of a Pterodactyl panel, through its client API.
//
// The panel keeps a server's state for 20 seconds before it asks the daemon again; so a `stopped`
// that soon after a start says nothing. Its `running` is not readiness.
#pragma once

#include <functional>
#include <string>

#include "api/keeper.hpp"
#include "config/server.hpp"
#include "features/keepers/http_calls.hpp"

namespace drawbridge::features::keepers::panels {

class PterodactylKeeper final : public api::Keeper {
 public:
  // Both outlive the keeper.
  PterodactylKeeper(control::ControlThread& control, control::HttpClient& http,
                    const config::ServerManager& settings);

  [[nodiscard]] api::KeeperAbilities abilities() const override { return {.lag = seconds(20)}; }
  void start(api::WakeRequest request, StartDone done) override;
  void stop(api::StopRequest request, StopDone done) override;
  void query(QueryDone done) override;
  void proxy_ends(std::function<void()> done) override { control_.post(std::move(done)); }

 private:
  void signal(std::string_view word, StopDone done);

  control::ControlThread& control_;
  const std::string server_;  // URL of the server's part of the API
  HttpCalls calls_;
};

}  // namespace drawbridge::features::keepers::panels
