#include "config/list_edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.hpp"
#include "config/toml.hpp"

namespace drawbridge::config {

namespace {

constexpr std::string_view blanks = " \t";

// A place in the document, from 1 and in characters, as an index into the text.
std::size_t index_of(std::string_view text, int line, int column) {
  std::size_t at = 0;
  for (int i = 1; i < line && at != text.npos; ++i) {
    at = text.find('\n', at);
    if (at != text.npos) ++at;
  }
  at = std::min(at, text.size());
  for (int i = 1; i < column && at < text.size(); ++i)
    at += std::max<std::size_t>(utf8_length(text.substr(at)), 1);
  return std::min(at, text.size());
}

// Behind the string on one line that begins here.
std::size_t behind_string(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at)
    if (quote == '"' && text[at] == '\\') ++at;
  return std::min(text.size(), at + 1);
}

std::string_view line_around(std::string_view text, std::size_t at) {
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  return text.substr(begin, text.find('\n', at) - begin);
}

std::string quoted(std::string_view entry) {
  return to_toml(Node::of(entry));
}

std::string inserted(std::string_view text, std::size_t at, std::string_view what) {
  std::string out(text.substr(0, at));
  out += what;
  out += text.substr(at);
  return out;
}

// Behind the last entry; on a line of its own where that one has one, below what is said about it.
std::string grown(std::string_view text, const Node& list, std::string_view entry) {
  const std::size_t begin = index_of(text, list.line, list.column);
  if (list.children.empty()) return inserted(text, begin + 1, quoted(entry));
  const Node& last = list.children.back();
  const std::size_t at = index_of(text, last.line, last.column);
  const std::size_t behind = behind_string(text, at);
  const std::string_view line = line_around(text, at);
  const std::size_t indent = std::min(line.find_first_not_of(blanks), line.size());
  const std::size_t line_end = std::min(text.find('\n', behind), text.size());
  std::string_view rest = trimmed(text.substr(behind, line_end - behind));
  const bool has_comma = rest.starts_with(',');
  if (has_comma) rest = trimmed(rest.substr(1));
  const bool has_own_line = line.data() + indent == text.data() + at && line_end < text.size() &&
                            (rest.empty() || rest.starts_with('#'));
  if (!has_own_line) return inserted(text, behind, ", " + quoted(entry));
  const std::string added =
      fmt::format("{}{}{}\n", line.substr(0, indent), quoted(entry), has_comma ? "," : "");
  const std::string out = inserted(text, line_end + 1, added);
  return has_comma ? out : inserted(out, behind, ",");
}

// The comma behind it goes along, and its line, if nothing else is there.
std::string shrunk(std::string_view text, const Node& entry) {
  std::size_t begin = index_of(text, entry.line, entry.column);
  std::size_t end = behind_string(text, begin);
  const std::size_t next = text.find_first_not_of(" \t\r\n", end);
  if (next != text.npos && text[next] == ',') end = next + 1;
  const std::size_t after = std::min(text.find_first_not_of(blanks, end), text.size());
  const std::string_view line = line_around(text, begin);
  const auto start = static_cast<std::size_t>(line.data() - text.data());
  const bool is_alone = trimmed(text.substr(start, begin - start)).empty() && after < text.size() &&
                        text[after] == '\n';
  if (is_alone) {
    begin = start;
    end = after + 1;
  } else {
    end = after;
  }
  std::string out(text.substr(0, begin));
  out += text.substr(end);
  return out;
}

// Where there is no such list: behind the table's header, before its first dotted key, or at the
// end.
std::string begun(std::string_view text, std::string_view table, std::string_view key,
                  std::string_view entry) {
  const std::string value = fmt::format("{} = [{}]\n", key, quoted(entry));
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(text.substr(at, end - at));
    if (line.starts_with(fmt::format("[{}]", table)))
      return inserted(text, std::min(end + 1, text.size()),
                      end < text.size() ? value : "\n" + value);
    if (line.starts_with(fmt::format("{}.", table)))
      return inserted(text, at, fmt::format("{}.{}", table, value));
    at = end + 1;
  }
  const bool ends_well = text.empty() || text.ends_with('\n');
  return fmt::format("{}{}{}[{}]\n{}", text, ends_well ? "" : "\n", text.empty() ? "" : "\n", table,
                     value);
}

const Node* list_at(const Node& root, std::string_view table, std::string_view key) {
  const Node* parent = root.find(table);
  const Node* list = parent != nullptr && parent->is_table() ? parent->find(key) : nullptr;
  return list != nullptr && list->is_list() ? list : nullptr;
}

std::vector<std::string> entries_of(const Node* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  for (const Node& one : list->children) out.push_back(one.text);
  return out;
}

// All but the list itself, and its table where nothing else is in it.
std::string rest_of(Node root, std::string_view table, std::string_view key) {
  if (Node* parent = root.find(table); parent != nullptr && parent->is_table()) {
    parent->remove(key);
    if (parent->children.empty()) root.remove(table);
  }
  return to_json(root);
}

std::unexpected<Error> by_hand(std::string_view table, std::string_view key) {
  return fail(Fault::proxy, "`{}.{}` cannot be changed where it stands: please do it by hand",
              table, key);
}

Result<ParsedToml> read(std::string_view text) {
  ParsedToml parsed = parse_toml(text);
  if (!parsed.errors.empty())
    return fail(Fault::proxy, "line {}: {}", parsed.errors.front().line,
                parsed.errors.front().message);
  return parsed;
}

}  // namespace

Result<std::string> with_entry(std::string_view text, std::string_view table, std::string_view key,
                               std::string_view entry) {
  const auto before = read(text);
  if (!before) return std::unexpected(before.error());
  const Node* list = list_at(before->root, table, key);
  std::vector<std::string> wanted = entries_of(list);
  wanted.emplace_back(entry);
  std::string out = list != nullptr ? grown(text, *list, entry) : begun(text, table, key, entry);
  const auto after = read(out);
  const bool good = after && entries_of(list_at(after->root, table, key)) == wanted &&
                    rest_of(after->root, table, key) == rest_of(before->root, table, key);
  if (!good) return by_hand(table, key);
  return out;
}

Result<std::string> without_entry(std::string_view text, std::string_view table,
                                  std::string_view key, std::string_view entry) {
  std::string out(text);
  for (;;) {
    const auto before = read(out);
    if (!before) return std::unexpected(before.error());
    const Node* list = list_at(before->root, table, key);
    if (list == nullptr) return out;
    const auto at = std::ranges::find(list->children, entry, &Node::text);
    if (at == list->children.end()) return out;
    std::vector<std::string> wanted = entries_of(list);
    wanted.erase(wanted.begin() + (at - list->children.begin()));
    std::string next = shrunk(out, *at);
    const auto after = read(next);
    const bool good = after && entries_of(list_at(after->root, table, key)) == wanted &&
                      rest_of(after->root, table, key) == rest_of(before->root, table, key);
    if (!good) return by_hand(table, key);
    out = std::move(next);
  }
}

}  // namespace drawbridge::config
