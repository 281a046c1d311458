// For tests: a Docker engine that has whatever containers the test says, on a Unix socket: its
// list, its descriptions, its events, and what it was told to do. (The real one is in tests/peers.)
#pragma once

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/loopback_site.hpp"
#include "control/url.hpp"

namespace drawbridge::control {

struct FakeContainer {
  std::string status = "running";  // Docker's word
  std::map<std::string, std::string> labels;
  std::string ip = "127.0.0.1";  // empty where it does not run
  int exit_code = 0;
};

class FakeDockerEngine {
 public:
  explicit FakeDockerEngine(std::filesystem::path socket)
      : socket_(std::move(socket)),
        site_([this](const SiteRequest& request) { return answer(request); }, socket_) {}

  [[nodiscard]] std::string endpoint() const { return "unix://" + socket_.native(); }
  // Makes or changes a container without a word about it.
  void put(const std::string& name, FakeContainer container) {
    const std::scoped_lock lock(mutex_);
    containers_[name] = std::move(container);
  }
  void remove(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    containers_.erase(name);
  }
  // The event of a container.
  void say(const std::string& action, const std::string& name, int exit_code = -1) {
    const std::string code =
        exit_code < 0 ? "" : R"(,"exitCode":")" + std::to_string(exit_code) + "\"";
    site_.say(R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":"id-)" + name +
              R"(","Attributes":{"name":")" + name + "\"" + code + "}}}\n");
  }
  bool await_listener() { return site_.await_open(1); }
  void cut_events() { site_.cut(); }
  // "start mc", "stop mc t=60", ... so far.
  [[nodiscard]] std::vector<std::string> orders() {
    const std::scoped_lock lock(mutex_);
    return orders_;
  }

 private:
  std::string answer(const SiteRequest& request) {
    const std::scoped_lock lock(mutex_);
    const std::string path = request.target.substr(0, request.target.find('?'));
    const std::string query =
        path.size() < request.target.size() ? request.target.substr(path.size() + 1) : "";
    if (path == "/events") return std::string(LoopbackSite::open_answer);
    if (path == "/containers/json") return http_answer(200, list(query));
    const auto parts = split(path, '/');  // "", "containers", id, what
    if (parts.size() != 4) return http_answer(404, R"({"message":"page not found"})");
    std::string name(parts[2]);
    if (name.starts_with("id-")) name.erase(0, 3);
    const auto found = containers_.find(name);
    if (found == containers_.end())
      return http_answer(404, R"({"message":"No such container: )" + name + "\"}");
    if (parts[3] == "json") return http_answer(200, describe(name, found->second));
    return obey(std::string(parts[3]), name, query, found->second);
  }
  std::string obey(const std::string& order, const std::string& name, const std::string& query,
                   FakeContainer& container) {
    orders_.push_back(order + " " + name + (query.empty() ? "" : " " + query));
    if (order == "start" && container.status == "running") return "HTTP/1.1 304 X\r\n\r\n";
    if (order == "start" || order == "unpause") container.status = "running";
    if (order == "stop") container.status = "exited";
    if (order == "pause") container.status = "paused";
    return "HTTP/1.1 204 X\r\n\r\n";
  }
  [[nodiscard]] static std::string labels_of(const FakeContainer& container) {
    std::string out;
    for (const auto& [key, value] : container.labels)
      out += fmt::format("{}\"{}\":\"{}\"", out.empty() ? "" : ",", key, value);
    return "{" + out + "}";
  }
  // Whether the container has every label that the query's filter names as "KEY=VALUE".
  [[nodiscard]] static bool passes(const FakeContainer& container, const std::string& query) {
    std::size_t wanted = 0;
    for (auto at = query.find("%3D"); at != query.npos; at = query.find("%3D", at + 1)) ++wanted;
    std::size_t found = 0;
    for (const auto& [key, value] : container.labels)
      if (query.find(url_escaped(fmt::format("\"{}={}\"", key, value))) != query.npos) ++found;
    return found >= wanted;
  }
  [[nodiscard]] std::string list(const std::string& query) const {
    std::string out;
    for (const auto& [name, container] : containers_)
      if (passes(container, query))
        out += (out.empty() ? "" : ",") + (R"({"Id":"id-)" + name) + R"(","State":")" +
               container.status + R"(","Labels":)" + labels_of(container) + "}";
    return "[" + out + "]";
  }
  [[nodiscard]] static std::string describe(const std::string& name,
                                            const FakeContainer& container) {
    return R"({"Id":"id-)" + name + R"(","Name":"/)" + name +
           R"(","Created":"2026-01-01T00:00:00Z","State":{"Status":")" + container.status +
           R"(","ExitCode":)" + std::to_string(container.exit_code) + R"(},"Config":{"Labels":)" +
           labels_of(container) + R"(},"HostConfig":{"NetworkMode":"default"},)" +
           R"("NetworkSettings":{"Ports":{},"Networks":{"bridge":{"NetworkID":"1",)" +
           R"("IPAddress":")" + container.ip + R"("}}}})";
  }

  std::filesystem::path socket_;
  std::mutex mutex_;
  std::map<std::string, FakeContainer> containers_;
  std::vector<std::string> orders_;
  LoopbackSite site_;
};

}  // namespace drawbridge::control
