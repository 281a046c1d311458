#include "features/http_discovery/discovery.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "config/tree.hpp"
#include "control/loopback_site.hpp"
#include "control/resolver.hpp"

namespace drawbridge::features::http_discovery {
namespace {

using control::http_answer;
using control::SiteRequest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string list_of(std::initializer_list<std::string> ids) {
  std::string out;
  for (const std::string& id : ids)
    out += fmt::format(R"({}{{"id":"{}","domains":["{}.example"],"addresses":["10.0.0.1"]}})",
                       out.empty() ? "" : ",", id, id);
  return R"({"servers":[)" + out + "]}";
}

class HttpDiscoveryTest : public ::testing::Test {
 protected:
  HttpDiscoveryTest() : site([this](const SiteRequest& request) { return answer(request); }) {
    settings.url = site.url("/list");
    settings.interval = milliseconds(5);
    settings.cache_file = std::filesystem::path(::testing::TempDir()) /
                          ("discovery" + std::to_string(getpid())) / "cache.json";
    std::filesystem::remove(settings.cache_file);
    control.start();
    control.run_and_wait([this] {
      resolver.emplace(control);
      http.emplace(control, *resolver);
    });
  }
  ~HttpDiscoveryTest() override {
    control.run_and_wait([this] {
      discovery.reset();
      http.reset();
      resolver.reset();
    });
  }
  std::string answer(const SiteRequest& request) {
    const std::scoped_lock lock(mutex);
    requests.push_back(request);
    changed.notify_all();
    if (request.target == "/report") return report_answer;
    if (!etag.empty() && request.header("If-None-Match") == etag) return "HTTP/1.1 304 X\r\n\r\n";
    return http_answer(status, list, etag.empty() ? "" : "ETag: " + etag + "\r\n");
  }
  void serve(std::string next, unsigned next_status = 200) {
    const std::scoped_lock lock(mutex);
    list = std::move(next);
    status = next_status;
  }
  void begin() {
    control.run_and_wait([this] {
      discovery.reset();
      DiscoveryHooks hooks;
      hooks.on_batch = [this](DiscoveryBatch batch) {
        const std::scoped_lock lock(mutex);
        for (const auto& [id, loaded] : batch.described)
          notes.push_back((loaded.config ? "+" : "!") + id);
        for (const std::string& id : batch.gone) notes.push_back("-" + id);
        changed.notify_all();
      };
      hooks.look = [this](const auto& seen) {
        const std::scoped_lock lock(mutex);
        seen(servers);
      };
      hooks.act = [this](const std::string& id, bool start) -> Result<> {
        const std::scoped_lock lock(mutex);
        notes.push_back((start ? "start " : "stop ") + id);
        changed.notify_all();
        return {};
      };
      discovery.emplace(control, *http, settings, std::move(hooks));
    });
  }
  std::vector<std::string> await_notes(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, seconds(20), [&] { return notes.size() >= count; });
    return notes;
  }
  // Until so many more requests for `target` have come.
  bool await_requests(std::size_t count, const std::string& target = "/list") {
    std::unique_lock lock(mutex);
    const auto of_target = [&] {
      return std::ranges::count(requests, target, &SiteRequest::target);
    };
    const auto wanted = of_target() + static_cast<std::ptrdiff_t>(count);
    return changed.wait_for(lock, seconds(20), [&] { return of_target() >= wanted; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::string list = list_of({"a"}), etag, report_answer = http_answer(200, "{}");
  unsigned status = 200;
  std::vector<SiteRequest> requests;
  std::vector<std::string> notes;
  std::vector<ReportedServer> servers;
  config::HttpDiscovery settings;
  control::LoopbackSite site;
  control::ControlThread control;
  std::optional<control::Resolver> resolver;
  std::optional<control::HttpClient> http;
  std::optional<HttpDiscovery> discovery;
};

TEST_F(HttpDiscoveryTest, TellsWhatComesChangesAndGoes) {
  begin();
  EXPECT_THAT(await_notes(1), ElementsAre("+a"));
  serve(list_of({"a", "b"}));
  EXPECT_THAT(await_notes(2), ElementsAre("+a", "+b"));
  serve(list_of({"b"}));
  EXPECT_THAT(await_notes(3), ElementsAre("+a", "+b", "-a"));
}

TEST_F(HttpDiscoveryTest, FailuresKeepWhatWasKnown) {
  begin();
  await_notes(1);
  for (const auto& [body, code] :
       {std::pair<std::string, unsigned>{"nothing", 500}, {"<html>", 200}, {list_of({}), 200}}) {
    serve(body, code);
    ASSERT_TRUE(await_requests(3));
    EXPECT_THAT(await_notes(1), ElementsAre("+a")) << body;
  }
}

TEST_F(HttpDiscoveryTest, AnEmptyListIsBelievedWhereThatIsAllowed) {
  settings.allow_empty = true;
  begin();
  await_notes(1);
  serve(list_of({}));
  EXPECT_THAT(await_notes(2), ElementsAre("+a", "-a"));
}

TEST_F(HttpDiscoveryTest, ABadEntryIsHandedOverAsOne) {
  serve(R"({"servers":[{"id":"bad","domians":[]},{"id":"a","domains":["x.org"],)"
        R"("addresses":["h"]}]})");
  begin();
  EXPECT_THAT(await_notes(2), ElementsAre("+a", "!bad"));
}

TEST_F(HttpDiscoveryTest, AsksOnlyForChanges) {
  etag = "\"one\"";
  begin();
  await_notes(1);
  ASSERT_TRUE(await_requests(2));
  {
    const std::scoped_lock lock(mutex);
    EXPECT_EQ(requests.front().header("If-None-Match"), "");
    EXPECT_EQ(requests.back().header("If-None-Match"), "\"one\"");
    etag = "\"two\"";
    list = list_of({"b"});
  }
  EXPECT_THAT(await_notes(3), ElementsAre("+a", "+b", "-a"));
}

TEST_F(HttpDiscoveryTest, ShowsItsToken) {
  settings.token = "sesame";
  settings.headers = {{"X-Site", "one"}};
  begin();
  await_notes(1);
  EXPECT_EQ(requests.front().header("Authorization"), "Bearer sesame");
  EXPECT_EQ(requests.front().header("X-Site"), "one");
}

TEST_F(HttpDiscoveryTest, TheLastListIsThereAfterARestartWithoutTheUrl) {
  etag = "\"one\"";
  begin();
  await_notes(1);
  ASSERT_TRUE(await_requests(1));
  control.run_and_wait([this] { discovery.reset(); });
  struct stat file{};
  ASSERT_EQ(stat(settings.cache_file.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  serve("gone", 500);
  notes.clear();
  requests.clear();
  begin();
  EXPECT_THAT(await_notes(1), ElementsAre("+a"));
  // The list of another URL is nothing that was asked for.
  control.run_and_wait([this] { discovery.reset(); });
  settings.url = site.url("/other");
  notes.clear();
  begin();
  ASSERT_TRUE(await_requests(2, "/other"));
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(HttpDiscoveryTest, ReportsAndObeysTheAnswer) {
  settings.report_url = site.url("/report");
  const auto uuid = Uuid::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5");
  servers = {{.id = "a",
              .state = "online",
              .connections = 1,
              .players = {{.name = "Notch", .uuid = uuid, .verified = true, .since = 1700000000}}}};
  report_answer =
      http_answer(200, R"({"actions":[{"id":"a","action":"stop"},{"id":"b","action":"start"},)"
                       R"({"id":"c","action":"explode"},5]})");
  begin();
  EXPECT_THAT(await_notes(3), ElementsAre("+a", "stop a", "start b"));
  const std::scoped_lock lock(mutex);
  const auto report = std::ranges::find(requests, "/report", &SiteRequest::target);
  ASSERT_NE(report, requests.end());
  EXPECT_EQ(report->method, "POST");
  EXPECT_THAT(report->body, HasSubstr("\"state\": \"online\""));
  EXPECT_THAT(report->body, HasSubstr("\"uuid\": \"069a79f4-44e9-4726-a5be-fca90e38aaf5\""));
  EXPECT_THAT(report->body, HasSubstr("\"since\": 1700000000"));
  const auto parsed = config::parse_json(report->body);
  ASSERT_TRUE(parsed);
  EXPECT_NE(parsed->find("instance"), nullptr);
}

TEST_F(HttpDiscoveryTest, AChangeIsReportedBeforeTheIntervalIsOver) {
  settings.report_url = site.url("/report");
  settings.report_interval = hours(1);
  servers = {{.id = "a", .state = "sleeping", .connections = 0, .players = {}}};
  begin();
  ASSERT_TRUE(await_requests(1, "/report"));
  {
    const std::scoped_lock lock(mutex);
    servers[0].state = "starting";
  }
  ASSERT_TRUE(await_requests(1, "/report"));
  EXPECT_THAT(requests.back().body + (requests.end() - 2)->body, HasSubstr("starting"));
}

}  // namespace
}  // namespace drawbridge::features::http_discovery
