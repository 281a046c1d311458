// The look-up told in words, for `drawbridge route HOST`. Every stage is asked, also those behind
// the one that decides.
#include <fmt/format.h>

#include <algorithm>

#include "core/routes_data.hpp"

namespace drawbridge::core {

namespace {

class Explainer {
 public:
  Explainer(std::string_view host, const std::vector<RouteConflict>& conflicts,
            const std::function<std::string(std::uint32_t)>& server_name)
      : conflicts_(conflicts), server_name_(server_name) {
    explanation_.host = host;
  }

  void add(std::string_view stage, const std::optional<Match>& match, std::string if_not) {
    RouteStep step{std::string(stage), match.has_value(), match && !explanation_.match,
                   std::move(if_not)};
    if (match) {
      step.text = match->pattern.empty()
                      ? server_name_(match->server)
                      : fmt::format("{} -> {}", match->pattern, server_name_(match->server));
      step.text += also_claimed_by(match->pattern);
    }
    if (step.chosen) explanation_.match = match;
    explanation_.steps.push_back(std::move(step));
  }

  RouteExplanation take() { return std::move(explanation_); }

 private:
  [[nodiscard]] std::string also_claimed_by(std::string_view pattern) const {
    const auto conflict = std::ranges::lower_bound(conflicts_, pattern, {}, &RouteConflict::domain);
    if (conflict == conflicts_.end() || conflict->domain != pattern) return {};
    return fmt::format(" (also claimed by {})", fmt::join(conflict->losers, ", "));
  }

  const std::vector<RouteConflict>& conflicts_;
  const std::function<std::string(std::uint32_t)>& server_name_;
  RouteExplanation explanation_;
};

// "*.b.c, *.c" for a.b.c
std::string suffix_patterns(std::string_view host) {
  constexpr int most = 6;
  std::string text;
  int count = 0;
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
       dot = host.find('.', dot + 1)) {
    if (count++ == most) return text + ", ...";
    text += fmt::format("{}*{}", text.empty() ? "" : ", ", host.substr(dot));
  }
  return text;
}

std::string why_no_suffix(std::string_view host) {
  const std::string patterns = suffix_patterns(host);
  if (patterns.empty()) return "the host has one part only";
  return fmt::format("nobody has {} (and *.{} would not cover the bare name)", patterns, host);
}

}  // namespace

RouteExplanation RouteTable::explain(std::string_view host,
                                     std::optional<std::uint32_t> listener_default,
                                     const std::function<std::string(std::uint32_t)>& server_name,
                                     const std::optional<RouteAnswer>& routes) const {
  Explainer explainer(host, data_->conflicts, server_name);
  if (host.empty() || host.size() > max_host_length) {
    const std::string why = host.empty() ? "there is no host name"
                                         : fmt::format("longer than {} bytes", max_host_length);
    for (const std::string_view stage : {"exact name", "wildcard suffix", "pattern"}) {
      explainer.add(stage, std::nullopt, why);
    }
  } else {
    Data::Walk walk;
    data_->start(walk, host);
    explainer.add("exact name", data_->find_exact(walk), fmt::format("nobody has {}", host));
    explainer.add("wildcard suffix", data_->find_suffix(walk), why_no_suffix(host));
    data_->collect_glob_lists(walk);
    explainer.add("pattern", data_->find_glob(walk),
                  fmt::format("none of {} {} matches", data_->globs.size(),
                              data_->globs.size() == 1 ? "pattern" : "patterns"));
  }
  if (routes) explainer.add("route", routes->match, routes->text);
  const auto as_match = [](std::optional<std::uint32_t> server, MatchKind kind,
                           std::string_view pattern) -> std::optional<Match> {
    if (!server) return std::nullopt;
    return Match{*server, kind, pattern};
  };
  explainer.add("listener's default_server",
                as_match(listener_default, MatchKind::listener_default, {}), "not set");
  explainer.add("default_server", as_match(data_->global_default, MatchKind::global_default, {}),
                "not set");
  explainer.add("domain *", as_match(data_->catch_all, MatchKind::catch_all, "*"),
                "no server has the domain *");
  return explainer.take();
}

}  // namespace drawbridge::core
