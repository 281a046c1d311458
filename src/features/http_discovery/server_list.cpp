#include "features/http_discovery/server_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.hpp"
#include "config/toml.hpp"
#include "config/tree.hpp"

namespace drawbridge::features::http_discovery {

namespace {

using config::Node;

// Beyond this something else than a list of servers is there.
constexpr std::size_t most_servers = 10'000;

Result<Node> parse(std::string_view body) {
  const std::string_view text = trimmed(body);
  if (text.starts_with('{')) return config::parse_json(text);
  config::ParsedToml parsed = config::parse_toml(text);
  if (parsed.errors.empty()) return std::move(parsed.root);
  return fail(Fault::backend, "neither JSON nor TOML: line {}: {}", parsed.errors.front().line,
              parsed.errors.front().message);
}

// JSON's null is a key that is not there.
void drop_nulls(Node& node) {
  std::erase_if(node.children, [](const Node& child) {
    return child.kind == Node::Kind::other && child.text == "null";
  });
  for (Node& child : node.children) drop_nulls(child);
}

// A table as a document: each key on a line of its own.
std::string document_of(const Node& table) {
  std::string out;
  for (const Node& child : table.children) {
    Node key = Node::of(std::string_view(child.key));
    out += config::to_toml(key) + " = " + config::to_toml(child) + "\n";
  }
  return out;
}

bool names_a_place(const std::string& text) {
  return text.starts_with("file:") || text.starts_with("env:");
}

// Whether the document names files of this machine, by keys (`whitelist_file`, `ca_file`) or as an
// icon. To be asked before it is loaded, which reads them.
bool names_files(const Node& node) {
  const bool is_icon = node.key == "favicon" && node.is_string();
  const auto begins = [&node](std::string_view with) { return node.text.starts_with(with); };
  if (is_icon) return !begins("data:") && !begins("http:") && !begins("https:") && !begins("iVBOR");
  return node.key.ends_with("_file") || std::ranges::any_of(node.children, names_files);
}

// What a stranger's list may not ask of this machine; "" if all is well.
std::string forbidden(const config::ServerConfig& server, bool is_genuine) {
  if (!server.server_manager) return {};
  const config::ServerManager& keeper = *server.server_manager;
  if (keeper.type == config::KeeperType::local)
    return "a list from the network cannot have programs run here (type = \"local\")";
  if (keeper.type == config::KeeperType::docker && !is_genuine)
    return "a list that came over plain http cannot have containers started and stopped: use https";
  const bool reads =
      names_a_place(keeper.api_key) || (keeper.secret && names_a_place(*keeper.secret)) ||
      std::ranges::any_of(keeper.headers,
                          [](const auto& header) { return names_a_place(header.second); });
  return reads ? "a list from the network cannot have files or variables read here" : "";
}

}  // namespace

Result<ServerList> parse_server_list(std::string_view body) {
  auto root = parse(body);
  if (!root) return std::unexpected(std::move(root.error()));
  Node* servers = root->is_table() ? root->find("servers") : nullptr;
  if (servers == nullptr || !servers->is_list())
    return fail(Fault::backend, "there is no list `servers`");
  if (servers->children.size() > most_servers)
    return fail(Fault::backend, "more than {} servers", most_servers);
  ServerList out;
  for (std::size_t i = 0; i < servers->children.size(); ++i) {
    Node& entry = servers->children[i];
    drop_nulls(entry);
    const Node* id = entry.is_table() ? entry.find("id") : nullptr;
    if (id == nullptr || !id->is_string() || !config::is_id(id->text)) {
      out.problems.push_back(fmt::format("servers[{}] has no usable `id`", i));
      continue;
    }
    if (!out.documents.emplace(id->text, document_of(entry)).second)
      out.problems.push_back(fmt::format("servers[{}]: there is a {} already", i, id->text));
  }
  return out;
}

config::LoadedServer load_listed(const std::string& id, std::string_view document,
                                 bool is_genuine) {
  const std::string source = "http_discovery/" + id;
  config::LoadedServer out;
  std::string wrong;
  if (names_files(config::parse_toml(document).root)) {
    wrong = "a list from the network cannot have files or variables read here";
  } else {
    out = config::load_server(document, source);
  }
  out.id = id;
  if (!out.config && wrong.empty()) return out;
  if (wrong.empty()) wrong = forbidden(*out.config, is_genuine);
  // `name` beats `id` in a file; here the id is what starts, stops and reports are about.
  if (wrong.empty() && out.config->id != id) wrong = "`name` is another than `id`";
  if (wrong.empty()) return out;
  out.problems.push_back({.severity = config::Problem::Severity::error,
                          .source = source,
                          .line = 0,
                          .column = 0,
                          .key = {},
                          .message = std::move(wrong)});
  out.config.reset();
  return out;
}

}  // namespace drawbridge::features::http_discovery
