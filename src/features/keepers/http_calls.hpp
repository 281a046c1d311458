// Calls of a panel's or a hoster's HTTP API: who is asked, with which headers and certificates,
// what is tried again and what is not.
//
// A GET whose way there or back fails, or that is answered with 502, 503 or 504, is sent again,
// twice, after a pause of random length. A POST is sent once: nobody knows whether the first one
// arrived. After 429 nothing is asked for as long as `Retry-After` says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/tree.hpp"
#include "control/control_thread.hpp"
#include "control/http_client.hpp"

namespace drawbridge::features::keepers {

class HttpCalls {
 public:
  using Answer = std::function<void(Result<control::HttpResponse>)>;

  // A header of every call. Its value is read for each call, so that a key which is exchanged, or
  // mounted late, counts from the next one on.
  struct Header {
    std::string name;
    std::string before = {};  // what stands before the value, as "Bearer "
    std::string text;         // config::read_secret_text
  };
  struct Options {
    std::vector<Header> headers = {};
    std::filesystem::path ca_file = {};
    Duration timeout = seconds(15);
    Duration retry_pause = milliseconds(500);  // the first one at most; doubles
  };

  // Control context, as all that follows. Both outlive this.
  HttpCalls(control::ControlThread& control, control::HttpClient& http, Options options)
      : control_(control), http_(http), options_(std::move(options)) {}

  // `answer` is called once, never inside the call, and not after this is gone. Any status but 429
  // is a success here.
  void get(std::string url, Answer answer);
  void post(std::string url, std::string body, std::vector<control::HttpHeader> headers,
            Answer answer);

 private:
  void send(control::HttpRequest request, int tries, Answer answer);
  void fail_later(Error error, Answer answer);
  void answered(control::HttpRequest request, int tries, const Answer& answer,
                Result<control::HttpResponse> response);

  control::ControlThread& control_;
  control::HttpClient& http_;
  const Options options_;
  TimePoint silent_until_{};
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

// A URL's last slashes taken off, so that paths can be put behind it.
std::string without_slash(std::string_view url);
// The text at this path of an answer, or nothing.
std::string text_at(const config::Node& root, std::initializer_list<std::string_view> path);

}  // namespace drawbridge::features::keepers
