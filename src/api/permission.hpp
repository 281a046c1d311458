// Permission nodes: dotted names such as "drawbridge.command.kick", and what somebody is granted of
// them. A node that begins with "infrarust." is the same node as the one with "drawbridge.".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::api {

// The spelling that is compared: lower case, "drawbridge." in front.
std::string permission_node(std::string_view node);

// Grants and denials. An entry "a.b.*" covers everything below a.b, not a.b itself; "*" covers
// everything. Of the entries that cover a node the most specific one decides.
class PermissionSet {
 public:
  void set(std::string_view entry, bool granted);
  // Nothing: no entry covers it.
  [[nodiscard]] std::optional<bool> find(std::string_view node) const;
  [[nodiscard]] bool allows(std::string_view node) const { return find(node).value_or(false); }

 private:
  std::map<std::string, bool, std::less<>> entries_;
};

}  // namespace drawbridge::api
