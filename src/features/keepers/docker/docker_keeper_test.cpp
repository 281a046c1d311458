#include "features/keepers/docker/docker_keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>

#include "control/fake_docker_engine.hpp"
#include "control/resolver.hpp"

namespace drawbridge::features::keepers::docker {
namespace {

using api::KeeperReport;
using api::KeeperState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

config::ServerManager settings_of(const std::string& container,
                                  config::IdleAction idle = config::IdleAction::stop) {
  config::ServerManager out;
  out.type = config::KeeperType::docker;
  out.container = container;
  out.idle_action = idle;
  return out;
}

class DockerKeeperTest : public ::testing::Test {
 protected:
  DockerKeeperTest() {
    control.start();
    control.run_and_wait([this] {
      resolver.emplace(control);
      http.emplace(control, *resolver);
      engine.emplace(
          control, *http,
          control::DockerEngineOptions{
              .endpoint = fake.endpoint(), .tls = {}, .reconnect_delay = milliseconds(10)});
    });
    make(settings_of("mc"));
  }
  ~DockerKeeperTest() override {
    control.run_and_wait([this] {
      keeper.reset();
      engine.reset();
      http.reset();
      resolver.reset();
    });
  }
  void make(const config::ServerManager& settings) {
    control.run_and_wait([&] {
      keeper.reset();
      keeper.emplace(control, *engine, settings, [this](const KeeperReport& report) {
        const std::scoped_lock lock(mutex);
        reports.push_back(report);
        changed.notify_all();
      });
    });
  }
  void container(const std::string& status, int exit_code = 0) {
    fake.put("mc", {.status = status, .labels = {}, .ip = "127.0.0.1", .exit_code = exit_code});
  }
  Result<KeeperReport> start() {
    std::promise<Result<KeeperReport>> promise;
    control.run_and_wait(
        [&] { keeper->start({}, [&](auto r) { promise.set_value(std::move(r)); }); });
    return promise.get_future().get();
  }
  Result<> stop() {
    std::promise<Result<>> promise;
    control.run_and_wait(
        [&] { keeper->stop({}, [&](auto r) { promise.set_value(std::move(r)); }); });
    return promise.get_future().get();
  }
  Result<KeeperReport> query() {
    std::promise<Result<KeeperReport>> promise;
    control.run_and_wait([&] { keeper->query([&](auto r) { promise.set_value(std::move(r)); }); });
    return promise.get_future().get();
  }
  // Until a report says this; its detail.
  std::string await_report(KeeperState state) {
    std::unique_lock lock(mutex);
    std::string detail = "(no such report)";
    changed.wait_for(lock, seconds(20), [&] {
      for (const auto& report : reports) {
        if (report.state != state) continue;
        detail = report.detail;
        return true;
      }
      return false;
    });
    reports.clear();
    return detail;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<KeeperReport> reports;
  control::FakeDockerEngine fake{::testing::TempDir() + "keeper" + std::to_string(getpid()) +
                                 ".sock"};
  control::ControlThread control;
  std::optional<control::Resolver> resolver;
  std::optional<control::HttpClient> http;
  std::optional<control::DockerEngine> engine;
  std::optional<DockerKeeper> keeper;
};

TEST_F(DockerKeeperTest, StartsWhatIsStoppedAndUnpausesWhatIsPaused) {
  container("exited");
  EXPECT_EQ(start()->state, KeeperState::starting);
  EXPECT_EQ(start()->state, KeeperState::running);  // it runs by now: nothing is done
  container("paused");
  EXPECT_EQ(start()->state, KeeperState::starting);
  EXPECT_THAT(fake.orders(), ElementsAre("start mc", "unpause mc"));
}

TEST_F(DockerKeeperTest, StopsWithTheTimeThatTheServerGets) {
  container("running");
  EXPECT_TRUE(stop());
  EXPECT_TRUE(stop());
  EXPECT_THAT(fake.orders(), ElementsAre("stop mc t=60"));
}

TEST_F(DockerKeeperTest, PausesWhereThatIsTheIdleAction) {
  make(settings_of("mc", config::IdleAction::pause));
  container("running");
  EXPECT_TRUE(stop());
  EXPECT_TRUE(stop());
  EXPECT_THAT(fake.orders(), ElementsAre("pause mc"));
  EXPECT_EQ(query()->state, KeeperState::stopped);
}

TEST_F(DockerKeeperTest, TellsTheStateOfTheContainer) {
  const auto state = [&](const std::string& status) {
    container(status);
    return query()->state;
  };
  EXPECT_EQ(state("running"), KeeperState::running);
  EXPECT_EQ(state("restarting"), KeeperState::starting);
  EXPECT_EQ(state("created"), KeeperState::stopped);
  EXPECT_EQ(state("exited"), KeeperState::stopped);
}

TEST_F(DockerKeeperTest, AContainerThatIsNotThereIsSaidSo) {
  EXPECT_THAT(query()->detail, HasSubstr("no container mc"));
  EXPECT_THAT(start().error().what, HasSubstr("No such container"));
  EXPECT_THAT(fake.orders(), IsEmpty());
}

TEST_F(DockerKeeperTest, HearsWhenOthersStartAndStopIt) {
  ASSERT_TRUE(fake.await_listener());
  container("running");
  fake.say("start", "mc");
  EXPECT_EQ(await_report(KeeperState::running), "");
  container("exited", 143);
  fake.say("kill", "mc");
  fake.say("die", "mc", 143);
  EXPECT_EQ(await_report(KeeperState::stopped), "exit code 143");
}

TEST_F(DockerKeeperTest, AnEndThatNobodyAskedForIsACrash) {
  ASSERT_TRUE(fake.await_listener());
  container("exited", 1);
  fake.say("die", "mc", 1);
  EXPECT_EQ(await_report(KeeperState::crashed), "exit code 1");
  container("running");
  fake.say("start", "mc");
  EXPECT_EQ(await_report(KeeperState::running), "");
  container("exited", 137);  // killed, and not by way of the engine
  fake.say("die", "mc", 137);
  EXPECT_EQ(await_report(KeeperState::crashed), "exit code 137");
  EXPECT_EQ(query()->state, KeeperState::crashed);
}

TEST_F(DockerKeeperTest, FindsTheContainerOfAComposeService) {
  make(settings_of("compose:games/survival"));
  fake.put("games-survival-1", {.status = "exited",
                                .labels = {{"com.docker.compose.project", "games"},
                                           {"com.docker.compose.service", "survival"}}});
  fake.put("other", {});
  EXPECT_TRUE(start());
  EXPECT_THAT(fake.orders(), ElementsAre("start games-survival-1"));
  make(settings_of("compose:games/creative"));
  EXPECT_THAT(start().error().what, HasSubstr("no container of compose:games/creative"));
}

TEST_F(DockerKeeperTest, AKeeperThatGoesDropsItsAnswers) {
  container("exited");
  bool called = false;
  control.run_and_wait([&] {
    keeper->start({}, [&](auto) { called = true; });
    keeper.reset();
  });
  // The engine's answer to this comes after the one to that.
  make(settings_of("mc"));
  EXPECT_TRUE(query());
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace drawbridge::features::keepers::docker
