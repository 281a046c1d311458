#include "core/bans/ban_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::core {

namespace json = boost::json;

struct BanDocument::Json {
  json::object root;

  json::array& list(std::string_view name) {
    json::value& value = root[name];
    if (!value.is_array()) value = json::array();
    return value.get_array();
  }
};

namespace {

constexpr int deepest = 16;  // the format needs 4
constexpr std::size_t most_problems = 20;
constexpr std::int64_t largest_id = std::int64_t{1} << 53;  // what every JSON reader keeps exact

std::optional<std::int64_t> whole(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return std::numeric_limits<std::int64_t>::max();
  if (value->is_double()) {
    const double number = value->get_double();
    if (number >= -9e15 && number <= 9e15) return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

// A fraction reads back as another number than it was written, and a ban would end at another time
// after every change of the file; so what was understood takes its place.
void keep_whole(json::value* value) {
  if (value == nullptr || !value->is_double()) return;
  if (const auto number = whole(value)) *value = *number;
}

// JSON has no infinity, but a number such as 1e999 is read as one, and what is written for it
// nobody can read again: the next start would find a corrupt file. As the end of a ban it is for
// ever, and so is null. No deeper than `deepest`.
void drop_infinities(json::value& value) {
  if (value.is_double() && !std::isfinite(value.get_double())) value = nullptr;
  if (json::array* list = value.if_array())
    for (json::value& one : *list) drop_infinities(one);
  if (json::object* object = value.if_object())
    for (auto& member : *object) drop_infinities(member.value());
}

std::string_view text_of(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  const json::string& text = value->get_string();
  return {text.data(), text.size()};
}

std::optional<BanTarget> target_of(const json::object& entry) {
  const json::value* target = entry.if_contains("target");
  if (target == nullptr || !target->is_object()) return std::nullopt;
  const json::object& parts = target->get_object();
  return BanTarget::of(text_of(parts.if_contains("type")), text_of(parts.if_contains("value")));
}

std::optional<std::string> reason_of(const json::object& entry) {
  const json::value* reason = entry.if_contains("reason");
  if (reason == nullptr || !reason->is_string()) return std::nullopt;
  return std::string(text_of(reason));
}

// Old files have a plain text: a word of ours, or else a plugin's id.
BanSource source_of(const json::object& entry) {
  const json::value* source = entry.if_contains("source");
  if (source == nullptr) return {};
  if (source->is_object()) {
    const json::object& parts = source->get_object();
    return {.type = std::string(text_of(parts.if_contains("type"))),
            .value = std::string(text_of(parts.if_contains("value")))};
  }
  const std::string_view word = text_of(source);
  for (const std::string_view known : {"console", "web_api", "player", "plugin", "system"})
    if (word == known) return {.type = std::string(word), .value = {}};
  return {.type = "plugin", .value = std::string(word)};
}

json::object target_json(const BanTarget& target) {
  return {{"type", target.type()}, {"value", target.value}};
}

json::object source_json(const BanSource& source) {
  json::object out{{"type", source.type}};
  if (!source.value.empty()) out["value"] = source.value;
  return out;
}

json::value reason_json(const std::optional<std::string>& reason) {
  return reason ? json::value(*reason) : json::value(nullptr);
}

json::object ban_json(const Ban& ban) {
  return {{"id", ban.id},
          {"target", target_json(ban.target)},
          {"reason", reason_json(ban.reason)},
          {"expires_at", ban.expires_at ? json::value(*ban.expires_at) : json::value(nullptr)},
          {"created_at", ban.created_at},
          {"source", source_json(ban.source)}};
}

// The number in an id of ours ("b17"); 0 for others.
std::int64_t number_of(std::string_view id) {
  if (id.starts_with('b')) id.remove_prefix(1);
  const std::int64_t number = parse_int<std::int64_t>(id).value_or(0);
  return number > 0 && number <= largest_id ? number : 0;
}

void append_list(std::string& out, const json::array& list) {
  out += "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    out += i == 0 ? "\n    " : ",\n    ";
    out += json::serialize(list[i]);
  }
  out += list.empty() ? "]" : "\n  ]";
}

}  // namespace

BanDocument::BanDocument() : json_(std::make_unique<Json>()) {}
BanDocument::BanDocument(BanDocument&& other) noexcept = default;
BanDocument& BanDocument::operator=(BanDocument&& other) noexcept = default;
BanDocument::~BanDocument() = default;

Result<BanDocument> BanDocument::parse(std::string_view text) {
  BanDocument out;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // editors on Windows
  if (trimmed(text).empty()) return out;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = deepest;
  json::value value = json::parse(text, error, {}, options);
  if (error) return fail(Fault::proxy, "is no JSON: {}", error.message());
  if (!value.is_object()) return fail(Fault::proxy, "is no JSON object");
  drop_infinities(value);
  out.json_->root = std::move(value.get_object());
  for (const std::string_view name : {"bans", "audit_log"})
    if (const json::value* list = out.json_->root.if_contains(name);
        list != nullptr && !list->is_array() && !list->is_null())
      return fail(Fault::proxy, "`{}` is no list", name);
  out.read_entries();
  return out;
}

void BanDocument::read_entries() {
  std::vector<std::size_t> without_id;
  for (json::value& entry : json_->list("audit_log"))
    if (json::object* fields = entry.if_object()) keep_whole(fields->if_contains("timestamp"));
  json::array& list = json_->list("bans");  // which the other one may have moved
  for (std::size_t i = 0; i < list.size(); ++i) {
    json::object* entry = list[i].if_object();
    if (entry != nullptr)
      for (const std::string_view key : {"id", "expires_at", "created_at"})
        keep_whole(entry->if_contains(key));
    auto target = entry != nullptr ? target_of(*entry) : std::nullopt;
    if (!target) {
      if (problems_.size() < most_problems)
        problems_.push_back(fmt::format("ban {} cannot be understood and bans nobody", i + 1));
      continue;
    }
    Ban ban;
    ban.target = *std::move(target);
    if (const json::value* id = entry->if_contains("id")) {
      ban.id = std::string(text_of(id));
      if (const auto number = whole(id)) ban.id = fmt::format("{}", *number);
    }
    ban.reason = reason_of(*entry);
    ban.expires_at = whole(entry->if_contains("expires_at"));
    ban.created_at = whole(entry->if_contains("created_at")).value_or(0);
    ban.source = source_of(*entry);
    if (ban.id.empty()) without_id.push_back(bans_.size());
    bans_.push_back(std::move(ban));
    places_.push_back(i);
  }
  for (const std::size_t i : without_id) {
    bans_[i].id = next_id();  // which may move the lists
    json_->list("bans")[places_[i]].get_object()["id"] = bans_[i].id;
    made_up_ids_ = true;
  }
}

// Beyond next_id and beyond every id that is written down: the file may have been put together by
// hand.
std::string BanDocument::next_id() {
  if (highest_id_ < 0) {
    highest_id_ = 0;
    for (const Ban& ban : bans_) highest_id_ = std::max(highest_id_, number_of(ban.id));
    for (const BanAudit& entry : audit())
      highest_id_ = std::max(highest_id_, number_of(entry.ban_id));
  }
  const std::int64_t wanted = whole(json_->root.if_contains("next_id")).value_or(0);
  const std::int64_t next =
      std::max(wanted > 0 && wanted <= largest_id ? wanted : 1, highest_id_ + 1);
  highest_id_ = next;
  json_->root["next_id"] = next + 1;
  return fmt::format("b{}", next);
}

std::string BanDocument::text() const {
  std::string out = "{";
  bool first = true;
  // Ours in a fixed order, then what others put there.
  const auto member = [&](std::string_view name, const json::value& value) {
    out += first ? "\n  " : ",\n  ";
    first = false;
    out += json::serialize(json::value(name)) + ": ";
    if (value.is_array())
      append_list(out, value.get_array());
    else
      out += json::serialize(value);
  };
  constexpr std::array<std::string_view, 3> ours = {"bans", "audit_log", "next_id"};
  for (const std::string_view name : ours) {
    const json::value* value = json_->root.if_contains(name);
    if (value != nullptr)
      member(name, *value);
    else if (name != "next_id")
      member(name, json::array());
  }
  for (const auto& [name, value] : json_->root)
    if (std::ranges::find(ours, std::string_view(name.data(), name.size())) == ours.end())
      member({name.data(), name.size()}, value);
  return out + "\n}\n";
}

std::vector<BanAudit> BanDocument::audit() const {
  std::vector<BanAudit> out;
  for (const json::value& value : json_->list("audit_log")) {
    const json::object* entry = value.if_object();
    if (entry == nullptr) continue;
    auto target = target_of(*entry);
    if (!target) continue;
    BanAudit audit;
    audit.action = std::string(text_of(entry->if_contains("action")));
    audit.target = *std::move(target);
    audit.reason = reason_of(*entry);
    audit.source = source_of(*entry);
    audit.timestamp = whole(entry->if_contains("timestamp")).value_or(0);
    audit.ban_id = std::string(text_of(entry->if_contains("ban_id")));
    out.push_back(std::move(audit));
  }
  return out;
}

void BanDocument::note(std::string_view action, const Ban& ban, const BanSource& source,
                       UnixSeconds now) {
  json::array& log = json_->list("audit_log");
  log.push_back(json::object{{"action", action},
                             {"target", target_json(ban.target)},
                             {"reason", reason_json(ban.reason)},
                             {"source", source_json(source)},
                             {"timestamp", now},
                             {"ban_id", ban.id}});
  if (log.size() > most_audit_entries)
    log.erase(log.begin(),
              log.begin() + static_cast<std::ptrdiff_t>(log.size() - most_audit_entries));
}

template <class Matches>
std::vector<Ban> BanDocument::take_out(Matches matches) {
  std::vector<Ban> taken;
  json::array& list = json_->list("bans");
  json::array kept;
  kept.reserve(list.size());
  std::vector<Ban> bans;
  std::vector<std::size_t> places;
  std::size_t next = 0;  // in bans_, which follow the file's order
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool known = next < places_.size() && places_[next] == i;
    if (known && matches(bans_[next])) {
      taken.push_back(std::move(bans_[next++]));
      continue;
    }
    if (known) {
      places.push_back(kept.size());
      bans.push_back(std::move(bans_[next++]));
    }
    kept.push_back(std::move(list[i]));
  }
  list = std::move(kept);
  bans_ = std::move(bans);
  places_ = std::move(places);
  return taken;
}

const Ban& BanDocument::add(Ban ban, bool audited) {
  take_out([&](const Ban& other) { return other.target.same_as(ban.target); });
  ban.id = next_id();
  json::array& list = json_->list("bans");
  places_.push_back(list.size());
  list.push_back(ban_json(ban));
  bans_.push_back(std::move(ban));
  const Ban& added = bans_.back();
  if (audited) note("ban", added, added.source, added.created_at);
  return added;
}

std::vector<Ban> BanDocument::remove(const BanTarget& target, const BanSource& source,
                                     UnixSeconds now, bool audited) {
  std::vector<Ban> taken = take_out([&](const Ban& ban) { return ban.target.same_as(target); });
  if (audited)
    for (const Ban& ban : taken) note("unban", ban, source, now);
  return taken;
}

std::vector<Ban> BanDocument::purge(UnixSeconds now, bool audited) {
  std::vector<Ban> taken = take_out([&](const Ban& ban) { return !ban.holds_at(now); });
  if (audited)
    for (const Ban& ban : taken) note("expired", ban, {.type = "system", .value = {}}, now);
  return taken;
}

}  // namespace drawbridge::core
