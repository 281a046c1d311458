#include "api/permission.hpp"

#include "base/strings.hpp"

namespace drawbridge::api {

std::string permission_node(std::string_view node) {
  constexpr std::string_view theirs = "infrarust.";
  std::string out = lowered(node);
  if (out.starts_with(theirs)) out = "drawbridge." + out.substr(theirs.size());
  return out;
}

void PermissionSet::set(std::string_view entry, bool granted) {
  entries_.insert_or_assign(permission_node(entry), granted);
}

std::optional<bool> PermissionSet::find(std::string_view node) const {
  std::string wanted = permission_node(node);
  if (const auto exact = entries_.find(wanted); exact != entries_.end()) return exact->second;
  for (std::size_t dot = wanted.rfind('.'); dot != std::string::npos; dot = wanted.rfind('.')) {
    wanted.resize(dot);
    if (const auto above = entries_.find(wanted + ".*"); above != entries_.end())
      return above->second;
  }
  const auto all = entries_.find("*");
  return all == entries_.end() ? std::nullopt : std::optional(all->second);
}

}  // namespace drawbridge::api
