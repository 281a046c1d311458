#include "core/auth/session_server.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/strings.hpp"
#include "control/url.hpp"
#include "net/later.hpp"

namespace drawbridge::core {

namespace {

constexpr unsigned ok = 200;
constexpr unsigned no_content = 204;
constexpr unsigned server_errors = 500;
// A profile with skin and cape and their signatures is some 3 KiB.
constexpr std::size_t max_answer = std::size_t{64} << 10;

using Answer = Result<control::HttpResponse>;

net::Task<Answer> ask_once(net::Worker& worker, control::HttpClient& http, std::string url,
                           Duration timeout) {
  net::Later<Answer> later(worker);
  control::HttpRequest request{.url = std::move(url), .timeout = timeout, .max_body = max_answer};
  request.headers.push_back({"Accept", "application/json"});
  http.send(std::move(request),
            [give = later.resolver()](Answer answer) { give(std::move(answer)); });
  // The client keeps the time; this one only ends.
  auto answer = co_await later.get(no_deadline);
  if (!answer) co_return std::unexpected<Error>(answer.error());
  co_return std::move(*answer);
}

bool is_worth_a_second_try(const Answer& answer) {
  if (answer) return answer->status >= server_errors;
  return answer.error().fault == Fault::backend;
}

}  // namespace

std::string session_request_url(const SessionQuestion& question) {
  const bool has_query = question.url.find('?') != std::string::npos;
  std::string out =
      fmt::format("{}{}username={}&serverId={}", question.url, has_query ? '&' : '?',
                  control::url_escaped(question.player), control::url_escaped(question.hash));
  if (question.address) out += "&ip=" + control::url_escaped(question.address->text());
  return out;
}

Result<std::optional<mc::SessionProfile>> read_session_answer(const control::HttpResponse& answer,
                                                              const std::string& player) {
  if (answer.status == no_content || (answer.status == ok && answer.body.empty()))
    return std::optional<mc::SessionProfile>();
  if (answer.status != ok)
    return fail(Fault::backend, "the session server answered with status {}", answer.status);
  auto profile = mc::read_session_profile(answer.body);
  if (!profile)
    return fail(Fault::backend, "the session server's answer is not usable: {}",
                profile.error().what);
  // Whatever was decided about this name before must hold for the account too.
  if (!equal_ignoring_case(profile->name, player))
    return fail(Fault::backend, "the session server answered with another player's profile");
  return std::optional(std::move(*profile));
}

net::Task<Result<std::optional<mc::SessionProfile>>> ask_session_server(net::Worker& worker,
                                                                        control::HttpClient& http,
                                                                        SessionQuestion question) {
  const std::string url = session_request_url(question);
  const TimePoint begun = Clock::now();
  auto first = co_await ask_once(worker, http, url, question.timeout / 2);
  if (!is_worth_a_second_try(first)) {
    if (!first) co_return std::unexpected(std::move(first.error()));
    co_return read_session_answer(*first, question.player);
  }
  auto second = co_await ask_once(worker, http, url, begun + question.timeout - Clock::now());
  if (!second) co_return std::unexpected(std::move(second.error()));
  co_return read_session_answer(*second, question.player);
}

}  // namespace drawbridge::core
