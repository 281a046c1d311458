#include "mc/text_events.hpp"

#include <boost/json.hpp>
#include <optional>

#include "base/strings.hpp"

namespace drawbridge::mc {
namespace {

namespace json = boost::json;

constexpr Version snake_case_since = v1_21_5;
constexpr Version contents_since = v1_16;

const json::string* text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_string();
}

std::string_view action_of(const json::object& event) {
  const auto* action = text_at(event, "action");
  return action == nullptr ? std::string_view{} : std::string_view(*action);
}

void copy(json::object& to, std::string_view to_key, const json::object& from,
          std::string_view from_key) {
  if (const auto* value = from.if_contains(from_key)) to[to_key] = *value;
}

// What 1.21.5 calls the value of each click.
struct ClickValue {
  std::string_view action, name;
};
constexpr ClickValue click_values[] = {{"open_url", "url"},
                                       {"run_command", "command"},
                                       {"suggest_command", "command"},
                                       {"change_page", "page"},
                                       {"copy_to_clipboard", "value"}};

std::string_view click_value(std::string_view action) {
  for (const auto& known : click_values) {
    if (known.action == action) return known.name;
  }
  return {};
}

using Event = std::optional<json::object>;

Event newer_click(const json::object& old) {
  const std::string_view action = action_of(old);
  const std::string_view name = click_value(action);
  const auto* value = text_at(old, "value");
  if (name.empty() || value == nullptr) return {};
  json::object out{{"action", action}};
  if (action == "change_page") {
    const auto page = parse_int<std::int32_t>(std::string_view(*value));
    if (!page || *page < 1) return {};
    out[name] = *page;
  } else {
    const std::string_view text = *value;
    if (action == "open_url" && !text.starts_with("https://") && !text.starts_with("http://")) {
      return {};
    }
    out[name] = text;
  }
  return out;
}

Event older_click(const json::object& event) {
  const std::string_view action = action_of(event);
  const auto* value = event.if_contains(click_value(action));
  if (click_value(action).empty() || value == nullptr) return {};
  std::string text;
  if (const auto* words = value->if_string()) {
    text = *words;
  } else if (value->is_int64()) {
    text = std::to_string(value->get_int64());
  } else {
    return {};
  }
  // A command without its slash was a chat message once, and later nothing.
  if (action == "run_command" && !text.starts_with('/')) text.insert(0, "/");
  return json::object{{"action", action}, {"value", text}};
}

Event newer_hover(const json::object& old) {
  const std::string_view action = action_of(old);
  const auto* contents = old.if_contains("contents");
  json::object out{{"action", action}};
  if (action == "show_text") {
    copy(out, "value", old, contents != nullptr ? "contents" : "value");
    if (!out.contains("value")) return {};
    return out;
  }
  if (contents == nullptr) return {};
  const auto* parts = contents->if_object();
  if (action == "show_item") {
    if (contents->is_string()) {
      out["id"] = *contents;
      return out;
    }
    if (parts == nullptr || !parts->contains("id")) return {};
    for (const std::string_view key : {"id", "count", "components"}) copy(out, key, *parts, key);
    return out;
  }
  if (action == "show_entity" && parts != nullptr && parts->contains("type") &&
      parts->contains("id")) {
    copy(out, "id", *parts, "type");
    copy(out, "uuid", *parts, "id");
    copy(out, "name", *parts, "name");
    return out;
  }
  return {};
}

Event older_hover(const json::object& event, Version version) {
  const std::string_view action = action_of(event);
  json::object out{{"action", action}};
  if (action == "show_text") {
    copy(out, version >= contents_since ? "contents" : "value", event, "value");
    return out.size() == 2 ? Event(std::move(out)) : Event();
  }
  if (version < contents_since) return {};
  json::object contents;
  if (action == "show_item") {
    for (const std::string_view key : {"id", "count", "components"})
      copy(contents, key, event, key);
  } else if (action == "show_entity") {
    copy(contents, "type", event, "id");
    copy(contents, "id", event, "uuid");
    copy(contents, "name", event, "name");
  }
  if (contents.empty()) return {};
  out["contents"] = std::move(contents);
  return out;
}

// For clients below 1.16, which know `value` only.
Event without_contents(const json::object& event) {
  const auto* contents = event.if_contains("contents");
  if (contents == nullptr) return event;
  if (action_of(event) != "show_text") return {};
  return json::object{{"action", "show_text"}, {"value", *contents}};
}

// The event under `key`, in the words of `version`, and the key that it has there.
struct Fitted {
  std::string_view key;
  Event event;
};
std::optional<Fitted> fitted(std::string_view key, const json::object& event, Version version) {
  const bool is_new = version >= snake_case_since;
  if (is_new && key == "clickEvent") return Fitted{"click_event", newer_click(event)};
  if (is_new && key == "hoverEvent") return Fitted{"hover_event", newer_hover(event)};
  if (!is_new && key == "click_event") return Fitted{"clickEvent", older_click(event)};
  if (!is_new && key == "hover_event") return Fitted{"hoverEvent", older_hover(event, version)};
  if (version < contents_since && key == "hoverEvent") {
    return Fitted{"hoverEvent", without_contents(event)};
  }
  return std::nullopt;
}

void fit_members(json::object& object, Version version) {
  json::object out(object.storage());
  out.reserve(object.size());
  for (auto& [key, value] : object) {
    const auto* event = value.if_object();
    auto now = event == nullptr ? std::nullopt : fitted(key, *event, version);
    if (!now) {
      out.insert_or_assign(key, std::move(value));
    } else if (now->event) {
      out.insert_or_assign(now->key, std::move(*now->event));
    }
  }
  object = std::move(out);
}

}  // namespace

bool may_need_other_events(std::string_view component_json, Version version) {
  const auto mentions = [component_json](std::string_view word) {
    return component_json.find(word) != std::string_view::npos;
  };
  if (version >= snake_case_since) return mentions("clickEvent") || mentions("hoverEvent");
  return mentions("click_event") || mentions("hover_event") ||
         (version < contents_since && mentions("hoverEvent"));
}

void fit_events(json::value& component, Version version) {
  if (auto* list = component.if_array()) {
    for (auto& part : *list) fit_events(part, version);
  } else if (auto* object = component.if_object()) {
    for (auto& member : *object) fit_events(member.value(), version);
    fit_members(*object, version);
  }
}

}  // namespace drawbridge::mc
