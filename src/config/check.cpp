#include "config/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "config/grammar.hpp"
#include "config/inactive.hpp"
#include "config/keys.hpp"
#include "config/secret_file.hpp"
#include "config/toml.hpp"

namespace drawbridge::config {
namespace {

namespace fs = std::filesystem;

// What one run has found, before it is printed.
struct Findings {
  Problems problems;
  std::vector<std::string> notes;
  struct Section {
    std::string title;
    std::vector<ShownValue> values;
    std::vector<std::string> inactive;
  };
  std::vector<Section> sections;
  std::size_t servers = 0;
};

void redact(Node& node, bool secret) {
  if (node.is_string()) node.text = secret ? std::string(redacted) : redact_url(node.text);
  for (Node& child : node.children) redact(child, secret);
}

// Every value of an object, in the order of the reference page.
std::vector<ShownValue> values_of(const Table& table, const void* object, const Origins& origins) {
  std::vector<ShownValue> out;
  walk(table, object, [&](const Leaf& leaf) {
    if (leaf.key.codec == nullptr) return;
    Node value = leaf.key.codec->write(leaf.value);
    redact(value, leaf.key.secret);
    const auto origin = origins.find(leaf.path);
    out.push_back({.path = leaf.path,
                   .value = std::move(value),
                   .without = leaf.key.default_text.empty() ? "none" : leaf.key.default_text,
                   .origin = origin == origins.end() ? "default" : origin->second.text()});
  });
  return out;
}

}  // namespace

std::vector<ShownValue> shown_values(const GlobalConfig& config, const Origins& origins) {
  return values_of(global_keys(), &config, origins);
}

std::vector<ShownValue> shown_values(const ServerConfig& config, const Origins& origins) {
  return values_of(server_keys(), &config, origins);
}

std::string ShownValue::text() const {
  return value.kind == Node::Kind::other ? fmt::format("({})", without) : to_toml(value);
}

namespace {

void add_server(Findings& findings, const fs::path& path, const ServerConfig& server, bool show) {
  ++findings.servers;
  Findings::Section section{
      .title = path.native(), .values = {}, .inactive = inactive_keys(server)};
  if (show) {
    Origins origins;
    load_server_file(path, &origins);
    section.values = values_of(server_keys(), &server, origins);
  }
  findings.sections.push_back(std::move(section));
}

void append(Problems& to, Problems from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void warn(Findings& findings, const fs::path& path, std::string message) {
  findings.problems.push_back({.severity = Problem::Severity::warning,
                               .source = path.native(),
                               .line = 0,
                               .column = 0,
                               .key = {},
                               .message = std::move(message)});
}

// The file is only looked at: it is made when the proxy starts.
void check_secret(Findings& findings, const GlobalConfig& global) {
  const fs::path& file = global.forwarding.secret_file;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file, error))) {
    findings.notes.push_back(fmt::format("{}: will be made at the start", file.native()));
    return;
  }
  const Result<Secret> secret = read_secret(file);
  if (!secret)
    warn(findings, file, fmt::format("logins will be refused: it {}", secret.error().what));
  else
    for (const std::string& text : secret->warnings) warn(findings, file, text);
}

void check_servers(Findings& findings, const GlobalConfig& global, const Origins& origins,
                   const CheckOptions& options) {
  const LoadedFolder folder = load_folder(global.servers_dir);
  append(findings.problems, folder.problems);
  append(findings.problems, cross_check(global, origins, folder.files));
  if (options.conflicts)
    for (std::string& line : options.conflicts(global, folder.files))
      warn(findings, global.servers_dir, std::move(line));
  const bool uses_secret = std::ranges::any_of(folder.files, [&](const LoadedFolder::File& file) {
    return file.server.config && needs_forwarding_secret(*file.server.config, global);
  });
  if (uses_secret) check_secret(findings, global);
  for (const LoadedFolder::File& file : folder.files) {
    append(findings.problems, file.server.problems);
    if (!file.server.config) continue;
    add_server(findings, file.path, *file.server.config, options.show);
    if (const auto why = protection_missing(*file.server.config, global))
      warn(findings, file.path, fmt::format("logins will be refused: {}", *why));
  }
  std::error_code ignored;
  if (folder.files.empty())
    findings.notes.push_back(fmt::format("{} {}", global.servers_dir.native(),
                                         fs::exists(global.servers_dir, ignored)
                                             ? "holds no server files"
                                             : "(servers_dir) does not exist yet"));
}

void check_everything(Findings& findings, const std::optional<fs::path>& path,
                      const CheckOptions& options, const Overlays& overlays) {
  Loaded loaded = load_global(path, overlays);
  append(findings.problems, std::move(loaded.problems));
  if (!path)
    findings.notes.emplace_back("no drawbridge.toml here, so the defaults hold; -c names another");
  findings.sections.push_back(
      {.title = path ? path->native() : "no global file, defaults", .values = {}, .inactive = {}});
  if (loaded.config) {
    if (options.show)
      findings.sections[0].values = values_of(global_keys(), &*loaded.config, loaded.origins);
    findings.sections[0].inactive = inactive_keys(*loaded.config, loaded.origins);
    check_servers(findings, *loaded.config, loaded.origins, options);
    return;
  }
  // The servers are worth a look even so: where they are by default.
  GlobalConfig defaults;
  if (path) defaults.servers_dir = path->parent_path() / "servers";
  const LoadedFolder folder = load_folder(defaults.servers_dir);
  append(findings.problems, folder.problems);
  for (const LoadedFolder::File& file : folder.files)
    append(findings.problems, file.server.problems);
}

// Server files are told from the global one by the keys that every one of them has.
bool is_server_file(const fs::path& path) {
  if (path.filename() == "drawbridge.toml" || path.filename() == "infrarust.toml") return false;
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const ParsedToml parsed = parse_toml(bytes);
  return std::ranges::any_of(parsed.root.children, [](const Node& child) {
    return server_keys().find(child.key) != nullptr && global_keys().find(child.key) == nullptr;
  });
}

std::size_t count(const Problems& problems, Problem::Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(problems, severity, &Problem::severity));
}

std::string as_text(const Findings& findings) {
  std::string out;
  for (const Findings::Section& section : findings.sections) {
    if (section.values.empty()) continue;
    out += fmt::format("# {}\n", section.title);
    for (const ShownValue& shown : section.values)
      out += fmt::format("{} = {}  # {}\n", shown.path, shown.text(), shown.origin);
    out += '\n';
  }
  for (const Problem& problem : findings.problems) out += problem.text() + "\n";
  for (const Findings::Section& section : findings.sections)
    for (const std::string& key : section.inactive)
      out += fmt::format("{}: note: {}: accepted, not active yet\n", section.title, key);
  for (const std::string& note : findings.notes) out += fmt::format("note: {}\n", note);
  const auto plural = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  out += fmt::format("{}, {}, {}\n", plural(findings.servers, "server"),
                     plural(count(findings.problems, Problem::Severity::error), "error"),
                     plural(count(findings.problems, Problem::Severity::warning), "warning"));
  return out;
}

Node problem_node(const Problem& problem) {
  Node out;
  out.add("severity", name_of(problem.severity));
  out.add("file", problem.source);
  out.add("line", Node::of(std::int64_t{problem.line}));
  out.add("column", Node::of(std::int64_t{problem.column}));
  out.add("key", problem.key);
  out.add("message", problem.message);
  return out;
}

std::string as_json(const Findings& findings, bool show) {
  const auto number = [](std::size_t n) { return Node::of(static_cast<std::int64_t>(n)); };
  const std::size_t errors = count(findings.problems, Problem::Severity::error);
  Node root;
  root.add("ok", Node::of(errors == 0));
  root.add("servers", number(findings.servers));
  root.add("errors", number(errors));
  root.add("warnings", number(count(findings.problems, Problem::Severity::warning)));
  Node problems = Node::list();
  for (const Problem& problem : findings.problems)
    problems.children.push_back(problem_node(problem));
  root.add("problems", std::move(problems));
  Node files = Node::list();
  for (const Findings::Section& section : findings.sections) {
    Node file;
    file.add("file", section.title);
    Node inactive = Node::list();
    for (const std::string& key : section.inactive) inactive.children.push_back(Node::of(key));
    file.add("inactive", std::move(inactive));
    if (show) {
      Node values;
      for (const ShownValue& shown : section.values) {
        Node value;
        value.add("value", shown.value);
        value.add("source", shown.origin);
        values.add(shown.path, std::move(value));
      }
      file.add("values", std::move(values));
    }
    files.children.push_back(std::move(file));
  }
  root.add("files", std::move(files));
  return to_json(root) + "\n";
}

}  // namespace

CheckResult check(const CheckOptions& options, const Overlays& overlays) {
  Findings findings;
  std::error_code ignored;
  if (options.path && !fs::is_directory(*options.path, ignored) && is_server_file(*options.path)) {
    const LoadedServer server = load_server_file(*options.path);
    append(findings.problems, server.problems);
    if (server.config) add_server(findings, *options.path, *server.config, options.show);
  } else {
    const bool folder = options.path && fs::is_directory(*options.path, ignored);
    const GlobalFile file =
        folder ? find_global_file(std::nullopt, *options.path) : find_global_file(options.path);
    if (!file.note.empty()) findings.notes.push_back(file.note);
    if (folder && !file.path)
      findings.problems.push_back({.severity = Problem::Severity::error,
                                   .source = options.path->native(),
                                   .line = 0,
                                   .column = 0,
                                   .key = {},
                                   .message = "holds neither drawbridge.toml nor infrarust.toml"});
    else
      check_everything(findings, file.path, options, overlays);
  }
  CheckResult result;
  result.output = options.json ? as_json(findings, options.show) : as_text(findings);
  if (has_errors(findings.problems))
    result.exit_code = 2;
  else if (options.strict && count(findings.problems, Problem::Severity::warning) > 0)
    result.exit_code = 3;
  return result;
}

}  // namespace drawbridge::config
