#include "mc/json_object.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <unordered_set>

#include "base/strings.hpp"

namespace drawbridge::mc {
namespace {

// The end of the string that begins at `at`, behind its closing quote.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// The end of the value that begins at `at`: at the comma or bracket that follows it on its own
// level.
std::size_t value_end(std::string_view text, std::size_t at) {
  for (int depth = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  return at;
}

std::string decoded(std::string_view key) {
  if (key.find('\\') == std::string_view::npos) return std::string(key.substr(1, key.size() - 2));
  boost::system::error_code error;
  const auto value = boost::json::parse(key, error);
  return value.is_string() ? std::string(value.get_string()) : std::string(key);
}

}  // namespace

JsonObject::JsonObject(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('{')) return;
  for (std::size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at)) {
    const std::size_t key_end = string_end(text, at);
    const std::string_view key = text.substr(at, key_end - at);
    const std::size_t colon = text.find(':', key_end);
    if (colon == std::string_view::npos) return;
    at = value_end(text, colon + 1);
    members_.push_back({decoded(key), std::string(key),
                        std::string(trimmed(text.substr(colon + 1, at - colon - 1)))});
  }
  drop_repeated();
}

// By hash, because a hostile backend can send ten thousands of members.
void JsonObject::drop_repeated() {
  std::unordered_set<std::string_view> seen;
  std::vector<bool> is_last(members_.size());
  for (std::size_t i = members_.size(); i-- > 0;) is_last[i] = seen.insert(members_[i].name).second;
  std::size_t i = 0;
  std::vector<Member> kept;
  for (Member& member : members_) {
    if (is_last[i++]) kept.push_back(std::move(member));
  }
  members_ = std::move(kept);
}

const std::string* JsonObject::find(std::string_view name) const {
  const auto member = std::ranges::find(members_, name, &Member::name);
  return member == members_.end() ? nullptr : &member->value;
}

void JsonObject::set(std::string_view name, std::string value) {
  const auto member = std::ranges::find(members_, name, &Member::name);
  if (member != members_.end()) {
    member->value = std::move(value);
  } else {
    members_.push_back({std::string(name), json_string(name), std::move(value)});
  }
}

void JsonObject::set_text(std::string_view name, std::string_view value) {
  set(name, json_string(value));
}

void JsonObject::erase(std::string_view name) {
  std::erase_if(members_, [name](const Member& member) { return member.name == name; });
}

std::string JsonObject::text() const {
  std::string out = "{";
  for (const Member& member : members_) {
    if (out.size() > 1) out += ',';
    out.append(member.key).append(":").append(member.value);
  }
  return out += '}';
}

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

}  // namespace drawbridge::mc
