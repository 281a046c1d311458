#include "features/keepers/docker/docker_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "control/url.hpp"

namespace drawbridge::features::keepers::docker {

using control::DockerContainer;
using control::DockerEngine;

namespace {

constexpr std::string_view compose_mark = "compose:";
constexpr Duration start_patience = minutes(1);  // images may have to be mounted, networks made
constexpr Duration stop_patience = seconds(30);  // beyond the time that the server gets
constexpr Duration settling = milliseconds(20);  // events come in groups

// "compose:project/service" as a filter of the container list.
std::string compose_query(std::string_view reference) {
  const auto slash = reference.find('/');
  const std::string_view project = reference.substr(0, slash);
  const std::string_view service =
      slash == reference.npos ? std::string_view() : reference.substr(slash + 1);
  std::string filter = R"({"label":["com.docker.compose.project=)";
  filter += project;
  filter += R"(","com.docker.compose.service=)";
  filter += service;
  filter += R"("]})";
  return "/containers/json?all=true&filters=" + control::url_escaped(filter);
}

// What a server ends with that was told to end: by INT, KILL, TERM (a JVM: 143).
bool ends_by_signal(int code) {
  return code == 130 || code == 137 || code == 143;
}

}  // namespace

DockerKeeper::DockerKeeper(control::ControlThread& control, DockerEngine& engine,
                           const config::ServerManager& settings, api::KeeperReports on_report)
    : control_(control),
      engine_(engine),
      container_(settings.container.value_or("")),
      idle_action_(settings.idle_action),
      stop_time_(settings.shutdown_timeout),
      on_report_(std::move(on_report)) {
  listening_ =
      engine_.listen({.on_event = [this](const control::DockerEvent& event) { heard(event); },
                      .on_link =
                          [this](bool up) {
                            if (up) report_soon();
                          }});
}

// --- Which container

void DockerKeeper::find(Found found) {
  if (!container_.starts_with(compose_mark)) {
    control_.post(
        [found = std::move(found), name = container_] { found(control::url_escaped(name)); });
    return;
  }
  engine_.ask("GET", compose_query(container_.substr(compose_mark.size())),
              [found = std::move(found), reference = container_](auto answer) {
                if (!answer) return found(std::unexpected(std::move(answer.error())));
                auto list = control::parse_docker_list(answer->body);
                if (!list) return found(std::unexpected(std::move(list.error())));
                if (list->empty())
                  return found(fail(Fault::backend, "there is no container of {}", reference));
                // One that runs comes first: of several replicas it is the one that players are on.
                const auto runs = std::ranges::find(*list, true, &control::DockerListed::running);
                found(runs == list->end() ? list->front().id : runs->id);
              });
}

void DockerKeeper::inspect(Inspected inspected) {
  find(guarded([this, inspected = std::move(inspected)](Result<std::string> id) mutable {
    if (!id) return inspected(std::unexpected(std::move(id.error())));
    engine_.ask("GET", "/containers/" + *id + "/json",
                guarded([this, inspected = std::move(inspected)](auto answer) {
                  if (!answer) return inspected(std::unexpected(std::move(answer.error())));
                  auto container = control::parse_docker_container(answer->body);
                  if (container) id_ = container->id;
                  inspected(std::move(container));
                }));
  }));
}

// --- Orders

void DockerKeeper::order(const std::string& what, Duration timeout, const StopDone& done) {
  engine_.ask("POST", "/containers/" + id_ + "/" + what, guarded([done](auto answer) {
                if (!answer) return done(std::unexpected(std::move(answer.error())));
                done({});
              }),
              timeout);
}

void DockerKeeper::start(api::WakeRequest, StartDone done) {
  inspect([this, done = std::move(done)](Result<DockerContainer> container) {
    if (!container) return done(std::unexpected(std::move(container.error())));
    if (container->state == DockerContainer::State::running) return done(report_of(*container));
    const bool paused = container->state == DockerContainer::State::paused;
    order(paused ? "unpause" : "start", start_patience, [done](Result<> result) {
      if (!result) return done(std::unexpected(std::move(result.error())));
      done(api::KeeperReport{.state = api::KeeperState::starting});
    });
  });
}

void DockerKeeper::stop(api::StopRequest, StopDone done) {
  inspect([this, done = std::move(done)](Result<DockerContainer> container) {
    if (!container) return done(std::unexpected(std::move(container.error())));
    const auto state = container->state;
    const bool paused = state == DockerContainer::State::paused;
    const bool pauses = idle_action_ == config::IdleAction::pause;
    const bool up = state == DockerContainer::State::running ||
                    state == DockerContainer::State::restarting || (paused && !pauses);
    if (!up) return done({});
    if (pauses && state == DockerContainer::State::running)
      return order("pause", start_patience, done);
    const auto whole = std::chrono::ceil<seconds>(stop_time_);
    order(fmt::format("stop?t={}", whole.count()), whole + stop_patience, done);
  });
}

void DockerKeeper::query(QueryDone done) {
  inspect([this, done = std::move(done)](Result<DockerContainer> container) {
    if (container) return done(report_of(*container));
    if (!DockerEngine::is_missing(container.error()))
      return done(std::unexpected(std::move(container.error())));
    done(api::KeeperReport{.state = api::KeeperState::unknown,
                           .detail = fmt::format("there is no container {}", container_)});
  });
}

api::KeeperReport DockerKeeper::report_of(const DockerContainer& container) const {
  using State = DockerContainer::State;
  switch (container.state) {
    case State::running:
      return {.state = container.health == DockerContainer::Health::starting
                           ? api::KeeperState::starting
                           : api::KeeperState::running};
    case State::restarting:
      return {.state = api::KeeperState::starting, .detail = "the engine restarts it"};
    case State::paused:
      return {.state = api::KeeperState::stopped, .detail = "paused"};
    case State::created:
    case State::exited:
    case State::other:
      break;
  }
  if (!crash_.empty()) return {.state = api::KeeperState::crashed, .detail = crash_};
  return {
      .state = api::KeeperState::stopped,
      .detail = container.exit_code == 0 ? "" : fmt::format("exit code {}", container.exit_code)};
}

// --- What is heard

void DockerKeeper::heard(const control::DockerEvent& event) {
  if (event.kind != control::DockerEvent::Kind::container) return;
  const bool ours = event.container == id_ || event.name == container_;
  const bool may_be_ours = container_.starts_with(compose_mark) && event.action == "start";
  if (!ours && !may_be_ours) return;
  if (event.action == "die") return died(event);
  if (event.action == "start") {
    crash_.clear();
    crash_timer_.cancel();
  }
  if (event.action.starts_with("exec_") || event.action == "kill") return;
  report_soon();
}

void DockerKeeper::died(const control::DockerEvent& event) {
  const bool asked = event.asked && ends_by_signal(event.exit_code);
  if (event.exit_code != 0 && !asked) {
    crash_ = fmt::format("exit code {}", event.exit_code);
    crash_timer_ = control_.after(crash_shown, [this] {
      crash_.clear();
      report_soon();
    });
  }
  report_soon();
}

void DockerKeeper::report_soon() {
  if (!on_report_ || report_timer_.pending()) return;
  report_timer_ = control_.after(settling, [this] {
    query([this](Result<api::KeeperReport> report) {
      if (report) on_report_(std::move(*report));
    });
  });
}

}  // namespace drawbridge::features::keepers::docker
