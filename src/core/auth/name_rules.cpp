#include "core/auth/name_rules.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace drawbridge::core {

namespace {

constexpr std::size_t longest = 16;
constexpr std::size_t shortest_strict = 3;

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_';
}
bool is_visible(char c) {
  return c > ' ' && c < '\x7f';
}

}  // namespace

bool is_allowed_name(std::string_view name, config::NameRule rule) {
  if (name.empty() || name.size() > longest) return false;
  if (rule == config::NameRule::lax) return std::ranges::all_of(name, is_visible);
  return name.size() >= shortest_strict && std::ranges::all_of(name, is_word);
}

}  // namespace drawbridge::core
