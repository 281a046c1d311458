#include "features/keepers/http_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/strings.hpp"
#include "config/secret_text.hpp"

namespace drawbridge::features::keepers {

namespace {

constexpr int get_tries = 3;
constexpr Duration usual_silence = seconds(30);
constexpr Duration longest_silence = minutes(10);

// Somewhere between half of it and all of it.
Duration jittered(Duration pause) {
  static thread_local std::minstd_rand source{std::random_device{}()};
  std::uniform_int_distribution<Duration::rep> any(pause.count() / 2, pause.count());
  return Duration(any(source));
}

bool is_worth_another_try(const Result<control::HttpResponse>& response) {
  if (!response) return response.error().fault == Fault::backend;
  return response->status == 502 || response->status == 503 || response->status == 504;
}

Duration silence_of(const control::HttpResponse& response) {
  const auto wait = parse_int<std::int64_t>(trimmed(response.header("Retry-After")));
  if (!wait) return usual_silence;
  return std::clamp<Duration>(seconds(std::min<std::int64_t>(*wait, 86'400)), seconds(1),
                              longest_silence);
}

std::string in_words(Duration time) {
  return readable_duration(std::chrono::ceil<milliseconds>(time).count());
}

}  // namespace

void HttpCalls::get(std::string url, Answer answer) {
  send({.method = "GET", .url = std::move(url)}, get_tries, std::move(answer));
}

void HttpCalls::post(std::string url, std::string body, std::vector<control::HttpHeader> headers,
                     Answer answer) {
  send({.method = "POST",
        .url = std::move(url),
        .headers = std::move(headers),
        .body = std::move(body)},
       1, std::move(answer));
}

void HttpCalls::send(control::HttpRequest request, int tries, Answer answer) {
  if (const Duration wait = silent_until_ - Clock::now(); wait > Duration::zero())
    return fail_later(
        {fmt::format("asked too often (429); silent for {} more", in_words(wait)), Fault::backend},
        std::move(answer));
  control::HttpRequest full = request;
  for (const Header& header : options_.headers) {
    auto value = config::read_secret_text(header.text);
    if (!value) return fail_later(std::move(value.error()), std::move(answer));
    full.headers.push_back({header.name, header.before + *value});
  }
  full.tls.authorities = options_.ca_file;
  full.timeout = options_.timeout;
  http_.send(std::move(full), [this, alive = std::weak_ptr(alive_), request = std::move(request),
                               tries, answer = std::move(answer)](auto response) mutable {
    if (!alive.expired()) answered(std::move(request), tries, answer, std::move(response));
  });
}

void HttpCalls::fail_later(Error error, Answer answer) {
  control_.post(
      [alive = std::weak_ptr(alive_), answer = std::move(answer), error = std::move(error)] {
        if (!alive.expired()) answer(std::unexpected(error));
      });
}

void HttpCalls::answered(control::HttpRequest request, int tries, const Answer& answer,
                         Result<control::HttpResponse> response) {
  if (response && response->status == 429) {
    const Duration silence = silence_of(*response);
    silent_until_ = Clock::now() + silence;
    return answer(fail(Fault::backend, "asked too often (429); silent for {}", in_words(silence)));
  }
  if (tries <= 1 || !is_worth_another_try(response)) return answer(std::move(response));
  const Duration pause = jittered(options_.retry_pause * (1 << (get_tries - tries)));
  control_
      .after(pause,
             [this, alive = std::weak_ptr(alive_), request = std::move(request), tries,
              answer]() mutable {
               if (!alive.expired()) send(std::move(request), tries - 1, answer);
             })
      .detach();
}

std::string without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

std::string text_at(const config::Node& root, std::initializer_list<std::string_view> path) {
  const config::Node* at = &root;
  for (const std::string_view step : path) {
    if (at == nullptr || !at->is_table()) return {};
    at = at->find(step);
  }
  return at != nullptr && at->is_string() ? at->text : std::string();
}

}  // namespace drawbridge::features::keepers
