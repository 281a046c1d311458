// Servers that somebody else's program starts: a POST to start, one to stop, and a GET for the
// state where there is a URL for that. docs/keepers.md has the bodies.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/keeper.hpp"
#include "config/server.hpp"
#include "features/keepers/http_calls.hpp"

namespace drawbridge::features::keepers::webhook {

// "sha256=" and the HMAC-SHA256 of "timestamp.body", in hexadecimal digits.
std::string signature(std::string_view secret, std::string_view timestamp, std::string_view body);

class WebhookKeeper final : public api::Keeper {
 public:
  // Both outlive the keeper. Seconds since 1970 come from `now` (tests).
  WebhookKeeper(control::ControlThread& control, control::HttpClient& http,
                const config::ServerConfig& server, std::function<std::int64_t()> now = {});

  [[nodiscard]] api::KeeperAbilities abilities() const override {
    return {.stops = stop_url_.has_value(), .queries = status_url_.has_value()};
  }
  void start(api::WakeRequest request, StartDone done) override;
  void stop(api::StopRequest request, StopDone done) override;
  void query(QueryDone done) override;
  void proxy_ends(std::function<void()> done) override { control_.post(std::move(done)); }

 private:
  void call(const std::string& url, std::string body, StartDone done);
  [[nodiscard]] std::string body(std::string_view action, const api::WakeRequest& request,
                                 std::string_view reason) const;

  control::ControlThread& control_;
  const std::string server_;   // id
  const std::string backend_;  // first address, as configured
  const std::string start_url_;
  const std::optional<std::string> stop_url_, status_url_;
  const std::optional<std::string> signing_;  // config::read_secret_text, at each call
  std::function<std::int64_t()> now_;
  HttpCalls calls_;
};

}  // namespace drawbridge::features::keepers::webhook
