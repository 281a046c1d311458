// The Docker engine's API, as far as a proxy needs it: questions and orders over its socket, and
// its stream of events. One object for all who work with one engine: the provider of servers and
// the keepers of containers.
//
// The stream runs for as long as somebody listens. When it breaks, it is opened again after
// `reconnect_delay`, doubling to a minute; what happened meanwhile is not told, so listeners look
// at everything anew each time that it is up.
//
// Paths carry no API version: the engine then speaks its own newest one, and the few fields that
// are read have the same names in all of them (seen with 1.41).
//
// Control context only.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"
#include "control/http_client.hpp"

namespace drawbridge::control {

struct DockerEngineOptions {
  std::string endpoint = "unix:///var/run/docker.sock";  // unix, tcp, http, https
  std::string shown = {};                                // the same for the log: without a password
  HttpTls tls = {};  // for tcp (which it turns into https) and https
  Duration reconnect_delay = seconds(5);

  bool operator==(const DockerEngineOptions&) const = default;
};

struct DockerEvent {
  enum class Kind : std::uint8_t { container, network };
  Kind kind = Kind::container;
  std::string action;     // "start", "die", "health_status: healthy", "connect", ...
  std::string container;  // id
  std::string name;       // of the container; empty for a network's event
  int exit_code = 0;      // of "die"
  // Of "die": somebody asked for the end (stop, kill, restart), so the code tells nothing.
  bool asked = false;
};

// One line of the stream; nothing for events that concern nobody here.
std::optional<DockerEvent> parse_docker_event(std::string_view line);

class DockerEngine {
 public:
  using Answer = std::function<void(Result<HttpResponse>)>;
  struct Listener {
    std::function<void(const DockerEvent&)> on_event;
    // The stream is up (look at everything) or down.
    std::function<void(bool up)> on_link;
  };
  // Listens until it goes. Must not outlive the engine.
  class Listening {
   public:
    Listening() = default;
    Listening(Listening&& other) noexcept : engine_(std::exchange(other.engine_, nullptr)) {
      at_ = other.at_;
    }
    Listening& operator=(Listening&& other) noexcept;
    ~Listening() { end(); }
    void end();

   private:
    friend class DockerEngine;
    DockerEngine* engine_ = nullptr;
    std::list<Listener>::iterator at_;
  };

  // Both outlive the engine.
  DockerEngine(ControlThread& control, HttpClient& http, DockerEngineOptions options = {});
  DockerEngine(const DockerEngine&) = delete;
  DockerEngine& operator=(const DockerEngine&) = delete;

  // Goes over to another engine, if the endpoint changed.
  void configure(DockerEngineOptions options);

  // Calls `answer` once, never inside this call. A status of 300 and more is an error, with the
  // engine's words, except 304 (it is as asked for already).
  void ask(std::string method, std::string target, Answer answer, Duration timeout = seconds(10));

  // A stream that is up already (hears()) is not announced again.
  [[nodiscard]] Listening listen(Listener listener);
  // Whether the stream is up.
  [[nodiscard]] bool hears() const { return up_; }
  [[nodiscard]] const DockerEngineOptions& options() const { return options_; }

  // Whether an error of ask() says that there is no such container.
  static bool is_missing(const Error& error);

 private:
  [[nodiscard]] HttpRequest request(std::string method, std::string target) const;
  [[nodiscard]] std::string explain(const Error& error) const;
  void connect();
  void opened();
  void take(std::string_view bytes);
  void heard(std::string_view line);
  void lost(const Error& error);
  void tell_link(bool up);
  void sweep();

  ControlThread& control_;
  HttpClient& http_;
  DockerEngineOptions options_;
  std::list<Listener> listeners_;
  HttpClient::Stream stream_;
  Timer retry_;
  Duration delay_{};
  std::string line_;             // beginning of an event whose end has not come yet
  std::string said_;             // the last complaint
  std::set<std::string> asked_;  // containers that somebody told to end
  int walking_ = 0;              // loops over `listeners_` that run
  bool up_ = false;
};

}  // namespace drawbridge::control
