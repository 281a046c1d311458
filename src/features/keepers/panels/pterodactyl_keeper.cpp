#include "features/keepers/panels/pterodactyl_keeper.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/strings.hpp"
#include "control/url.hpp"

namespace drawbridge::features::keepers::panels {

namespace {

HttpCalls::Options options_for(const config::ServerManager& settings) {
  return {.headers = {{.name = "Authorization", .before = "Bearer ", .text = settings.api_key},
                      {.name = "Accept", .text = "application/json"}},
          .ca_file = settings.ca_file.value_or("")};
}

// {"errors": [{"code", "status", "detail"}]}
std::string detail_of(const control::HttpResponse& answer) {
  const auto root = config::parse_json(answer.body);
  const config::Node* errors = root && root->is_table() ? root->find("errors") : nullptr;
  if (errors == nullptr || !errors->is_list() || errors->children.empty()) return {};
  const config::Node& first = errors->children.front();
  std::string detail = text_at(first, {"detail"});
  if (detail.empty()) detail = text_at(first, {"code"});
  return detail.empty() ? "" : fmt::format(" ({})", escaped_for_log(detail, 200));
}

// What a status means for whoever has to mend it.
Error explain(const control::HttpResponse& answer) {
  const auto words = [&]() -> std::string_view {
    switch (answer.status) {
      case 401:
        return "the panel does not accept the API key";
      case 403:
        return "the API key may not do this";
      case 404:
        return "the panel knows no such server, or the key may not see it";
      case 409:
        return "the panel cannot do this now: the server is suspended or being installed, or its "
               "node is in maintenance";
      case 502:
      case 504:
        return "the panel does not reach the server's daemon";
      default:
        return answer.status >= 500 ? "the panel or the server's daemon failed"
                                    : "the panel refused";
    }
  }();
  return {fmt::format("{}: {}{}", answer.status, words, detail_of(answer)), Fault::backend};
}

api::KeeperReport report_of(const config::Node& attributes) {
  const config::Node* suspended = attributes.find("is_suspended");
  if (suspended != nullptr && suspended->boolean)
    return {.state = api::KeeperState::stopped, .detail = "suspended"};
  const std::string state = text_at(attributes, {"current_state"});
  if (state == "running") return {.state = api::KeeperState::running};
  if (state == "starting") return {.state = api::KeeperState::starting};
  if (state == "stopping") return {.state = api::KeeperState::stopping};
  if (state == "offline" || state == "stopped") return {.state = api::KeeperState::stopped};
  return {.state = api::KeeperState::unknown,
          .detail = "the panel says \"" + escaped_for_log(state, 40) + "\""};
}

}  // namespace

PterodactylKeeper::PterodactylKeeper(control::ControlThread& control, control::HttpClient& http,
                                     const config::ServerManager& settings)
    : control_(control),
      server_(without_slash(settings.api_url) + "/api/client/servers/" +
              control::url_escaped(settings.server_id)),
      calls_(control, http, options_for(settings)) {}

void PterodactylKeeper::signal(std::string_view word, StopDone done) {
  calls_.post(server_ + "/power", fmt::format(R"({{"signal":"{}"}})", word),
              {{"Content-Type", "application/json"}}, [done = std::move(done)](auto answer) {
                if (!answer) return done(std::unexpected(std::move(answer.error())));
                if (answer->status / 100 != 2) return done(std::unexpected(explain(*answer)));
                done({});
              });
}

void PterodactylKeeper::start(api::WakeRequest, StartDone done) {
  signal("start", [done = std::move(done)](Result<> result) {
    if (!result) return done(std::unexpected(std::move(result.error())));
    done(api::KeeperReport{.state = api::KeeperState::starting});
  });
}

void PterodactylKeeper::stop(api::StopRequest, StopDone done) {
  signal("stop", std::move(done));
}

void PterodactylKeeper::query(QueryDone done) {
  calls_.get(server_ + "/resources", [done = std::move(done)](auto answer) {
    if (!answer) return done(std::unexpected(std::move(answer.error())));
    if (answer->status != 200) return done(std::unexpected(explain(*answer)));
    const auto root = config::parse_json(answer->body);
    const config::Node* attributes = root && root->is_table() ? root->find("attributes") : nullptr;
    if (attributes == nullptr || !attributes->is_table())
      return done(fail(Fault::backend, "the panel's answer cannot be understood"));
    done(report_of(*attributes));
  });
}

}  // namespace drawbridge::features::keepers::panels
