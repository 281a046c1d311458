// Numbers, booleans and dates of TOML: words without quotes.
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/strings.hpp"
#include "config/toml.hpp"

namespace drawbridge::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Node placed(const Node& at, Node node) {
  node.line = at.line;
  node.column = at.column;
  return node;
}

// Digits without the underscores that may stand between two of them; nothing when one stands
// elsewhere.
std::optional<std::string> without_underscores(std::string_view word) {
  const bool hexadecimal = word.starts_with("0x");
  const auto digit = [&](char c) {
    return is_digit(c) || (hexadecimal && lower(c) >= 'a' && lower(c) <= 'f');
  };
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '_')
      out += word[i];
    else if (i == 0 || i + 1 == word.size() || !digit(word[i - 1]) || !digit(word[i + 1]))
      return std::nullopt;
  }
  return out;
}

bool number(std::string_view word, Node& out) {
  const auto plain = without_underscores(word);
  if (!plain) return false;
  std::string_view digits = *plain;
  for (const auto& [prefix, base] : {std::pair{"0x", 16}, {"0o", 8}, {"0b", 2}}) {
    if (!word.starts_with(prefix)) continue;
    const auto parsed = parse_int<std::int64_t>(digits.substr(2), base);
    if (!parsed || digits[2] == '-') return false;
    out = placed(out, Node::of(*parsed));
    return true;
  }
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits == "inf" || digits == "nan") {
    const double special = digits == "inf" ? std::numeric_limits<double>::infinity()
                                           : std::numeric_limits<double>::quiet_NaN();
    out = placed(out, Node::of(negative ? -special : special));
    return true;
  }
  const std::string_view whole = digits.substr(0, digits.find_first_of(".eE"));
  if (whole.empty() || !std::ranges::all_of(whole, is_digit) ||
      (whole.size() > 1 && whole[0] == '0'))
    return false;
  const std::string signed_text = (negative ? "-" : "") + std::string(digits);
  if (whole.size() == digits.size()) {
    const auto parsed = parse_int<std::int64_t>(signed_text);
    if (parsed) out = placed(out, Node::of(*parsed));
    return parsed.has_value();
  }
  // A point needs digits on both sides, and so does an exponent behind it.
  const auto point = digits.find('.');
  if (point != digits.npos && (point + 1 == digits.size() || !is_digit(digits[point + 1])))
    return false;
  double parsed = 0;
  const std::string& text = signed_text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  out = placed(out, Node::of(parsed));
  return true;
}

// The form only: no key takes one, so it need not be a day that exists.
bool is_date_or_time(std::string_view word) {
  const auto shaped = [](std::string_view text, std::string_view shape) {
    if (text.size() < shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
    return true;
  };
  if (shaped(word, "0000-00-00")) {
    word.remove_prefix(10);
    if (word.empty()) return true;
    if (word[0] != 'T' && word[0] != 't' && word[0] != ' ') return false;
    word.remove_prefix(1);
  }
  if (!shaped(word, "00:00:00")) return false;
  word.remove_prefix(8);
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    if (word.empty() || !is_digit(word[0])) return false;
    while (!word.empty() && is_digit(word[0])) word.remove_prefix(1);
  }
  if (word.empty() || word == "Z" || word == "z") return true;
  return (word[0] == '+' || word[0] == '-') && word.size() == 6 && shaped(word.substr(1), "00:00");
}

}  // namespace

bool read_toml_word(std::string_view word, Node& out) {
  if (word == "true" || word == "false") {
    out = placed(out, Node::of(word == "true"));
    return true;
  }
  if (number(word, out)) return true;
  if (!is_date_or_time(word)) return false;
  out.kind = Node::Kind::other;
  out.text = "a date or time";
  return true;
}

}  // namespace drawbridge::config
