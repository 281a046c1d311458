#include "config/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.hpp"
#include "base/uuid.hpp"
#include "config/grammar.hpp"

namespace drawbridge::config {
namespace {

std::string shown(std::string_view text) {
  return escaped_for_log(text, 80);
}

std::string wrong(const Result<>& result) {
  return result ? std::string() : result.error().what;
}

bool is_player_name(std::string_view text) {
  return !text.empty() && text.size() <= 16 && std::ranges::all_of(text, [](char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

StringRule an_id() {
  return {"`[a-z0-9_-]+`, at most 64", [](std::string& text) -> std::string {
            if (is_id(text)) return {};
            const std::string form = to_id(text);
            return fmt::format("\"{}\" may only hold a-z, 0-9, \"_\" and \"-\" (1..64){}",
                               shown(text),
                               form.empty() ? "" : fmt::format("; write \"{}\"", form));
          }};
}

StringRule a_url(std::string_view schemes) {
  return {std::string(schemes),
          [schemes](std::string& text) { return wrong(check_url(text, schemes)); }};
}

StringRule not_empty() {
  return {"not empty", [](std::string& text) -> std::string {
            return trimmed(text).empty() ? "must not be empty" : "";
          }};
}

StringRule a_domain() {
  return {"host names, may hold `*` and `?`", [](std::string& text) -> std::string {
            Result<std::string> folded = fold_domain(text);
            if (!folded) return folded.error().what;
            text = *std::move(folded);
            return {};
          }};
}

StringRule a_regex() {
  return {"linear-time syntax, at most 1024 bytes",
          [](std::string& text) { return wrong(check_regex(text)); }};
}

StringRule one_word_of(std::vector<std::string_view> words) {
  std::string range;
  for (const std::string_view word : words)
    range += fmt::format("{}`{}`", range.empty() ? "" : ", ", word);
  return {range, [words](std::string& text) -> std::string {
            if (std::ranges::find(words, std::string_view(text)) != words.end()) return {};
            const auto nearest = nearest_name(text, words);
            return fmt::format("\"{}\" is not known here{}", shown(text),
                               nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : "");
          }};
}

StringRule a_player() {
  return {"names, UUIDs", [](std::string& text) -> std::string {
            if (is_player_name(text) || Uuid::parse(text)) return {};
            return fmt::format("\"{}\" is neither a player name nor a UUID", shown(text));
          }};
}

StringRule a_country() {
  return {"two letters (ISO 3166)", [](std::string& text) -> std::string {
            const std::string low = lowered(text);
            const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
            if (low.size() != 2 || !letter(low[0]) || !letter(low[1]))
              return fmt::format("\"{}\" must be a country's two letters, such as \"DE\"",
                                 shown(text));
            for (char& c : text) c = static_cast<char>(c & ~0x20);
            return {};
          }};
}

StringRule octal_rights() {
  return {"octal, 0..0777", [](std::string& text) -> std::string {
            const auto rights = parse_int<unsigned>(text, 8);
            if (rights && *rights <= 0777) return {};
            return fmt::format("\"{}\" must be octal rights such as \"0660\"", shown(text));
          }};
}

StringRule at_least_characters(std::size_t minimum) {
  return {
      fmt::format("at least {} characters", minimum), [minimum](std::string& text) -> std::string {
        return text.size() >= minimum ? "" : fmt::format("needs at least {} characters", minimum);
      }};
}

ValueRule<Address> listening() {
  return {"IP:port or unix:/path", [](const Address& address) -> std::string {
            if (address.ip || address.is_unix()) return {};
            return fmt::format(
                "\"{}\" is a name; write the address of an interface, such as \"[::]:{}\"",
                shown(address.host), address.port);
          }};
}

ValueRule<Address> dialled() {
  return {"", [](const Address& address) -> std::string {
            return address.is_unix() || address.port != 0 ? "" : "port 0 cannot be dialled";
          }};
}

}  // namespace drawbridge::config
