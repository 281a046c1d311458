#include "core/pattern_routes.hpp"

#include <fmt/format.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "core/reach.hpp"

namespace drawbridge::core {

namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

RE2::Options options(std::int64_t memory) {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_case_sensitive(false);
  out.set_max_mem(memory);
  return out;
}

constexpr std::int64_t memory_each = 1 << 20;
// For all of them together: a thousand usual ones need a few MiB.
constexpr std::int64_t memory_together = 64 << 20;

using Part = std::variant<std::string, int>;  // text, or the group that stands there

// `$1`, `${name}` and `$$` of an address; config::check_address_template has seen it.
std::vector<Part> parts_of(std::string_view text, const RE2& regex) {
  std::vector<Part> parts;
  std::string literal;
  const auto add_group = [&](int group) {
    if (!literal.empty()) parts.emplace_back(std::exchange(literal, {}));
    parts.emplace_back(group);
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest[0] != '$' || rest.size() < 2) {
      literal += rest[0];
      ++at;
    } else if (rest[1] == '{') {
      const auto close = rest.find('}');
      const auto& names = regex.NamedCapturingGroups();
      const auto named = names.find(std::string(rest.substr(2, close - 2)));
      add_group(named == names.end() ? 0 : named->second);
      at += close == rest.npos ? rest.size() : close + 1;
    } else if (rest[1] == '$') {
      literal += '$';
      at += 2;
    } else {
      const auto end = std::min(rest.size(), rest.find_first_not_of("0123456789", 1));
      add_group(parse_int<int>(rest.substr(1, end - 1)).value_or(0));
      at += end;
    }
  }
  if (!literal.empty()) parts.emplace_back(std::move(literal));
  return parts;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

}  // namespace

struct PatternRoutes::Compiled {
  explicit Compiled(const PatternClaim& claim) : regex(piece(claim.match), options(memory_each)) {}

  RE2 regex;
  std::vector<Part> address;
  int groups = 0;  // as many as the address needs, the whole match included; 0: it has none
  std::shared_ptr<const AllowedNetworks> allow;
  std::shared_ptr<const RoutedAddress> fixed;  // an address without groups
};

struct PatternRoutes::Set {
  Set() : regexes(options(memory_together), RE2::ANCHOR_BOTH) {}
  RE2::Set regexes;
  std::vector<std::size_t> claims;  // of each expression in it
};

PatternRoutes::PatternRoutes() = default;
PatternRoutes::~PatternRoutes() = default;

PatternRoutes::PatternRoutes(std::vector<PatternClaim> claims) : claims_(std::move(claims)) {
  auto set = std::make_unique<Set>();
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    const PatternClaim& claim = claims_[i];
    auto one = std::make_unique<Compiled>(claim);
    const auto address = claim.address.empty()
                             ? Result<>{}
                             : config::check_address_template(claim.address, claim.match);
    const bool usable = one->regex.ok() && address;
    if (!usable) {
      rejections_.push_back(fmt::format(
          "{}: {}", claim.origin, one->regex.ok() ? address.error().what : one->regex.error()));
      compiled_.push_back(nullptr);
      continue;
    }
    one->address = parts_of(claim.address, one->regex);
    for (const Part& part : one->address)
      if (const int* group = std::get_if<int>(&part))
        one->groups = std::max(one->groups, *group + 1);
    if (one->groups != 0 || claim.resolve_allow)
      one->allow = std::make_shared<const AllowedNetworks>(claim.resolve_allow);
    if (one->groups == 0 && !claim.address.empty())
      one->fixed = std::make_shared<const RoutedAddress>(RoutedAddress{
          *config::parse_address(std::get<std::string>(one->address.front())), one->allow});
    if (set->regexes.Add(piece(claim.match), nullptr) >= 0) set->claims.push_back(i);
    compiled_.push_back(std::move(one));
  }
  const bool complete = rejections_.size() + set->claims.size() == claims_.size();
  if (!set->claims.empty() && complete && set->regexes.Compile()) set_ = std::move(set);
}

std::vector<std::size_t> PatternRoutes::matching(std::string_view host) const {
  std::vector<std::size_t> out;
  if (claims_.empty()) return out;
  if (set_) {
    std::vector<int> found;
    RE2::Set::ErrorInfo error{};
    if (set_->regexes.Match(piece(host), &found, &error)) {
      for (const int at : found) out.push_back(set_->claims[static_cast<std::size_t>(at)]);
      std::ranges::sort(out);
      return out;
    }
    if (error.kind == RE2::Set::kNoError) return out;
  }
  // The automaton of all together is too large: one after the other, in linear time each.
  for (std::size_t i = 0; i < compiled_.size(); ++i)
    if (compiled_[i] && RE2::FullMatch(piece(host), compiled_[i]->regex)) out.push_back(i);
  return out;
}

Result<PatternMatch> PatternRoutes::fill(std::size_t claim, std::string_view host) const {
  const Compiled& one = *compiled_[claim];
  if (one.groups == 0) return PatternMatch{claim, one.fixed};
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(one.groups));
  if (!one.regex.Match(piece(host), 0, host.size(), RE2::ANCHOR_BOTH, groups.data(), one.groups))
    return fail(Fault::client, "does not match");
  std::string text;
  for (const Part& part : one.address) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      text += *literal;
      continue;
    }
    const re2::StringPiece& group = groups[static_cast<std::size_t>(std::get<int>(part))];
    const std::string_view captured(group.data(), group.size());
    // Nothing that could turn a part of a name into a port, a path or another literal.
    if (!is_plain(captured))
      return fail(Fault::client, "\"{}\" cannot be a part of an address",
                  escaped_for_log(captured, 80));
    text += captured;
  }
  const auto address = config::parse_address(text);
  if (!address || address->is_unix() || address->port == 0)
    return fail(Fault::client, "\"{}\" is no address", escaped_for_log(text, 80));
  return PatternMatch{claim,
                      std::make_shared<const RoutedAddress>(RoutedAddress{*address, one.allow})};
}

}  // namespace drawbridge::core
