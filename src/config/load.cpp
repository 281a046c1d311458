#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/strings.hpp"
#include "config/favicon.hpp"
#include "config/keys.hpp"
#include "config/network_list.hpp"
#include "config/overlay.hpp"
#include "config/toml.hpp"

extern char** environ;

namespace drawbridge::config {
namespace {

namespace fs = std::filesystem;

// Larger than any file that people write; whatever is in it is checked within seconds. A wrong path
// (a log, a disk image) must not be read whole.
constexpr std::uintmax_t largest_file = 1u << 20;

Result<std::string> read_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return fail(Fault::proxy, "is a folder");
  // Opening a pipe would wait for its writer, a device may never end.
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    return fail(Fault::proxy, "is not a plain file");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const bool exists = fs::exists(path, error);
    return fail(Fault::proxy, "{}", exists ? "cannot be read (rights?)" : "does not exist");
  }
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > largest_file) return fail(Fault::proxy, "is larger than 1 MiB");
  std::string bytes;
  if (!error) bytes.reserve(size);
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return fail(Fault::proxy, "cannot be read to its end");
  return bytes;
}

Problem whole_file(const fs::path& path, std::string message) {
  return {.severity = Problem::Severity::error,
          .source = path.native(),
          .line = 0,
          .column = 0,
          .key = {},
          .message = std::move(message)};
}

// Parses a file into `root`; false when what is left is not worth checking.
bool parse(std::string_view bytes, const std::string& shown, Node& root, Problems& problems) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);  // editors on Windows
  if (const auto zero = bytes.find('\0'); zero != bytes.npos) {
    problems.push_back(
        whole_file(shown, fmt::format("holds a zero byte at {}; is it a text file?", zero)));
    return false;
  }
  ParsedToml parsed = parse_toml(bytes);
  for (SyntaxError& error : parsed.errors)
    problems.push_back({.severity = Problem::Severity::error,
                        .source = shown,
                        .line = error.line,
                        .column = error.column,
                        .key = {},
                        .message = std::move(error.message)});
  root = std::move(parsed.root);
  root.line = root.column = 0;  // what is missing in the file is missing nowhere in particular
  return parsed.usable;
}

// In the order in which they are met in the file; what concerns the whole of it first.
void sort_problems(Problems& problems) {
  std::ranges::sort(problems, [](const Problem& a, const Problem& b) {
    return std::tie(a.source, a.line, a.column, a.key, a.message) <
           std::tie(b.source, b.line, b.column, b.key, b.message);
  });
}

// A line that could not be read may be the one that is missing: no second complaint.
void drop_consequences(Problems& problems, const std::string& shown) {
  std::erase_if(problems, [&](const Problem& p) {
    return p.line == 0 && !p.key.empty() && p.source == shown;
  });
}

void check_icons(const Table& table, const void* object, Reader& reader, const Origins* origins) {
  walk(table, object, [&](const Leaf& leaf) {
    if (leaf.key.codec != &codec_of<std::optional<Favicon>>()) return;
    const auto& icon = *static_cast<const std::optional<Favicon>*>(leaf.value);
    if (!icon || icon->kind == Favicon::Kind::url) return;
    const Result<std::string> loaded = load_favicon(*icon);
    if (loaded) return;
    Node at;
    if (origins != nullptr)
      if (const auto origin = origins->find(leaf.path); origin != origins->end())
        at.line = origin->second.line;
    const Reader::Step step(reader, leaf.path);
    reader.warn(at, fmt::format("{}; players will see no icon", loaded.error().what));
  });
}

// ---- global

// Default paths start where paths in the file would.
void settle_default_paths(GlobalConfig& config, const fs::path& base, const Origins& origins) {
  walk(global_keys(), &config, [&](const Leaf& leaf) {
    if (leaf.key.codec != &codec_of<fs::path>() || origins.contains(leaf.path)) return;
    auto& path = *static_cast<fs::path*>(const_cast<void*>(leaf.value));
    path = joined(base, path.native());
  });
}

// systemd names the folders (or several, with colons between) that it made for the service.
void settle_service_folders(GlobalConfig& config, const Overlays& overlays,
                            const Origins& origins) {
  for (const auto& [name, value] : overlays.environment) {
    const fs::path folder = value.substr(0, value.find(':'));
    if (folder.empty()) continue;
    if (name == "RUNTIME_DIRECTORY" && !origins.contains("control.socket"))
      config.control.socket = folder / "drawbridge.sock";
    if (name == "STATE_DIRECTORY" && !origins.contains("state_dir")) config.state_dir = folder;
  }
}

// The networks that a file lists; what is wrong with it goes to the reader.
std::vector<Cidr> networks_of(const fs::path& file, Reader& reader) {
  const Result<std::string> bytes = read_file(file);
  if (!bytes) {
    reader.error(Node(), fmt::format("{} {}", file.native(), bytes.error().what));
    return {};
  }
  NetworkList list = parse_network_list(*bytes, file.native());
  for (std::string& problem : list.problems) reader.error(Node(), std::move(problem));
  return std::move(list.networks);
}

void settle_trusted_proxies(GlobalConfig& config, Reader& reader, const Origins& origins) {
  if (!config.trusted_proxies_file) return;
  const Reader::Step step(reader, "trusted_proxies_file");
  const std::vector<Cidr> networks = networks_of(*config.trusted_proxies_file, reader);
  if (!origins.contains("trusted_proxies")) config.trusted_proxies.clear();
  config.trusted_proxies.insert(config.trusted_proxies.end(), networks.begin(), networks.end());
  if (config.trusted_proxies.empty())
    reader.error(Node(), fmt::format("{} lists nobody", config.trusted_proxies_file->native()));
}

// A whitelist that turned out empty would let everybody in; a blacklist may be empty.
void settle_ip_filter(IpFilter& filter, Reader& reader) {
  if (filter.whitelist_file) {
    const Reader::Step step(reader, "ip_filter.whitelist_file");
    const std::vector<Cidr> networks = networks_of(*filter.whitelist_file, reader);
    filter.whitelist.insert(filter.whitelist.end(), networks.begin(), networks.end());
    if (filter.whitelist.empty())
      reader.error(Node(), fmt::format("{} lists nobody", filter.whitelist_file->native()));
  }
  if (filter.blacklist_file) {
    const Reader::Step step(reader, "ip_filter.blacklist_file");
    const std::vector<Cidr> networks = networks_of(*filter.blacklist_file, reader);
    filter.blacklist.insert(filter.blacklist.end(), networks.begin(), networks.end());
  }
}

// protect = "public": limits for the open internet, each unless it was set by hand.
void settle_protect(GlobalConfig& config, Reader& reader, const Origins& origins) {
  if (config.protect != Protect::public_server) return;
  const auto preset = [&](std::string_view key, auto& member, auto value) {
    if (origins.contains(key)) return;
    member = std::move(value);
    reader.note_preset(key, "protect");
  };
  RateLimit& limit = config.rate_limit;
  preset("rate_limit.enabled", limit.enabled, true);
  preset("rate_limit.max_connections", limit.max_connections, 6u);
  preset("rate_limit.window", limit.window, Duration(seconds(10)));
  preset("rate_limit.status_max", limit.status_max, 300u);
  preset("rate_limit.status_window", limit.status_window, Duration(seconds(10)));
  RateBucket wide;  // its own defaults are /24 and /48
  wide.name = "neighbours";
  wide.max_connections = limit.max_connections * 8;
  wide.window = limit.window;
  wide.status_max = limit.status_max * 8;
  wide.status_window = limit.status_window;
  if (!origins.contains("rate_limit.bucket"))
    for (const std::string_view key : {"name", "ipv4_prefix", "ipv6_prefix", "max_connections",
                                       "window", "status_max", "status_window"})
      reader.note_preset(fmt::format("rate_limit.bucket[0].{}", key), "protect");
  preset("rate_limit.bucket", limit.bucket, std::vector{wide});
  preset("rate_limit.max_wait", limit.max_wait, Duration(seconds(10)));
  preset("limits.connections_per_source", config.limits.connections_per_source, 32u);
  preset("limits.pre_login_per_source", config.limits.pre_login_per_source, 8u);
  preset("limits.packets_per_second", config.limits.packets_per_second, 500u);
}

bool is_infrarust_file(const std::optional<fs::path>& path) {
  return path && path->filename() == "infrarust.toml";
}

Loaded load_tree(const std::optional<std::string_view>& bytes, const std::optional<fs::path>& path,
                 const Overlays& overlays) {
  Loaded out;
  const std::string shown = path ? path->native() : "configuration";
  const fs::path base = path ? path->parent_path() : fs::path();
  std::vector<SourceInfo> sources;
  sources.push_back({.origin = {.kind = Origin::Kind::file, .name = shown, .line = 0},
                     .shown = shown,
                     .base = base});
  Node root;
  const bool usable = !bytes || parse(*bytes, shown, root, out.problems);
  const bool clean = out.problems.empty();
  lay_overlays(overlays, root, sources, out.problems);

  GlobalConfig config;
  if (is_infrarust_file(path)) config.product_name = "infrarust";
  Reader reader(sources, out.problems, &out.origins);
  if (usable) read_table(reader, global_keys(), root, &config);
  settle_default_paths(config, base, out.origins);
  settle_service_folders(config, overlays, out.origins);
  settle_trusted_proxies(config, reader, out.origins);
  settle_ip_filter(config.ip_filter, reader);
  settle_protect(config, reader, out.origins);
  check_icons(global_keys(), &config, reader, &out.origins);
  if (!clean) drop_consequences(out.problems, shown);
  sort_problems(out.problems);
  if (!has_errors(out.problems) && reader.errors() == 0) out.config = std::move(config);
  return out;
}

}  // namespace

std::string Origin::text() const {
  switch (kind) {
    case Kind::builtin:
      break;
    case Kind::file:
      return line > 0 ? fmt::format("{}:{}", name, line) : name;
    case Kind::environment:
      return "environment " + name;
    case Kind::command_line:
    case Kind::preset:
      return name;
  }
  return "default";
}

Overlays Overlays::from_process() {
  Overlays out;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const auto equals = entry.find('=');
    if (equals == entry.npos) continue;
    out.environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

GlobalFile find_global_file(const std::optional<fs::path>& named, const fs::path& folder) {
  std::error_code ignored;
  if (named && fs::is_directory(*named, ignored)) {
    GlobalFile in_folder = find_global_file(std::nullopt, *named);
    if (!in_folder.path) in_folder.path = *named / "drawbridge.toml";  // "does not exist"
    return in_folder;
  }
  if (named) return {.path = named, .note = {}};
  const fs::path in = folder == "." ? fs::path() : folder;
  const fs::path own = in / "drawbridge.toml";
  const fs::path other = in / "infrarust.toml";
  const bool has_other = fs::exists(other, ignored);
  if (fs::exists(own, ignored))
    return {.path = own,
            .note = has_other ? fmt::format("{} is there too and is not read; {} is",
                                            other.native(), own.native())
                              : ""};
  if (has_other) return {.path = other, .note = {}};
  return {};
}

Loaded load_global(const std::optional<fs::path>& path, const Overlays& overlays) {
  if (!path) return load_tree(std::nullopt, path, overlays);
  const Result<std::string> bytes = read_file(*path);
  if (bytes) return load_tree(*bytes, path, overlays);
  Loaded out;
  out.problems.push_back(whole_file(*path, bytes.error().what));
  return out;
}

Loaded load_global(std::string_view bytes, const fs::path& path, const Overlays& overlays) {
  return load_tree(bytes, path, overlays);
}

// ---- servers

namespace {

// name, else id, else the file's name.
std::string identity(std::string_view name, std::string_view id, std::string_view fallback) {
  if (!name.empty()) return std::string(name);
  if (!id.empty()) return std::string(id);
  return to_id(fallback);
}

std::string identity_of(const Node& root, std::string_view fallback) {
  const auto valid = [&](std::string_view key) -> std::string_view {
    const Node* node = root.find(key);
    return node != nullptr && node->is_string() && is_id(node->text) ? std::string_view(node->text)
                                                                     : std::string_view();
  };
  return identity(valid("name"), valid("id"), fallback);
}

LoadedServer server_of_tree(Node& root, const std::vector<SourceInfo>& sources, Problems problems,
                            std::string_view fallback_id, Origins* origins) {
  LoadedServer out;
  out.problems = std::move(problems);
  out.id = identity_of(root, fallback_id);
  ServerConfig config;
  Reader reader(sources, out.problems, origins);
  read_table(reader, server_keys(), root, &config);
  const bool from_file_name = config.name.empty() && config.id.empty();
  config.id = identity(config.name, config.id, fallback_id);
  if (from_file_name) reader.note_preset("id", "the file's name");
  if (config.id.empty())
    reader.error(Node(), fmt::format("no id can be made from \"{}\"; set `name`",
                                     escaped_for_log(fallback_id, 60)));
  if (config.ip_filter) {
    const IpFilter& filter = *config.ip_filter;
    if (filter.whitelist_file) out.lists.push_back(*filter.whitelist_file);
    if (filter.blacklist_file) out.lists.push_back(*filter.blacklist_file);
    settle_ip_filter(*config.ip_filter, reader);
  }
  if (root.find("motd") != nullptr) check_icons(server_keys(), &config, reader, origins);
  if (!has_errors(out.problems) && reader.errors() == 0) out.config = std::move(config);
  return out;
}

}  // namespace

LoadedServer load_server(std::string_view bytes, const fs::path& path, Origins* origins) {
  const std::string& shown = path.native();
  std::vector<SourceInfo> sources;
  sources.push_back({.origin = {.kind = Origin::Kind::file, .name = shown, .line = 0},
                     .shown = shown,
                     .base = path.parent_path()});
  Problems problems;
  Node root;
  const std::string stem = path.stem().native();
  const bool usable = parse(bytes, shown, root, problems);
  const bool clean = problems.empty();
  LoadedServer out;
  if (usable) {
    out = server_of_tree(root, sources, std::move(problems), stem, origins);
    if (!clean) drop_consequences(out.problems, shown);
  } else {
    out.problems = std::move(problems);
    out.id = identity_of(root, stem);
  }
  sort_problems(out.problems);
  return out;
}

LoadedServer load_server_file(const fs::path& path, Origins* origins) {
  const Result<std::string> bytes = read_file(path);
  if (bytes) return load_server(*bytes, path, origins);
  LoadedServer out;
  out.id = to_id(path.stem().native());
  out.problems.push_back(whole_file(path, bytes.error().what));
  return out;
}

LoadedServer load_server_settings(const std::vector<std::pair<std::string, std::string>>& settings,
                                  std::string_view source, std::string_view fallback_id) {
  std::vector<SourceInfo> sources;
  sources.push_back({.origin = {.kind = Origin::Kind::file, .name = std::string(source), .line = 0},
                     .shown = std::string(source),
                     .base = {}});
  Problems problems;
  Node root;
  for (const auto& [key, text] : settings) {
    std::string wrong = why_unknown(server_keys(), key);
    if (wrong.empty() && !place(root, key, label_value(text, 0)))
      wrong = "does not fit: a part of its path has a plain value";
    if (wrong.empty()) continue;
    problems.push_back(whole_file(std::string(source), std::move(wrong)));
    problems.back().key = key;
  }
  LoadedServer out = server_of_tree(root, sources, std::move(problems), fallback_id, nullptr);
  sort_problems(out.problems);
  return out;
}

}  // namespace drawbridge::config
