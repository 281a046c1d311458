#include "features/keepers/panels/crafty_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "control/url.hpp"

namespace drawbridge::features::keepers::panels {

namespace {

HttpCalls::Options options_for(const config::ServerManager& settings) {
  return {.headers = {{.name = "Authorization", .before = "Bearer ", .text = settings.api_key},
                      {.name = "Accept", .text = "application/json"}},
          .ca_file = settings.ca_file.value_or("")};
}

// {"status": "error", "error": "NOT_FOUND"}; "" when it is not one.
std::string error_word(const control::HttpResponse& answer) {
  const auto root = config::parse_json(answer.body);
  return root ? text_at(*root, {"error"}) : std::string();
}

Error explain(const control::HttpResponse& answer) {
  const std::string word = error_word(answer);
  std::string_view words = "the panel refused";
  if (word == "ACCESS_DENIED" || answer.status == 401)
    words = "the panel does not accept the token";
  else if (word == "NOT_AUTHORIZED" || answer.status == 403)
    words = "the token may not do this";
  else if (word == "NOT_FOUND" || answer.status == 404)
    words = "the panel knows no such server";
  else if (answer.status >= 500)
    words = "the panel failed";
  return {fmt::format("{}: {}{}", answer.status, words,
                      word.empty() ? "" : " (" + escaped_for_log(word, 60) + ")"),
          Fault::backend};
}

bool is_ok(const control::HttpResponse& answer) {
  return answer.status / 100 == 2 && error_word(answer).empty();
}

}  // namespace

CraftyKeeper::CraftyKeeper(control::ControlThread& control, control::HttpClient& http,
                           const config::ServerManager& settings)
    : control_(control),
      server_(without_slash(settings.api_url) + "/api/v2/servers/" +
              control::url_escaped(settings.server_id)),
      calls_(control, http, options_for(settings)) {}

void CraftyKeeper::act(std::string_view action, std::initializer_list<std::string_view> fine,
                       StopDone done) {
  calls_.post(fmt::format("{}/action/{}", server_, action), "", {},
              [done = std::move(done), fine = std::vector(fine)](auto answer) {
                if (!answer) return done(std::unexpected(std::move(answer.error())));
                if (is_ok(*answer)) return done({});
                const std::string word = error_word(*answer);
                if (std::ranges::find(fine, word) != fine.end()) return done({});
                done(std::unexpected(explain(*answer)));
              });
}

void CraftyKeeper::start(api::WakeRequest, StartDone done) {
  act("start_server", {"SER_RUNNING"}, [done = std::move(done)](Result<> result) {
    if (!result) return done(std::unexpected(std::move(result.error())));
    done(api::KeeperReport{.state = api::KeeperState::starting});
  });
}

void CraftyKeeper::stop(api::StopRequest, StopDone done) {
  act("stop_server", {"SER_NOT_RUNNING", "SER_STOP_CALLED"}, std::move(done));
}

void CraftyKeeper::query(QueryDone done) {
  calls_.get(server_ + "/stats", [done = std::move(done)](auto answer) {
    if (!answer) return done(std::unexpected(std::move(answer.error())));
    if (!is_ok(*answer)) return done(std::unexpected(explain(*answer)));
    const auto root = config::parse_json(answer->body);
    const config::Node* data = root && root->is_table() ? root->find("data") : nullptr;
    const config::Node* running =
        data != nullptr && data->is_table() ? data->find("running") : nullptr;
    if (running == nullptr || running->kind != config::Node::Kind::boolean)
      return done(fail(Fault::backend, "the panel's answer cannot be understood"));
    done(api::KeeperReport{.state = running->boolean ? api::KeeperState::running
                                                     : api::KeeperState::stopped});
  });
}

}  // namespace drawbridge::features::keepers::panels
