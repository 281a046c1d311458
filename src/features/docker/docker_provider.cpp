#include "features/docker/docker_provider.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace drawbridge::features::docker {

namespace {

// Several events of one container come together (die, disconnect, stop): one look serves them all.
constexpr Duration settling = milliseconds(20);
constexpr int seldom = 10;
// Beyond this something else than servers is labelled.
constexpr std::size_t most_containers = 4096;

bool concerns_us(const control::DockerEvent& event) {
  if (event.kind == control::DockerEvent::Kind::network)
    return event.action == "connect" || event.action == "disconnect";
  constexpr std::array<std::string_view, 9> actions = {
      "create", "start", "pause", "unpause", "die", "stop", "rename", "update", "restart"};
  return std::ranges::find(actions, event.action) != actions.end() ||
         event.action.starts_with("health_status");
}

}  // namespace

DockerProvider::DockerProvider(control::ControlThread& control, control::DockerEngine& engine,
                               config::Docker settings, std::string own_id, OnBatch on_batch)
    : control_(control),
      engine_(engine),
      settings_(std::move(settings)),
      own_id_(std::move(own_id)),
      on_batch_(std::move(on_batch)),
      labels_{.network = settings_.network.value_or(""),
              .mc_router = settings_.mc_router_labels,
              .shared_networks = {}} {
  listening_ =
      engine_.listen({.on_event = [this](const control::DockerEvent& event) { heard(event); },
                      .on_link = [this](bool up) { link_changed(up); }});
  if (engine_.hears()) resync();
  plan_comparison();
}

void DockerProvider::link_changed(bool up) {
  if (up) return resync();
  plan_comparison();
}

// Often while nobody tells us of changes, seldom otherwise.
void DockerProvider::plan_comparison() {
  const Duration pause = settings_.poll_interval * (engine_.hears() ? seldom : 1);
  comparison_timer_ = control_.after(pause, [this] { resync(); });
}

void DockerProvider::heard(const control::DockerEvent& event) {
  if (event.kind == control::DockerEvent::Kind::container && event.action == "destroy") {
    unread_.erase(event.container);
    containers_.erase(event.container);
    return read_soon({});
  }
  if (!concerns_us(event)) return;
  if (event.container == own_id_ && !own_id_.empty()) return resync();
  read_soon(event.container);
}

// --- All containers

void DockerProvider::resync() {
  plan_comparison();
  read_own_container();
  engine_.ask("GET", "/containers/json?all=true",
              [this, alive = std::weak_ptr(alive_), round = ++rounds_](auto answer) {
                if (!alive.expired()) listed(std::move(answer), round);
              });
}

void DockerProvider::listed(Result<control::HttpResponse> answer, std::uint64_t round) {
  if (round != rounds_) return;  // a later comparison is under way
  auto list =
      answer
          ? control::parse_docker_list(answer->body)
          : Result<std::vector<control::DockerListed>>(std::unexpected(std::move(answer.error())));
  if (!list) {
    if (engine_.hears() && fault_ != list.error().what)
      log::warn("docker", "Docker does not list containers; what was known stays",
                {{"reason", list.error().what}});
    fault_ = list.error().what;
    return;
  }
  fault_.clear();
  std::set<std::string> there;
  for (const control::DockerListed& one : *list)
    if (is_enabled(one.labels, labels_.mc_router) && there.size() < most_containers)
      there.insert(one.id);
  std::erase_if(containers_, [&](const auto& entry) { return !there.contains(entry.first); });
  std::erase_if(unread_, [&](const std::string& id) { return !there.contains(id); });
  for (const std::string& id : there) read_soon(id);
  if (there.empty()) read_soon({});
}

// The networks that we are in ourselves.
void DockerProvider::read_own_container() {
  if (own_id_.empty()) return;
  engine_.ask("GET", "/containers/" + own_id_ + "/json",
              [this, alive = std::weak_ptr(alive_)](auto answer) {
                if (alive.expired() || !answer) return;
                const auto own = control::parse_docker_container(answer->body);
                if (!own) return;
                std::vector<std::string> networks;
                for (const auto& network : own->networks) networks.push_back(network.id);
                if (networks == labels_.shared_networks) return;
                labels_.shared_networks = std::move(networks);
                read_soon({});
              });
}

// --- One container

// An empty id: only make known what is known.
void DockerProvider::read_soon(const std::string& id) {
  if (!id.empty()) unread_.insert(id);
  if (read_timer_.pending()) return;
  read_timer_ = control_.after(settling, [this] { settle(); });
}

void DockerProvider::settle() {
  for (const std::string& id : std::exchange(unread_, {})) read(id);
  if (reading_ == 0) publish();
}

void DockerProvider::read(const std::string& id) {
  ++reading_;
  engine_.ask("GET", "/containers/" + id + "/json",
              [this, alive = std::weak_ptr(alive_), id](auto answer) {
                if (!alive.expired()) has_read(id, std::move(answer));
              });
}

void DockerProvider::has_read(const std::string& id, Result<control::HttpResponse> answer) {
  --reading_;
  if (!answer && control::DockerEngine::is_missing(answer.error())) {
    containers_.erase(id);
  } else if (!answer) {
    log::debug("docker", "a container cannot be read; what was known stays",
               {{"container", id}, {"reason", answer.error().what}});
  } else if (auto container = control::parse_docker_container(answer->body); !container) {
    log::warn("docker", "a container cannot be understood",
              {{"container", id}, {"reason", container.error().what}});
  } else if (is_enabled(container->labels, labels_.mc_router)) {
    containers_[id] = std::move(*container);
  }
  // What waits to be read will publish.
  if (reading_ == 0 && !read_timer_.pending()) publish();
}

// --- The outcome

void DockerProvider::publish() {
  std::vector<control::DockerContainer> all;
  for (const auto& [id, container] : containers_) all.push_back(container);
  auto next = describe(all, labels_);
  DockerBatch batch;
  std::vector<std::string> defaults;
  for (const auto& [id, described] : next) {
    if (described.is_default) defaults.push_back(id);
    const auto before = published_.find(id);
    if (before == published_.end() || !(before->second == described))
      batch.described.emplace(id, described.server);
  }
  for (const auto& [id, described] : published_)
    if (!next.contains(id)) batch.gone.push_back(id);
  if (!defaults.empty()) batch.default_server = defaults.front();
  const bool another_default = batch.default_server != published_default_;
  if (defaults.size() > 1 && another_default)
    log::warn("docker", "more than one container is the default server; the first is used",
              {{"first", defaults[0]}, {"second", defaults[1]}});
  published_ = std::move(next);
  published_default_ = batch.default_server;
  const bool first = !std::exchange(has_published_, true);
  if (!first && batch.described.empty() && batch.gone.empty() && !another_default) return;
  on_batch_(std::move(batch));  // may destroy the provider
}

}  // namespace drawbridge::features::docker
