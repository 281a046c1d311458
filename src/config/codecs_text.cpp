// Values with a shape of their own: texts, icons, weighted addresses, and keys that take a word or
// something else.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/strings.hpp"
#include "base/text_component.hpp"
#include "config/codecs.hpp"
#include "config/grammar.hpp"

namespace drawbridge::config {
namespace {

constexpr std::array<std::pair<std::string_view, SendProxy>, 3> send_proxy_words{
    {{"v1", SendProxy::v1}, {"v2", SendProxy::v2}, {"v2_crc32c", SendProxy::v2_crc32c}}};

// Keys of a small table that is read by hand; names the ones that do not belong.
bool only_keys(Reader& reader, const Node& node, std::span<const std::string_view> allowed) {
  bool good = true;
  for (const Node& child : node.children) {
    if (std::ranges::find(allowed, std::string_view(child.key)) != allowed.end()) continue;
    const auto nearest = nearest_name(child.key, allowed);
    reader.error_at_key(child,
                        fmt::format("unknown key \"{}\"{}", escaped_for_log(child.key, 60),
                                    nearest ? fmt::format(", did you mean `{}`?", *nearest) : ""));
    good = false;
  }
  return good;
}

Node string_or(std::initializer_list<Node> others) {
  Node out = schema_any_of(others);
  out.find("anyOf")->children.insert(out.find("anyOf")->children.begin(), schema_type("string"));
  return out;
}

Node object_schema(std::string_view key) {
  Node properties;
  properties.add(key, schema_type("string"));
  Node out = schema_type("object");
  out.add("properties", std::move(properties));
  Node needed = Node::list();
  needed.children.push_back(Node::of(key));
  out.add("required", std::move(needed));
  out.add("additionalProperties", Node::of(false));
  return out;
}

Node words(std::initializer_list<std::string_view> list) {
  Node out = schema_type("string");
  Node names = Node::list();
  for (const std::string_view word : list) names.children.push_back(Node::of(word));
  out.add("enum", std::move(names));
  return out;
}

Result<> check_text(const Text& text, bool with_ban) {
  if (text.value.size() > max_text_component)
    return fail(Fault::proxy, "is longer than {} bytes", max_text_component);
  if (text.kind == Text::Kind::json)
    if (const Result<> good = check_text_component(text.value); !good) return good;
  return check_placeholders(text.value, with_ban);
}

bool read_text(Reader& reader, const Node& node, Text& out, bool with_ban) {
  Text text;
  const Node* value = &node;
  if (node.is_table()) {
    constexpr std::array<std::string_view, 1> allowed = {"json"};
    if (!only_keys(reader, node, allowed)) return false;
    value = node.find("json");
    text.kind = Text::Kind::json;
  }
  const bool scalar_text = value != nullptr && value->from_text && !value->is_list();
  if (value == nullptr || (!value->is_string() && !scalar_text)) {
    wrong_type(reader, node, "a text, or { json = '...' } with a text component");
    return false;
  }
  text.value = value->text;
  if (const Result<> good = check_text(text, with_ban); !good) {
    reader.error(*value, good.error().what);
    return false;
  }
  out = std::move(text);
  return true;
}

}  // namespace

bool Format<Text>::read(Reader& reader, const Node& node, Text& out) {
  return read_text(reader, node, out, false);
}
Node Format<Text>::write(const Text& value) {
  if (value.kind == Text::Kind::legacy) return Node::of(value.value);
  Node out;
  out.add("json", value.value);
  return out;
}
std::string Format<Text>::type_name() {
  return "text";
}
Node Format<Text>::schema() {
  return string_or({object_schema("json")});
}

bool Format<KickMessages>::read(Reader& reader, const Node& node, KickMessages& out) {
  if (!node.is_table()) return wrong_type(reader, node, "a table of texts"), false;
  KickMessages messages;
  bool good = true;
  std::vector<std::string_view> names;
  for (const Word& word : words_of<Kick>()) names.push_back(word.text);
  for (const Node& child : node.children) {
    const Reader::Step step(reader, child.key);
    const auto found = std::ranges::find(words_of<Kick>(), child.key, &Word::text);
    if (found == words_of<Kick>().end()) {
      const auto nearest = nearest_name(child.key, names);
      reader.error_at_key(
          child, fmt::format("no refusal has this name{}",
                             nearest ? fmt::format(", did you mean `{}`?", *nearest) : ""));
      good = false;
      continue;
    }
    const auto kick = static_cast<Kick>(found->value);
    Text text;
    const bool has_reason = kick == Kick::banned || kick == Kick::moved;
    if (read_text(reader, child, text, has_reason))
      messages[kick] = std::move(text);
    else
      good = false;
    reader.note_origin(child);
  }
  if (good) out = std::move(messages);
  return good;
}
Node Format<KickMessages>::write(const KickMessages& value) {
  Node out;
  for (const auto& [kick, text] : value) out.add(name_of(kick), Format<Text>::write(text));
  return out;
}
std::string Format<KickMessages>::type_name() {
  return "table of texts";
}
Node Format<KickMessages>::schema() {
  Node properties;
  for (const Word& word : words_of<Kick>()) properties.add(word.text, Format<Text>::schema());
  Node out = schema_type("object");
  out.add("properties", std::move(properties));
  out.add("additionalProperties", Node::of(false));
  return out;
}

bool Format<Headers>::read(Reader& reader, const Node& node, Headers& out) {
  if (!node.is_table()) return wrong_type(reader, node, "a table of strings"), false;
  Headers headers;
  bool good = true;
  for (const Node& child : node.children) {
    std::string value;
    const bool fits = Format<std::string>::read(reader, child, value);
    const bool token = !child.key.empty() && std::ranges::all_of(child.key, [](char c) {
      return c > ' ' && c < 0x7F &&
             std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
    });
    if (!token || value.find_first_of("\r\n") != std::string::npos) {
      reader.error_at_key(child, "is no header that can be sent");
      good = false;
    }
    good = good && fits;
    headers[child.key] = std::move(value);
  }
  if (good) out = std::move(headers);
  return good;
}
Node Format<Headers>::write(const Headers& value) {
  Node out;
  for (const auto& [name, text] : value) out.add(name, text);
  return out;
}
std::string Format<Headers>::type_name() {
  return "table of strings";
}
Node Format<Headers>::schema() {
  Node out = schema_type("object");
  out.add("additionalProperties", schema_type("string"));
  return out;
}

bool Format<Favicon>::read(Reader& reader, const Node& node, Favicon& out) {
  std::string text;
  if (!Format<std::string>::read(reader, node, text)) return false;
  constexpr std::string_view data_url = "data:image/png;base64,";
  // What every PNG looks like in base64: no path begins like this.
  constexpr std::string_view png_base64 = "iVBORw0KGgo";
  if (text.starts_with("http://") || text.starts_with("https://")) {
    out = {.kind = Favicon::Kind::url, .value = std::move(text)};
  } else if (text.starts_with(data_url) || text.starts_with(png_base64)) {
    if (text.starts_with(data_url)) text.erase(0, data_url.size());
    out = {.kind = Favicon::Kind::base64, .value = std::move(text)};
  } else {
    if (text.empty()) return reader.error(node, "the path is empty"), false;
    out = {.kind = Favicon::Kind::file, .value = reader.resolve(node, text).native()};
  }
  return true;
}
Node Format<Favicon>::write(const Favicon& value) {
  return Node::of(value.value);
}
std::string Format<Favicon>::type_name() {
  return "path, base64 or URL";
}
Node Format<Favicon>::schema() {
  return schema_type("string");
}

bool Format<BackendAddress>::read(Reader& reader, const Node& node, BackendAddress& out) {
  BackendAddress backend;
  const Node* address = &node;
  if (node.is_table()) {
    constexpr std::array<std::string_view, 2> allowed = {"address", "weight"};
    if (!only_keys(reader, node, allowed)) return false;
    address = node.find("address");
    if (address == nullptr) return reader.error(node, "`address` is missing"), false;
    if (const Node* weight = node.find("weight")) {
      std::uint32_t value = 1;
      if (!Format<std::uint32_t>::read(reader, *weight, value)) return false;
      if (value > 65535) return reader.error(*weight, "a weight must be 0..65535"), false;
      backend.weight = static_cast<std::uint16_t>(value);
    }
  }
  if (!Format<Address>::read(reader, *address, backend.address)) return false;
  out = std::move(backend);
  return true;
}
Node Format<BackendAddress>::write(const BackendAddress& value) {
  if (value.weight == 1) return Format<Address>::write(value.address);
  Node out;
  out.add("address", value.address.text());
  out.add("weight", Node::of(std::int64_t{value.weight}));
  return out;
}
std::string Format<BackendAddress>::type_name() {
  return "addresses or { address, weight }";
}
Node Format<BackendAddress>::schema() {
  Node weight = schema_type("integer");
  weight.add("minimum", Node::of(std::int64_t{0}));
  weight.add("maximum", Node::of(std::int64_t{65535}));
  Node object = object_schema("address");
  object.find("properties")->add("weight", std::move(weight));
  return string_or({std::move(object)});
}

bool Format<ReceiveProxy>::read(Reader& reader, const Node& node, ReceiveProxy& out) {
  if (node.is_string() && trimmed(node.text) == "optional") {
    out = ReceiveProxy::optional;
    return true;
  }
  bool on = false;
  if (node.is_string() && !node.from_label)
    return wrong_type(reader, node, "true, false or \"optional\""), false;
  if (!Format<bool>::read(reader, node, on)) return false;
  out = on ? ReceiveProxy::required : ReceiveProxy::off;
  return true;
}
Node Format<ReceiveProxy>::write(const ReceiveProxy& value) {
  if (value == ReceiveProxy::optional) return Node::of("optional");
  return Node::of(value == ReceiveProxy::required);
}
std::string Format<ReceiveProxy>::type_name() {
  return "bool or \"optional\"";
}
Node Format<ReceiveProxy>::schema() {
  return schema_any_of({schema_type("boolean"), words({"optional"})});
}

bool Format<SendProxy>::read(Reader& reader, const Node& node, SendProxy& out) {
  if (node.is_string())
    for (const auto& [text, value] : send_proxy_words)
      if (node.text == text) return out = value, true;
  bool on = false;
  if (node.is_string() && !node.from_label)
    return wrong_type(reader, node, "true, false, \"v1\", \"v2\" or \"v2_crc32c\""), false;
  if (!Format<bool>::read(reader, node, on)) return false;
  out = on ? SendProxy::v2 : SendProxy::off;
  return true;
}
Node Format<SendProxy>::write(const SendProxy& value) {
  for (const auto& [text, known] : send_proxy_words)
    if (value == known) return Node::of(text);
  return Node::of(false);
}
std::string Format<SendProxy>::type_name() {
  return "bool, \"v1\", \"v2\" or \"v2_crc32c\"";
}
Node Format<SendProxy>::schema() {
  return schema_any_of({schema_type("boolean"), words({"v1", "v2", "v2_crc32c"})});
}

bool Format<Coalesce>::read(Reader& reader, const Node& node, Coalesce& out) {
  if (node.is_string() && (node.text == "off" || node.text == "auto")) {
    out = {.mode = node.text == "off" ? Coalesce::Mode::off : Coalesce::Mode::automatic,
           .slot = {}};
    return true;
  }
  Duration slot{};
  if (!node.is_string() && node.kind != Node::Kind::integer)
    return wrong_type(reader, node, "\"off\", \"auto\" or a duration"), false;
  if (!Format<Duration>::read(reader, node, slot)) return false;
  if (slot < microseconds(50) || slot > milliseconds(5))
    return reader.error(node, "a slot must be 50us..5ms"), false;
  out = {.mode = Coalesce::Mode::fixed, .slot = slot};
  return true;
}
Node Format<Coalesce>::write(const Coalesce& value) {
  if (value.mode == Coalesce::Mode::fixed) return Format<Duration>::write(value.slot);
  return Node::of(value.mode == Coalesce::Mode::off ? "off" : "auto");
}
std::string Format<Coalesce>::type_name() {
  return "\"off\", \"auto\" or duration";
}
Node Format<Coalesce>::schema() {
  return schema_type("string");
}

bool Format<StaleWhileError>::read(Reader& reader, const Node& node, StaleWhileError& out) {
  Duration age{};
  if (node.kind == Node::Kind::boolean) {
    out = {.enabled = node.boolean, .max_age = std::nullopt};
    return true;
  }
  if (!node.is_string() && node.kind != Node::Kind::integer)
    return wrong_type(reader, node, "true, false or a duration"), false;
  if (!Format<Duration>::read(reader, node, age)) return false;
  out = {.enabled = age.count() > 0, .max_age = age};
  return true;
}
Node Format<StaleWhileError>::write(const StaleWhileError& value) {
  if (value.enabled && value.max_age) return Format<Duration>::write(*value.max_age);
  return Node::of(value.enabled);
}
std::string Format<StaleWhileError>::type_name() {
  return "bool or duration";
}
Node Format<StaleWhileError>::schema() {
  return string_or({schema_type("boolean")});
}

bool Format<DomainRewrite>::read(Reader& reader, const Node& node, DomainRewrite& out) {
  if (node.is_string() && (node.text == "none" || node.text == "from_backend")) {
    out = {
        .mode = node.text == "none" ? DomainRewrite::Mode::none : DomainRewrite::Mode::from_backend,
        .host = {}};
    return true;
  }
  const Node* host = node.is_table() ? node.find("explicit") : nullptr;
  if (host == nullptr || !host->is_string() || node.children.size() != 1)
    return wrong_type(reader, node, "\"none\", \"from_backend\" or { explicit = \"host\" }"), false;
  const Result<std::string> folded = fold_domain(host->text);
  if (!folded) return reader.error(*host, folded.error().what), false;
  if (folded->find_first_of("*?") != std::string::npos)
    return reader.error(*host, "a host name without * and ? is needed"), false;
  out = {.mode = DomainRewrite::Mode::fixed, .host = *folded};
  return true;
}
Node Format<DomainRewrite>::write(const DomainRewrite& value) {
  if (value.mode != DomainRewrite::Mode::fixed)
    return Node::of(value.mode == DomainRewrite::Mode::none ? "none" : "from_backend");
  Node out;
  out.add("explicit", value.host);
  return out;
}
std::string Format<DomainRewrite>::type_name() {
  return "\"none\", \"from_backend\" or { explicit = host }";
}
Node Format<DomainRewrite>::schema() {
  return schema_any_of({words({"none", "from_backend"}), object_schema("explicit")});
}

}  // namespace drawbridge::config
