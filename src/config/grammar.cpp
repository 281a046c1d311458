#include "config/grammar.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/strings.hpp"
#include "base/text_component.hpp"

namespace drawbridge::config {
namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Names of strangers' making in our messages: one line, not too long.
std::string shown(std::string_view text) {
  return escaped_for_log(text, 80);
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::int64_t one_second = 1'000'000'000;
constexpr std::int64_t one_day = 86'400 * one_second;
// The first name of each size is the one that duration_text() writes.
constexpr std::array units = {
    Unit{"ns", 1},
    Unit{"nsec", 1},
    Unit{"us", 1'000},
    Unit{"usec", 1'000},
    Unit{"\xC2\xB5s", 1'000},  // micro sign
    Unit{"\xCE\xBCs", 1'000},  // Greek mu
    Unit{"ms", 1'000'000},
    Unit{"msec", 1'000'000},
    Unit{"s", one_second},
    Unit{"sec", one_second},
    Unit{"second", one_second},
    Unit{"seconds", one_second},
    Unit{"m", 60 * one_second},
    Unit{"min", 60 * one_second},
    Unit{"minute", 60 * one_second},
    Unit{"minutes", 60 * one_second},
    Unit{"h", 3600 * one_second},
    Unit{"hr", 3600 * one_second},
    Unit{"hour", 3600 * one_second},
    Unit{"hours", 3600 * one_second},
    Unit{"d", one_day},
    Unit{"day", one_day},
    Unit{"days", one_day},
    Unit{"w", 7 * one_day},
    Unit{"week", 7 * one_day},
    Unit{"weeks", 7 * one_day},
    Unit{"y", one_day / 4 * 1461},
    Unit{"year", one_day / 4 * 1461},
    Unit{"years", one_day / 4 * 1461},
};

// Takes the digits (or the letters) at the front.
std::string_view take(std::string_view& text, bool digits) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n]) == digits && text[n] != ' ') ++n;
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

void skip_blanks(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view advice =
      "a duration has a number and a unit, such as \"30s\", \"2m30s\"";
  std::string_view rest = trimmed(text);
  if (rest.empty()) return fail(Fault::proxy, "{}", advice);
  std::int64_t total = 0;
  while (!rest.empty()) {
    const std::string_view digits = take(rest, true);
    skip_blanks(rest);
    const std::string_view name = take(rest, false);
    skip_blanks(rest);
    const auto number = parse_int<std::int64_t>(digits);
    if (digits.empty()) return fail(Fault::proxy, "\"{}\" is no duration; {}", shown(text), advice);
    if (name.empty())
      return fail(Fault::proxy, "\"{}\" has no unit; write \"{}s\" or \"{}ms\"", shown(text),
                  shown(text), shown(text));
    const auto unit = std::ranges::find(units, name, &Unit::name);
    if (unit == units.end())
      return fail(Fault::proxy, "\"{}\" is not a unit of time (ms, s, m, h, d)", shown(name));
    std::int64_t part = 0;
    if (!number || __builtin_mul_overflow(*number, unit->nanoseconds, &part) ||
        __builtin_add_overflow(total, part, &total))
      return fail(Fault::proxy, "\"{}\" is longer than can be counted (292 years)", shown(text));
  }
  return Duration(total);
}

std::string duration_text(Duration duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string out;
  for (const std::string_view name : {"d", "h", "m", "s", "ms", "us", "ns"}) {
    const std::int64_t unit = std::ranges::find(units, name, &Unit::name)->nanoseconds;
    if (rest / unit != 0) out += fmt::format("{}{}", rest / unit, name);
    rest %= unit;
  }
  return out;
}

Result<Size> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Size>, 13> sizes = {{
      {"", 1},
      {"b", 1},
      {"kb", 1'000},
      {"mb", 1'000'000},
      {"gb", 1'000'000'000},
      {"tb", 1'000'000'000'000},
      {"kib", Size{1} << 10},
      {"mib", Size{1} << 20},
      {"gib", Size{1} << 30},
      {"tib", Size{1} << 40},
      {"k", 0},
      {"m", 0},
      {"g", 0},
  }};
  std::string_view rest = trimmed(text);
  const std::string_view digits = take(rest, true);
  const std::string unit = lowered(trimmed(rest));
  const auto number = parse_int<Size>(digits);
  const auto found = std::ranges::find(sizes, unit, &std::pair<std::string_view, Size>::first);
  if (digits.empty() || found == sizes.end())
    return fail(Fault::proxy, "\"{}\" is no size; write bytes, or \"64KiB\", \"2MiB\", \"1GB\"",
                shown(text));
  if (found->second == 0)
    return fail(Fault::proxy, "\"{}\" could mean two things; write \"{}{}iB\" (1024) or \"{}{}B\"",
                shown(text), shown(digits), rest.front(), shown(digits), rest.front());
  Size bytes = 0;
  if (!number || __builtin_mul_overflow(*number, found->second, &bytes) ||
      bytes > static_cast<Size>(std::numeric_limits<std::int64_t>::max()))
    return fail(Fault::proxy, "\"{}\" is larger than can be counted", shown(text));
  return bytes;
}

std::string size_text(Size size) {
  for (const auto& [shift, name] : {std::pair{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}})
    if (size != 0 && size % (Size{1} << shift) == 0)
      return fmt::format("{}{}", size >> shift, name);
  return fmt::format("{}", size);
}

Result<Cidr> parse_cidr(std::string_view text, std::string& note) {
  bool host_bits = false;
  const auto cidr = Cidr::parse(trimmed(text), &host_bits);
  if (!cidr)
    return fail(Fault::proxy, "\"{}\" is no network; write 10.0.0.0/8, 2001:db8::/32 or an address",
                shown(text));
  if (host_bits)
    note = fmt::format("\"{}\" has bits beyond its prefix; read as {}", shown(text), cidr->text());
  return *cidr;
}

Result<> check_regex(std::string_view pattern) {
  if (pattern.empty()) return fail(Fault::proxy, "must not be empty");
  if (pattern.size() > 1024) return fail(Fault::proxy, "is longer than 1024 bytes");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex.ok())
    return fail(Fault::proxy, "is no regular expression that we can run: {}", shown(regex.error()));
  return {};
}

namespace {

// What stands for a captured text until it is known what it has to be.
constexpr char captured = '\x01';

// Replaces every capture of an address template.
Result<std::string> without_captures(std::string_view text, const RE2& regex) {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '$') {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
    } else if (const std::string_view digits = take(text, true); !digits.empty()) {
      const auto group = parse_int<int>(digits);
      if (!group || *group > regex.NumberOfCapturingGroups())
        return fail(Fault::proxy, "${} is not a group of the pattern", shown(digits));
      out += captured;
    } else if (const auto close = text.find('}'); text.starts_with('{') && close != text.npos) {
      const std::string name(text.substr(1, close - 1));
      if (!regex.NamedCapturingGroups().contains(name))
        return fail(Fault::proxy, "${{{}}} is not a named group of the pattern", shown(name));
      out += captured;
      text.remove_prefix(close + 1);
    } else {
      return fail(Fault::proxy, "a $ must be followed by a digit, by {{name}} or by another $");
    }
  }
  return out;
}

}  // namespace

Result<> check_address_template(std::string_view text, std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex.ok()) return {};  // reported at the pattern
  const Result<std::string> filled = without_captures(text, regex);
  if (!filled) return std::unexpected(filled.error());
  // In the port a capture can be digits, in brackets an IPv6 address, elsewhere a part of a name.
  const auto port = filled->starts_with('[') ? filled->find("]:") : filled->rfind(':');
  std::string example;
  for (std::size_t i = 0; i < filled->size(); ++i) {
    if ((*filled)[i] != captured)
      example += (*filled)[i];
    else
      example += i > port ? "1" : (filled->starts_with('[') ? "::1" : "a");
  }
  const Result<Address> address = parse_address(example);
  if (!address) return std::unexpected(address.error());
  return {};
}

Result<> check_url(std::string_view text, std::string_view schemes) {
  const auto colon = text.find("://");
  const std::string scheme = lowered(text.substr(0, colon));
  const auto known = split(schemes, ',');
  const bool fits = colon != text.npos && std::ranges::any_of(known, [&](std::string_view s) {
                      return trimmed(s) == scheme;
                    });
  if (!fits)
    return fail(Fault::proxy, "\"{}\" must be a URL that begins with one of: {}",
                shown(redact_url(text)), schemes);
  const std::string_view rest = text.substr(colon + 3);
  if (rest.empty() || (scheme != "unix" && (rest[0] == '/' || rest[0] == '?')))
    return fail(Fault::proxy, "\"{}\" names no host", shown(redact_url(text)));
  if (text.find_first_of(" \t\r\n") != text.npos)
    return fail(Fault::proxy, "\"{}\" holds a blank", shown(redact_url(text)));
  return {};
}

std::string redact_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos) return std::string(text);
  const auto begin = scheme + 3;
  const auto authority = text.substr(begin, text.find_first_of("/?#", begin) - begin);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at == text.npos || colon == text.npos || colon > at) return std::string(text);
  return fmt::format("{}{}{}", text.substr(0, begin + colon + 1), redacted,
                     text.substr(begin + at));
}

Result<> check_placeholders(std::string_view text, bool with_ban) {
  constexpr std::size_t of_bans = 2;
  std::span<const std::string_view> allowed = placeholder_names();
  if (!with_ban) allowed = allowed.first(allowed.size() - of_bans);
  for (auto open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    const std::string_view name = placeholder_at(text.substr(open));
    if (name.empty() || std::ranges::find(allowed, name) != allowed.end()) continue;
    const auto nearest = nearest_name(name, allowed);
    return fail(Fault::proxy, "unknown placeholder {{{}}}{}", shown(name),
                nearest ? fmt::format(", did you mean {{{}}}?", *nearest) : "");
  }
  return {};
}

}  // namespace drawbridge::config
