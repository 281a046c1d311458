#include "control/name_rules.hpp"

#include <algorithm>
#include <array>

namespace drawbridge::control {

std::optional<std::vector<IpAddress>> known_without_asking(std::string_view name) {
  if (const auto literal = IpAddress::parse(name)) return std::vector{*literal};
  if (name.starts_with('[') && name.ends_with(']')) {
    if (const auto literal = IpAddress::parse(name.substr(1, name.size() - 2))) {
      return std::vector{*literal};
    }
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name != "localhost" && !name.ends_with(".localhost")) return std::nullopt;
  std::array<Byte, 16> one{};
  one.back() = 1;
  return std::vector{IpAddress::v4(0x7F000001), IpAddress::v6(one)};
}

std::optional<std::string_view> fault_of_name(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > 253 + (name.ends_with('.') ? 1 : 0)) return "the name is too long";
  const bool clean = std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
  });
  if (!clean) return "the name has a character that names cannot have";
  return std::nullopt;
}

}  // namespace drawbridge::control
