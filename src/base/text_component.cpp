#include "base/text_component.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/strings.hpp"

namespace drawbridge {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 11> names{"server",   "host",   "player",   "players",
                                                 "max",      "eta",    "elapsed",  "seconds",
                                                 "duration", "reason", "remaining"};

}  // namespace

Result<> check_text_component(std::string_view text, Fault fault) {
  if (text.size() > max_text_component)
    return fail(fault, "a text component of {} bytes", text.size());
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = max_text_levels;
  const json::value component = json::parse(text, error, {}, options);
  if (error) return fail(fault, "not a JSON text component: {}", error.message());
  const bool is_empty_list = component.is_array() && component.get_array().empty();
  if (is_empty_list || !(component.is_object() || component.is_array() || component.is_string()))
    return fail(fault, "a JSON text component is an object, a list that is not empty, or a string");
  return {};
}

std::span<const std::string_view> placeholder_names() {
  return names;
}

std::string_view placeholder_at(std::string_view text) {
  constexpr std::size_t longest = 32;  // with its braces
  if (!text.starts_with('{')) return {};
  const auto end = text.substr(0, longest).find('}');
  if (end == std::string_view::npos) return {};
  const std::string_view name = text.substr(1, end - 1);
  const bool is_word = std::ranges::all_of(
      name, [](char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_'; });
  return is_word ? name : std::string_view{};
}

}  // namespace drawbridge
