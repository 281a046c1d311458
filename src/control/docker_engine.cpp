#include "control/docker_engine.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "control/url.hpp"

namespace drawbridge::control {

namespace {

namespace json = boost::json;

constexpr Duration longest_delay = minutes(1);
// An event is a few hundred bytes, and a few kB with many labels.
constexpr std::size_t longest_event = std::size_t{1} << 20;
// Descriptions of containers, and the list of all of them.
constexpr std::size_t longest_answer = std::size_t{32} << 20;
// Containers that were told to end and have not; forgotten with their end or their next start.
constexpr std::size_t most_asked = 10'000;
constexpr std::string_view missing_mark = "Docker: no such container";

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(text->data(), text->size()) : std::string();
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

// {"message": "..."}
std::string words_of(const HttpResponse& answer) {
  boost::system::error_code error;
  const json::value root = json::parse(answer.body, error);
  const json::object* object = error ? nullptr : root.if_object();
  const std::string message = object != nullptr ? text_at(*object, "message") : std::string();
  return escaped_for_log(message.empty() ? answer.body : message, 300);
}

Result<HttpResponse> checked(Result<HttpResponse> answer) {
  if (!answer || answer->status < 300 || answer->status == 304) return answer;
  if (answer->status == 404) return fail(Fault::backend, "{}: {}", missing_mark, words_of(*answer));
  return fail(Fault::backend, "Docker answered {}: {}", answer->status, words_of(*answer));
}

// A name where the machine has one for it.
std::string name_of_group(gid_t id) {
  const group* entry = getgrgid(id);  // NOLINT(concurrency-mt-unsafe): control thread only
  return entry != nullptr ? entry->gr_name : fmt::format("{}", id);
}

}  // namespace

std::optional<DockerEvent> parse_docker_event(std::string_view line) {
  boost::system::error_code error;
  const json::value root = json::parse(json::string_view(line.data(), line.size()), error);
  const json::object* object = error ? nullptr : root.if_object();
  if (object == nullptr) return std::nullopt;
  DockerEvent out;
  out.action = text_at(*object, "Action");
  const json::object* actor = object_at(*object, "Actor");
  const json::object* attributes = actor != nullptr ? object_at(*actor, "Attributes") : nullptr;
  if (actor == nullptr || attributes == nullptr) return std::nullopt;
  const std::string type = text_at(*object, "Type");
  if (type == "network") {
    out.kind = DockerEvent::Kind::network;
    out.container = text_at(*attributes, "container");
  } else if (type == "container") {
    out.container = text_at(*actor, "ID");
    out.name = text_at(*attributes, "name");
    out.exit_code = parse_int<int>(text_at(*attributes, "exitCode")).value_or(0);
  }
  if (out.container.empty()) return std::nullopt;
  return out;
}

DockerEngine::DockerEngine(ControlThread& control, HttpClient& http, DockerEngineOptions options)
    : control_(control), http_(http), options_(std::move(options)) {}

void DockerEngine::configure(DockerEngineOptions options) {
  if (options == options_) return;
  options_ = std::move(options);
  stream_.cut();
  retry_.cancel();
  line_.clear();
  asked_.clear();
  delay_ = {};
  if (std::exchange(up_, false)) tell_link(false);
  if (!listeners_.empty()) connect();
}

bool DockerEngine::is_missing(const Error& error) {
  return error.what.starts_with(missing_mark);
}

HttpRequest DockerEngine::request(std::string method, std::string target) const {
  HttpRequest out;
  out.method = std::move(method);
  out.tls = options_.tls;
  out.max_body = longest_answer;
  const std::string_view endpoint = options_.endpoint;
  constexpr std::string_view unix_scheme = "unix://";
  constexpr std::string_view tcp_scheme = "tcp://";
  if (endpoint.starts_with(unix_scheme)) {
    out.socket = endpoint.substr(unix_scheme.size());
    out.url = "http://docker" + target;
  } else if (endpoint.starts_with(tcp_scheme)) {
    out.url = fmt::format("{}://{}{}", options_.tls.empty() ? "http" : "https",
                          endpoint.substr(tcp_scheme.size()), target);
  } else {
    out.url = std::string(endpoint) + target;
  }
  return out;
}

// A refusal at the socket's door is the usual mistake, and the words of the system do not help.
std::string DockerEngine::explain(const Error& error) const {
  const HttpRequest probe = request("GET", "/");
  const std::string path = probe.socket.native();
  if (path.empty() || access(path.c_str(), R_OK | W_OK) == 0 || errno != EACCES) return error.what;
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return error.what;
  const std::string group = name_of_group(status.st_gid);
  return fmt::format(
      "{}: permission denied. The socket belongs to the group {}: add the proxy's user to it "
      "(`usermod -aG {} USER`), or in a container set `group_add: [\"{}\"]`",
      path, group, group, status.st_gid);
}

void DockerEngine::ask(std::string method, std::string target, Answer answer, Duration timeout) {
  HttpRequest out = request(std::move(method), std::move(target));
  out.timeout = timeout;
  http_.send(std::move(out), [answer = std::move(answer)](Result<HttpResponse> response) {
    answer(checked(std::move(response)));
  });
}

// --- Events

DockerEngine::Listening& DockerEngine::Listening::operator=(Listening&& other) noexcept {
  if (this != &other) {
    end();
    engine_ = std::exchange(other.engine_, nullptr);
    at_ = other.at_;
  }
  return *this;
}

void DockerEngine::Listening::end() {
  DockerEngine* engine = std::exchange(engine_, nullptr);
  if (engine == nullptr) return;
  *at_ = {};  // somebody may be walking past it: sweep() erases it
  engine->sweep();
  const bool any = std::ranges::any_of(
      engine->listeners_, [](const Listener& one) { return one.on_event || one.on_link; });
  if (any) return;
  engine->stream_.cut();
  engine->retry_.cancel();
  engine->up_ = false;
  engine->line_.clear();
}

DockerEngine::Listening DockerEngine::listen(Listener listener) {
  const bool first = std::ranges::none_of(
      listeners_, [](const Listener& one) { return one.on_event || one.on_link; });
  Listening out;
  out.engine_ = this;
  out.at_ = listeners_.insert(listeners_.end(), std::move(listener));
  if (first) connect();
  return out;
}

void DockerEngine::connect() {
  // {"type":["container","network"]}
  HttpRequest out =
      request("GET", "/events?filters=" + url_escaped(R"({"type":["container","network"]})"));
  out.max_body = 4096;
  line_.clear();
  stream_ = http_.stream(std::move(out), {.opened = [this] { opened(); },
                                          .data = [this](std::string_view bytes) { take(bytes); },
                                          .ended = [this](const Error& error) { lost(error); }});
}

void DockerEngine::opened() {
  delay_ = {};
  up_ = true;
  log::info("docker", "connected to Docker", {{"endpoint", options_.shown}});
  said_.clear();
  tell_link(true);
}

void DockerEngine::take(std::string_view bytes) {
  line_ += bytes;
  std::size_t from = 0;
  // A listener may end the stream in between, which empties the line.
  for (std::size_t end = 0; up_ && (end = line_.find('\n', from)) != line_.npos; from = end + 1) {
    const std::string line = line_.substr(from, end - from);
    heard(line);
  }
  line_.erase(0, std::min(from, line_.size()));
  if (line_.size() <= longest_event) return;
  stream_.cut();
  lost({"an event is too long", Fault::backend});
}

void DockerEngine::heard(std::string_view line) {
  auto event = parse_docker_event(line);
  if (!event) return;
  if (event->kind == DockerEvent::Kind::container) {
    if (event->action == "kill") {
      if (asked_.size() >= most_asked) asked_.clear();
      asked_.insert(event->container);
    } else if (event->action == "start" || event->action == "destroy") {
      asked_.erase(event->container);
    } else if (event->action == "die") {
      event->asked = asked_.erase(event->container) > 0;
    }
  }
  log::debug("docker", "event",
             {{"action", event->action}, {"container", event->name}, {"asked", event->asked}});
  ++walking_;
  for (const Listener& listener : listeners_)
    if (const auto on_event = listener.on_event) on_event(*event);
  --walking_;
  sweep();
}

void DockerEngine::lost(const Error& error) {
  const bool was_up = std::exchange(up_, false);
  line_.clear();
  asked_.clear();
  delay_ = std::clamp(delay_ * 2, options_.reconnect_delay, longest_delay);
  const std::string why = explain(error);
  if (was_up || why != said_)
    log::warn(
        "docker", "Docker cannot be asked; trying again",
        {{"endpoint", options_.shown},
         {"reason", why},
         {"in", readable_duration(std::chrono::duration_cast<milliseconds>(delay_).count())}});
  said_ = why;
  retry_ = control_.after(delay_, [this] { connect(); });
  if (was_up) tell_link(false);
}

void DockerEngine::tell_link(bool up) {
  ++walking_;
  for (const Listener& listener : listeners_)
    if (const auto on_link = listener.on_link) on_link(up);
  --walking_;
  sweep();
}

void DockerEngine::sweep() {
  if (walking_ == 0)
    std::erase_if(listeners_, [](const Listener& one) { return !one.on_event && !one.on_link; });
}

}  // namespace drawbridge::control
