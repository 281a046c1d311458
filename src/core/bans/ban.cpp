#include "core/bans/ban.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/strings.hpp"

namespace drawbridge::core {

namespace {

constexpr std::size_t longest_name = 64;  // bytes; 16 characters of the game, and plugins' prefixes

bool may_be_a_name(std::string_view text) {
  if (text.empty() || text.size() > longest_name || !is_valid_utf8(text)) return false;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const std::size_t length = utf8_length(rest);
    if (length == 0 || controls_terminal(rest, length)) return false;
    at += length;
  }
  return text.find_first_of("/: \t") == text.npos;
}

// "1.2.3", "10.0.0.256": nobody is called that.
bool looks_like_an_address(std::string_view text) {
  return text.find('.') != text.npos &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

UnixSeconds unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::optional<BanTarget> BanTarget::of(std::string_view type, std::string_view value) {
  if (type == "ip") {
    const auto address = IpAddress::parse(value);
    if (address) return BanTarget{Kind::ip, address->text()};
    type = "ip_range";  // a network under the other word is understood, too
  }
  if (type == "ip_range") {
    const auto network = Cidr::parse(value);
    if (!network) return std::nullopt;
    return BanTarget{Kind::ip_range, network->text()};
  }
  if (type == "uuid") {
    const auto uuid = Uuid::parse(value);
    if (!uuid) return std::nullopt;
    return BanTarget{Kind::uuid, uuid->text()};
  }
  if (type == "username" && !value.empty() && value.size() <= longest_name)
    return BanTarget{Kind::username, std::string(value)};
  return std::nullopt;
}

Result<BanTarget> BanTarget::parse(std::string_view typed) {
  const std::string_view text = trimmed(typed);
  if (auto uuid = of("uuid", text)) return *std::move(uuid);
  if (auto address = of("ip", text)) return *std::move(address);
  if (may_be_a_name(text) && !looks_like_an_address(text)) return *of("username", text);
  return fail(Fault::client,
              "\"{}\" is no player name, UUID, address (203.0.113.9) or network (203.0.113.0/24)",
              escaped_for_log(text, 60));
}

std::string_view BanTarget::type() const {
  switch (kind) {
    case Kind::ip:
      return "ip";
    case Kind::ip_range:
      return "ip_range";
    case Kind::username:
      return "username";
    case Kind::uuid:
      break;
  }
  return "uuid";
}

Cidr BanTarget::network() const {
  return Cidr::parse(value).value_or(Cidr{});
}

Uuid BanTarget::uuid() const {
  return Uuid::parse(value).value_or(Uuid{});
}

bool BanTarget::same_as(const BanTarget& other) const {
  const bool networks = kind <= Kind::ip_range && other.kind <= Kind::ip_range;
  if (networks) return network() == other.network();
  if (kind != other.kind) return false;
  return kind == Kind::uuid ? uuid() == other.uuid() : equal_ignoring_case(value, other.value);
}

std::string remaining_text(const Ban& ban, UnixSeconds now) {
  if (!ban.expires_at) return "for ever";
  const UnixSeconds left = std::max<UnixSeconds>(*ban.expires_at - now, 0);
  constexpr UnixSeconds minute = 60;
  constexpr UnixSeconds hour = 60 * minute;
  constexpr UnixSeconds day = 24 * hour;
  if (left >= 2 * day) return fmt::format("{} days", left / day);
  if (left >= hour) return fmt::format("{} h {} min", left / hour, left % hour / minute);
  if (left >= minute) return fmt::format("{} min", (left + minute - 1) / minute);
  return fmt::format("{} s", left);
}

}  // namespace drawbridge::core
