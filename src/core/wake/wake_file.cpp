#include "core/wake/wake_file.hpp"

#include <boost/json.hpp>

namespace drawbridge::core {

namespace json = boost::json;

namespace {

constexpr std::size_t starts_at_most = 16;
constexpr std::int64_t longest_start_ms = std::int64_t{24} * 3600 * 1000;

std::string text_of(const json::object& entry, std::string_view name) {
  const json::value* value = entry.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

WakeMemory memory_of(const json::object& entry) {
  WakeMemory out;
  out.address = text_of(entry, "address");
  out.status = text_of(entry, "status");
  const json::value* starts = entry.if_contains("starts_ms");
  if (starts == nullptr || !starts->is_array()) return out;
  for (const json::value& one : starts->get_array()) {
    if (!one.is_int64() || one.get_int64() < 0 || one.get_int64() > longest_start_ms) continue;
    if (out.starts.size() < starts_at_most) out.starts.emplace_back(milliseconds(one.get_int64()));
  }
  return out;
}

}  // namespace

std::string wake_file_text(const WakeMemories& servers) {
  json::object all;
  for (const auto& [id, memory] : servers) {
    json::array starts;
    for (const Duration start : memory.starts)
      starts.emplace_back(std::chrono::duration_cast<milliseconds>(start).count());
    json::object entry;
    entry["starts_ms"] = std::move(starts);
    if (!memory.address.empty()) entry["address"] = memory.address;
    if (!memory.status.empty()) entry["status"] = memory.status;
    all[id] = std::move(entry);
  }
  return json::serialize(json::object{{"servers", std::move(all)}}) + "\n";
}

Result<WakeMemories> parse_wake_file(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse(text, error);
  if (error || !root.is_object()) return fail(Fault::proxy, "it is not what we write");
  WakeMemories out;
  const json::value* servers = root.get_object().if_contains("servers");
  if (servers == nullptr || !servers->is_object()) return out;
  for (const auto& [id, entry] : servers->get_object())
    if (entry.is_object()) out.emplace(id, memory_of(entry.get_object()));
  return out;
}

}  // namespace drawbridge::core
