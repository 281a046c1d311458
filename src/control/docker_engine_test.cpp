// The engine's API against a site that answers as an engine of version 20.10.24 does.
#include "control/docker_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "control/loopback_site.hpp"
#include "control/resolver.hpp"

namespace drawbridge::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string event(const std::string& action, const std::string& id, int exit_code = -1) {
  const std::string code =
      exit_code < 0 ? "" : R"(,"exitCode":")" + std::to_string(exit_code) + "\"";
  return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id +
         R"(","Attributes":{"image":"bb","name":"n)" + id + "\"" + code + "}}}\n";
}

class DockerEngineTest : public ::testing::Test {
 protected:
  DockerEngineTest()
      : site([this](const SiteRequest& request) { return answer(request); }, socket) {
    control.start();
    control.run_and_wait([this] {
      resolver.emplace(control);
      http.emplace(control, *resolver);
      engine.emplace(
          control, *http,
          DockerEngineOptions{
              .endpoint = "unix://" + socket, .tls = {}, .reconnect_delay = milliseconds(10)});
    });
  }
  ~DockerEngineTest() override {
    control.run_and_wait([this] {
      listening.end();
      engine.reset();
      http.reset();
      resolver.reset();
    });
  }

  std::string answer(const SiteRequest& request) {
    if (request.target.starts_with("/events")) {
      const std::scoped_lock lock(mutex);
      targets.push_back(request.target);
      return refuses_events ? http_answer(500, R"({"message":"not today"})")
                            : std::string(LoopbackSite::open_answer);
    }
    if (request.target == "/gone") return http_answer(404, R"({"message":"No such container: x"})");
    if (request.target == "/bad") return http_answer(500, R"({"message":"disk\nfull"})");
    if (request.target == "/again") return "HTTP/1.1 304 X\r\n\r\n";
    return http_answer(200, request.method + " " + request.target);
  }
  void listen() {
    control.run_and_wait([this] {
      listening = engine->listen({.on_event =
                                      [this](const DockerEvent& heard) {
                                        note(heard.action + " " + heard.name +
                                             (heard.asked ? " asked" : ""));
                                      },
                                  .on_link = [this](bool up) { note(up ? "up" : "down"); }});
    });
  }
  void note(std::string what) {
    const std::scoped_lock lock(mutex);
    notes.push_back(std::move(what));
    changed.notify_all();
  }
  // The notes, once there are so many.
  std::vector<std::string> await_notes(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, seconds(20), [&] { return notes.size() >= count; });
    return notes;
  }
  Result<HttpResponse> ask(const std::string& target) {
    std::promise<Result<HttpResponse>> promise;
    control.run_and_wait([&] {
      engine->ask("POST", target, [&](auto result) { promise.set_value(std::move(result)); });
    });
    return promise.get_future().get();
  }

  const std::string socket = ::testing::TempDir() + "engine" + std::to_string(getpid()) + ".sock";
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> notes, targets;
  bool refuses_events = false;
  LoopbackSite site;
  ControlThread control;
  std::optional<Resolver> resolver;
  std::optional<HttpClient> http;
  std::optional<DockerEngine> engine;
  DockerEngine::Listening listening;
};

TEST_F(DockerEngineTest, AsksOverItsSocket) {
  EXPECT_EQ(ask("/x")->body, "POST /x");
  EXPECT_EQ(ask("/again")->status, 304U);
}

TEST_F(DockerEngineTest, RefusalsBearTheEnginesWords) {
  EXPECT_THAT(ask("/bad").error().what, HasSubstr("disk\\x0afull"));
  const auto gone = ask("/gone");
  EXPECT_TRUE(DockerEngine::is_missing(gone.error()));
  EXPECT_THAT(gone.error().what, HasSubstr("No such container: x"));
}

TEST_F(DockerEngineTest, TellsOfEventsHoweverTheyAreCut) {
  listen();
  ASSERT_TRUE(site.await_open(1));
  const std::string first = event("start", "a");
  site.say(first.substr(0, 20));
  site.say(first.substr(20) + "nonsense\n" + event("rename", "b"));
  EXPECT_THAT(await_notes(3), ElementsAre("up", "start na", "rename nb"));
  EXPECT_THAT(targets[0], HasSubstr("container%22"));
}

TEST_F(DockerEngineTest, KnowsWhetherAnEndWasAskedFor) {
  listen();
  ASSERT_TRUE(site.await_open(1));
  site.say(event("die", "a", 137) + event("kill", "b") + event("die", "b", 137) +
           event("start", "b") + event("die", "b", 1));
  EXPECT_THAT(await_notes(6),
              ElementsAre("up", "die na", "kill nb", "die nb asked", "start nb", "die nb"));
}

TEST_F(DockerEngineTest, ComesBackAfterTheStreamBreaks) {
  listen();
  ASSERT_TRUE(site.await_open(1));
  site.cut();
  EXPECT_THAT(await_notes(3), ElementsAre("up", "down", "up"));
}

TEST_F(DockerEngineTest, TriesAgainWhenItIsRefused) {
  refuses_events = true;
  listen();
  std::unique_lock lock(mutex);
  while (targets.size() < 2) {
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
  refuses_events = false;
  lock.unlock();
  EXPECT_THAT(await_notes(1), ElementsAre("up"));
}

TEST_F(DockerEngineTest, TheStreamEndsWithTheLastWhoListens) {
  listen();
  ASSERT_TRUE(site.await_open(1));
  await_notes(1);
  control.run_and_wait([this] {
    listening.end();
    EXPECT_FALSE(engine->hears());
  });
  listen();
  EXPECT_THAT(await_notes(2), ElementsAre("up", "up"));
}

TEST_F(DockerEngineTest, GoesOverToAnotherEngine) {
  listen();
  await_notes(1);
  control.run_and_wait([this] {
    engine->configure({.endpoint = "unix:///nowhere/engine.sock",
                       .tls = {},
                       .reconnect_delay = milliseconds(10)});
  });
  EXPECT_THAT(await_notes(2), ElementsAre("up", "down"));
  EXPECT_THAT(ask("/x").error().what, HasSubstr("/nowhere/engine.sock"));
}

TEST(DockerEvent, NonsenseIsNothing) {
  for (const char* line : {"", "5", "{", R"({"Type":"container"})", R"({"Actor":5})",
                           R"({"Type":"volume","Actor":{"ID":"x","Attributes":{}}})"})
    EXPECT_FALSE(parse_docker_event(line)) << line;
  const auto network = parse_docker_event(
      R"({"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"c"}}})");
  ASSERT_TRUE(network);
  EXPECT_EQ(network->container, "c");
}

}  // namespace
}  // namespace drawbridge::control
