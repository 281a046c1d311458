// The keepers against panels and webhooks that answer with the shapes of the real ones (their APIs
// as published; no real panel was at hand).
#include "features/keepers/remote_keepers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

#include "config/load.hpp"
#include "control/loopback_site.hpp"
#include "control/resolver.hpp"
#include "features/keepers/http_calls.hpp"
#include "features/keepers/webhook/webhook_keeper.hpp"

namespace drawbridge::features::keepers {
namespace {

using api::KeeperReport;
using api::KeeperState;
using control::http_answer;
using control::SiteRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class RemoteKeepers : public ::testing::Test {
 protected:
  RemoteKeepers()
      : site([this](const SiteRequest& request) {
          requests.push_back(request);
          if (!answers.empty()) {
            std::string next = std::move(answers.front());
            answers.erase(answers.begin());
            return next;
          }
          return answer;
        }) {
    control.start();
    control.run_and_wait([this] {
      resolver.emplace(control);
      http.emplace(control, *resolver);
    });
  }
  ~RemoteKeepers() override {
    control.run_and_wait([this] {
      keeper.reset();
      http.reset();
      resolver.reset();
    });
  }

  // A keeper with these lines of [server_manager].
  void make(const std::string& manager) {
    const auto loaded = config::load_server(
        "domains = ['a.example']\naddresses = ['mc:25570']\n"
        "[server_manager]\n" +
            manager,
        "lobby.toml");
    for (const auto& problem : loaded.problems) EXPECT_EQ(problem.text(), "");
    ASSERT_TRUE(loaded.config);
    const config::GlobalConfig global;
    control.run_and_wait([&] {
      keeper = make_remote({.control = control, .http = *http, .state_dir = {}},
                           {.server = *loaded.config, .global = global, .on_report = {}});
    });
    ASSERT_TRUE(keeper);
  }
  void make_panel(const std::string& type) {
    make("type = '" + type + "'\napi_url = '" + site.url("/") +
         "'\napi_key = 'ptlc_secret'\nserver_id = '1a2b3c4d'\n");
  }
  Result<KeeperReport> start(api::WakeRequest request = {}) {
    std::promise<Result<KeeperReport>> promise;
    control.run_and_wait([&] {
      keeper->start(std::move(request), [&](auto r) { promise.set_value(std::move(r)); });
    });
    return promise.get_future().get();
  }
  Result<> stop() {
    std::promise<Result<>> promise;
    control.run_and_wait(
        [&] { keeper->stop({.why = "idle"}, [&](auto r) { promise.set_value(std::move(r)); }); });
    return promise.get_future().get();
  }
  Result<KeeperReport> query() {
    std::promise<Result<KeeperReport>> promise;
    control.run_and_wait([&] { keeper->query([&](auto r) { promise.set_value(std::move(r)); }); });
    return promise.get_future().get();
  }
  KeeperState state(unsigned status, const std::string& body) {
    answer = http_answer(status, body);
    const auto report = query();
    EXPECT_TRUE(report) << report.error().what;
    return report ? report->state : KeeperState::unknown;
  }
  template <typename T>
  static std::string error_of(const Result<T>& result) {
    return result ? "(none)" : result.error().what;
  }

  std::vector<SiteRequest> requests;
  std::vector<std::string> answers;  // before `answer`
  std::string answer = http_answer(204, "");
  control::LoopbackSite site;
  control::ControlThread control;
  std::optional<control::Resolver> resolver;
  std::optional<control::HttpClient> http;
  std::unique_ptr<api::Keeper> keeper;
};

// --- Pterodactyl

std::string resources(const std::string& state, const std::string& suspended = "false") {
  return R"({"object":"stats","attributes":{"current_state":")" + state + R"(","is_suspended":)" +
         suspended + R"(,"resources":{"memory_bytes":1,"uptime":2}}})";
}

TEST_F(RemoteKeepers, PterodactylGetsPowerSignals) {
  make_panel("pterodactyl");
  EXPECT_EQ(start()->state, KeeperState::starting);
  EXPECT_TRUE(stop());
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/api/client/servers/1a2b3c4d/power");
  EXPECT_EQ(requests[0].body, R"({"signal":"start"})");
  EXPECT_EQ(requests[0].header("Content-Type"), "application/json");
  EXPECT_EQ(requests[0].header("Authorization"), "Bearer ptlc_secret");
  EXPECT_EQ(requests[0].header("Accept"), "application/json");
  EXPECT_EQ(requests[1].body, R"({"signal":"stop"})");
}

TEST_F(RemoteKeepers, PterodactylTellsItsStateAndThatItMayBeOld) {
  make_panel("pterodactyl");
  EXPECT_EQ(keeper->abilities().lag, seconds(20));
  EXPECT_EQ(state(200, resources("running")), KeeperState::running);
  EXPECT_EQ(requests[0].target, "/api/client/servers/1a2b3c4d/resources");
  EXPECT_EQ(state(200, resources("starting")), KeeperState::starting);
  EXPECT_EQ(state(200, resources("stopping")), KeeperState::stopping);
  EXPECT_EQ(state(200, resources("offline")), KeeperState::stopped);
  // What the panel says when it does not know the daemon's word.
  EXPECT_EQ(state(200, resources("stopped")), KeeperState::stopped);
  EXPECT_EQ(state(200, resources("running", "true")), KeeperState::stopped);
  EXPECT_EQ(state(200, resources("melting")), KeeperState::unknown);
}

TEST_F(RemoteKeepers, PterodactylsErrorsAreToldApart) {
  make_panel("pterodactyl");
  const auto refused = [&](unsigned status) {
    answer = http_answer(status, R"({"errors":[{"code":"C","status":"s","detail":"its words"}]})");
    return error_of(start());
  };
  EXPECT_THAT(refused(401), HasSubstr("does not accept the API key (its words)"));
  EXPECT_THAT(refused(403), HasSubstr("may not do this"));
  EXPECT_THAT(refused(404), HasSubstr("knows no such server, or the key may not see it"));
  EXPECT_THAT(refused(409), HasSubstr("suspended or being installed"));
  EXPECT_THAT(refused(502), HasSubstr("does not reach the server's daemon"));
  EXPECT_THAT(refused(504), HasSubstr("does not reach the server's daemon"));
  EXPECT_THAT(refused(500), HasSubstr("daemon failed"));
  const std::size_t before = requests.size();
  refused(503);
  EXPECT_EQ(requests.size(), before + 1);  // an order is never sent twice
  answer = http_answer(200, "<html>");
  EXPECT_THAT(error_of(query()), HasSubstr("cannot be understood"));
}

TEST_F(RemoteKeepers, APanelThatIsAskedTooOftenIsLeftAlone) {
  make_panel("pterodactyl");
  answer = http_answer(429, "{}", "Retry-After: 40\r\n");
  EXPECT_THAT(error_of(query()), HasSubstr("asked too often (429)"));
  EXPECT_THAT(error_of(query()), HasSubstr("silent for"));
  EXPECT_THAT(error_of(start()), HasSubstr("silent for"));
  EXPECT_THAT(requests, SizeIs(1));
}

TEST_F(RemoteKeepers, QuestionsAreAskedAgainWhenTheWayFails) {
  make_panel("pterodactyl");
  answers = {http_answer(502, "{}"), ""};
  EXPECT_EQ(state(200, resources("running")), KeeperState::running);
  EXPECT_THAT(requests, SizeIs(3));
  answer = http_answer(502, R"({"errors":[]})");
  EXPECT_THAT(error_of(query()), HasSubstr("does not reach"));
  EXPECT_THAT(requests, SizeIs(6));
}

// --- Crafty

TEST_F(RemoteKeepers, CraftyIsToldToActAndTellsWhetherTheProcessRuns) {
  make_panel("crafty");
  answer = http_answer(200, R"({"status":"ok"})");
  EXPECT_EQ(start()->state, KeeperState::starting);
  EXPECT_TRUE(stop());
  EXPECT_EQ(requests[0].target, "/api/v2/servers/1a2b3c4d/action/start_server");
  EXPECT_EQ(requests[0].header("Authorization"), "Bearer ptlc_secret");
  EXPECT_EQ(requests[1].target, "/api/v2/servers/1a2b3c4d/action/stop_server");
  EXPECT_EQ(state(200, R"({"status":"ok","data":{"running":true,"int_ping_results":"False"}})"),
            KeeperState::running);
  EXPECT_EQ(requests[2].target, "/api/v2/servers/1a2b3c4d/stats");
  EXPECT_EQ(state(200, R"({"status":"ok","data":{"running":false}})"), KeeperState::stopped);
}

TEST_F(RemoteKeepers, CraftyThatIsAlreadyThereIsNoError) {
  make_panel("crafty");
  answer = http_answer(400, R"({"status":"error","error":"SER_RUNNING"})");
  EXPECT_TRUE(start());
  answer = http_answer(400, R"({"status":"error","error":"SER_NOT_RUNNING"})");
  EXPECT_TRUE(stop());
  EXPECT_FALSE(start());
}

TEST_F(RemoteKeepers, CraftysErrorsAreToldApart) {
  make_panel("crafty");
  const auto refused = [&](unsigned status, const std::string& word) {
    answer = http_answer(status, R"({"status":"error","error":")" + word + "\"}");
    return error_of(start());
  };
  EXPECT_THAT(refused(403, "ACCESS_DENIED"), HasSubstr("does not accept the token"));
  EXPECT_THAT(refused(400, "NOT_AUTHORIZED"), HasSubstr("may not do this"));
  EXPECT_THAT(refused(404, "NOT_FOUND"), HasSubstr("knows no such server"));
  // An error is one even where the status says otherwise.
  EXPECT_THAT(refused(200, "NOT_FOUND"), HasSubstr("knows no such server"));
}

// --- Webhooks

TEST_F(RemoteKeepers, AWebhookIsToldWhoWakesWhat) {
  make("type = 'webhook'\nstart_url = '" + site.url("/hook") + "'\nstop_url = '" +
       site.url("/hook") + "'\nheaders = { X-Key = 'k' }\n");
  const auto uuid = Uuid::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5");
  EXPECT_EQ(start({.cause = api::WakeCause::login,
                   .player = "Notch",
                   .uuid = uuid,
                   .verified = true,
                   .host = "a.example"})
                ->state,
            KeeperState::starting);
  EXPECT_TRUE(stop());
  ASSERT_THAT(requests, SizeIs(2));
  const auto up = config::parse_json(requests[0].body);
  ASSERT_TRUE(up);
  EXPECT_EQ(text_at(*up, {"action"}), "up");
  EXPECT_EQ(text_at(*up, {"serverAddress"}), "a.example");
  EXPECT_EQ(text_at(*up, {"backend"}), "mc:25570");
  EXPECT_EQ(text_at(*up, {"server"}), "lobby");
  EXPECT_EQ(text_at(*up, {"reason"}), "login");
  EXPECT_EQ(text_at(*up, {"player", "name"}), "Notch");
  EXPECT_EQ(text_at(*up, {"player", "uuid"}), "069a79f4-44e9-4726-a5be-fca90e38aaf5");
  EXPECT_TRUE(up->find("player")->find("verified")->boolean);
  EXPECT_EQ(requests[0].header("X-Key"), "k");
  EXPECT_EQ(requests[0].header("X-Drawbridge-Signature"), "");
  const auto down = config::parse_json(requests[1].body);
  EXPECT_EQ(text_at(*down, {"action"}), "down");
  EXPECT_EQ(text_at(*down, {"reason"}), "idle");
  EXPECT_EQ(down->find("player"), nullptr);
}

TEST_F(RemoteKeepers, AWebhookMayAnswerWithTheAddress) {
  make("type = 'webhook'\nstart_url = '" + site.url("/hook") + "'\n");
  answer = http_answer(200, R"({"backend":"10.0.0.9:25570"})");
  EXPECT_EQ(start()->address, "10.0.0.9:25570");
  answer = http_answer(200, "started");
  EXPECT_FALSE(start()->address);
  answer = http_answer(200, R"({"backend":"not an address"})");
  EXPECT_THAT(error_of(start()), HasSubstr("is no address"));
  answer = http_answer(302, "", "Location: /other\r\n");  // no redirects
  EXPECT_THAT(error_of(start()), HasSubstr("302"));
}

TEST_F(RemoteKeepers, AWebhookCanDoWhatItHasUrlsFor) {
  make("type = 'webhook'\nstart_url = '" + site.url("/hook") + "'\n");
  EXPECT_FALSE(keeper->abilities().stops);
  EXPECT_FALSE(keeper->abilities().queries);
  EXPECT_THAT(error_of(stop()), HasSubstr("stop_url"));
  EXPECT_EQ(query()->state, KeeperState::unknown);
  make("type = 'webhook'\nstart_url = '" + site.url("/a") + "'\nstatus_url = '" +
       site.url("/state") + "'\n");
  EXPECT_EQ(state(200, R"({"state":"online"})"), KeeperState::running);
  EXPECT_EQ(state(200, R"({"state":"starting"})"), KeeperState::starting);
  EXPECT_EQ(state(200, R"({"state":"stopped"})"), KeeperState::stopped);
  EXPECT_EQ(state(200, R"({"state":"asleep"})"), KeeperState::unknown);
  answer = http_answer(200, R"({"state":"online","address":"10.0.0.9"})");
  EXPECT_EQ(query()->address, "10.0.0.9:25565");
}

TEST_F(RemoteKeepers, AWebhookIsSigned) {
  make("type = 'webhook'\nstart_url = '" + site.url("/hook") + "'\nsecret = 'hush'\n");
  EXPECT_TRUE(start());
  const SiteRequest& request = requests.at(0);
  EXPECT_EQ(request.header("X-Drawbridge-Signature"),
            webhook::signature("hush", request.header("X-Drawbridge-Timestamp"), request.body));
  EXPECT_THAT(request.head + request.body, Not(HasSubstr("hush")));
  // From `printf '%s' '1700000000.{"action":"up"}' | openssl dgst -sha256 -hmac hush`.
  EXPECT_EQ(webhook::signature("hush", "1700000000", R"({"action":"up"})"),
            "sha256=147bd76a1cede96d95392eb228174537d839e9459d1549616ea5467c8fc14e93");
}

TEST_F(RemoteKeepers, SecretsMayStandElsewhere) {
  setenv("DRAWBRIDGE_TEST_KEY", "from-the-environment", 1);
  make("type = 'crafty'\napi_url = '" + site.url() +
       "'\napi_key = 'env:DRAWBRIDGE_TEST_KEY'\nserver_id = 'x'\n");
  static_cast<void>(start());
  EXPECT_EQ(requests.at(0).header("Authorization"), "Bearer from-the-environment");
  make("type = 'crafty'\napi_url = '" + site.url() +
       "'\napi_key = 'file:/nowhere'\nserver_id = 'x'\n");
  EXPECT_THAT(error_of(start()), HasSubstr("/nowhere"));
  EXPECT_THAT(error_of(query()), HasSubstr("/nowhere"));
}

// A mount that comes late, a key that is exchanged: neither needs a restart.
TEST_F(RemoteKeepers, ASecretIsReadForEachCall) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / fmt::format("keys{}", getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto key = folder / "key";
  make("type = 'pterodactyl'\napi_url = '" + site.url() + "'\napi_key = 'file:" + key.native() +
       "'\nserver_id = 'x'\n");
  EXPECT_THAT(error_of(start()), HasSubstr(key.native()));
  for (const std::string text : {"first", "second"}) {
    std::ofstream(key) << text << "\n";
    EXPECT_TRUE(start());
    EXPECT_EQ(requests.back().header("Authorization"), "Bearer " + text);
  }
  make("type = 'webhook'\nstart_url = '" + site.url("/hook") +
       "'\nsecret = 'file:" + (folder / "none").native() + "'\n");
  EXPECT_THAT(error_of(start()), HasSubstr("none"));
  EXPECT_THAT(requests, SizeIs(2));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace drawbridge::features::keepers
