#include "config/inactive.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iterator>

#include "config/keys.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {
namespace {

std::vector<std::string> inactive_in(const Table& table, const void* object,
                                     const Origins& origins) {
  std::vector<std::string> out;
  std::string inside;  // a table already listed: what is in it goes without saying
  walk(table, object, [&](const Leaf& leaf) {
    if (!inside.empty() && leaf.path.starts_with(inside)) return;
    if (leaf.key.table != nullptr) {
      if (leaf.active || leaf.key.shape.count(leaf.value) == 0) return;
      out.push_back(leaf.path);
      inside = leaf.path;
      inside += leaf.key.shape.kind == Shape::Kind::list ? '[' : '.';
      return;
    }
    const bool acts = leaf.active && (!leaf.key.value_active || leaf.key.value_active(leaf.value));
    const bool resolved_path =
        leaf.key.codec == &codec_of<std::filesystem::path>() && !origins.contains(leaf.path);
    if (!acts && !leaf.is_default && !resolved_path) out.push_back(leaf.path);
  });
  return out;
}

}  // namespace

std::vector<std::string> inactive_keys(const GlobalConfig& global, const Origins& origins) {
  return inactive_in(global_keys(), &global, origins);
}
std::vector<std::string> inactive_keys(const ServerConfig& server) {
  return inactive_in(server_keys(), &server, {});
}

bool ban_file_holds_entries(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return false;
  std::ifstream in(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) return true;
  const Result<Node> document = parse_json(text);
  if (!document || !document->is_table()) return true;
  const Node* bans = document->find("bans");
  if (bans == nullptr) return false;
  if (!bans->is_list()) return true;
  const std::int64_t now_seconds = std::chrono::duration_cast<std::chrono::seconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count();
  for (const Node& ban : bans->children) {
    const Node* expires = ban.find("expires_at");
    const bool over = expires != nullptr && expires->kind == Node::Kind::integer &&
                      expires->integer <= now_seconds;
    if (!over) return true;
  }
  return false;
}

std::optional<std::string> protection_missing(const ServerConfig& server,
                                              const GlobalConfig& global, bool bans_held) {
  const auto filters = [](const IpFilter& filter) {
    return !filter.whitelist.empty() || !filter.blacklist.empty();
  };
  if (filters(global.ip_filter) || (server.ip_filter && filters(*server.ip_filter)))
    return "ip_filter is not active yet";
  if (global.ban.provider != "builtin" && global.ban.provider != "none")
    return fmt::format("bans are decided by \"{}\", which is not active yet", global.ban.provider);
  if (global.ban.provider == "builtin" && bans_held)
    // Players read this: the name, not where it lies.
    return fmt::format("{} holds bans, which are not active yet",
                       global.ban.file.filename().native());
  if (server.server_manager && server.server_manager->verify_before_wake)
    return "server_manager.verify_before_wake is not active yet";
  return std::nullopt;
}

}  // namespace drawbridge::config
