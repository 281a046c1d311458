// Longer than most files here: one grammar over one cursor, and each rule needs the ones beside it.
#include "config/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::config {
namespace {

constexpr std::size_t most_syntax_errors = 50;
constexpr int deepest_nesting = 64;
// Looking for a key that is set twice is a walk over its table.
constexpr std::size_t most_keys_in_a_table = 4'000;

// How a table or list came to be, which decides what may still be added to it (Node::mark).
enum Mark : std::uint8_t {
  by_header = 1,   // [table]: not a second time
  by_dots = 2,     // a.b = 1: only from the same table
  closed = 4,      // { ... } and [ ... ]: complete
  table_list = 8,  // [[table]]: grows
};

bool is_bare(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Thrown nowhere: the first failure of a statement is kept here, and everything above returns
// false.
class TomlReader {
 public:
  explicit TomlReader(std::string_view text) : text_(text) {}

  ParsedToml document() {
    if (!check_encoding()) return std::move(out_);
    table_ = &out_.root;
    while (true) {
      skip_empty_lines();
      if (at_ == text_.size()) break;
      const std::size_t start_line = line_;
      if (!statement()) recover(start_line);
      if (out_.errors.size() >= most_syntax_errors) {
        out_.usable = false;
        break;
      }
    }
    return std::move(out_);
  }

  bool single_value(Node& out) {
    if (!is_valid_utf8(text_)) return false;
    skip_blanks();
    if (!value(out, 0)) return false;
    skip_blanks();
    return at_ == text_.size();
  }

 private:
  struct KeyPart {
    std::string name;
    int line = 0, column = 0;
  };
  using KeyPath = std::vector<KeyPart>;

  // ---- characters

  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool ended() const { return at_ == text_.size(); }
  [[nodiscard]] bool at_line_end() const {
    return ended() || peek() == '\n' || (peek() == '\r' && peek(1) == '\n');
  }
  [[nodiscard]] bool sees(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }

  void next_line() {  // behind the '\n' at `at_`
    ++at_;
    ++line_;
    line_start_ = at_;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  [[nodiscard]] int line() const { return static_cast<int>(line_); }
  // In characters, as editors count. Asked for at every value: counted on from the last answer, or
  // a file that is one long line would take for ever.
  [[nodiscard]] int column_of(std::size_t at) {
    if (column_at_ < line_start_ || at < column_at_) {
      column_at_ = line_start_;
      column_ = 1;
    }
    column_ += static_cast<int>(
        std::ranges::count_if(text_.substr(column_at_, at - column_at_),
                              [](char c) { return (static_cast<Byte>(c) & 0xC0) != 0x80; }));
    column_at_ = at;
    return column_;
  }
  void place(Node& node) {
    node.line = line();
    node.column = column_of(at_);
  }

  bool fail_at(int line, int column, std::string message) {
    out_.errors.push_back({.line = line, .column = column, .message = std::move(message)});
    return false;
  }
  bool fail_here(std::string message) {
    return fail_at(line(), column_of(at_), std::move(message));
  }
  // What stands here, for messages.
  [[nodiscard]] std::string seen() const {
    if (at_line_end()) return ended() ? "the end of the file" : "the end of the line";
    if (peek() == '"') return "a quotation mark";
    std::size_t length = 1;
    while (at_ + length < text_.size() && (static_cast<Byte>(text_[at_ + length]) & 0xC0) == 0x80)
      ++length;
    return fmt::format("\"{}\"", escaped_for_log(text_.substr(at_, length)));
  }

  bool check_encoding() {
    if (is_valid_utf8(text_)) return true;
    int number = 1;
    for (const std::string_view one : split(text_, '\n')) {
      if (!is_valid_utf8(one)) break;
      ++number;
    }
    out_.usable = false;
    return fail_at(number, 0, "is not UTF-8; save the file in that encoding");
  }

  // ---- lines

  bool comment() {
    if (peek() != '#') return true;
    while (!at_line_end()) {
      const auto c = static_cast<Byte>(peek());
      if ((c < 0x20 && c != '\t') || c == 0x7F)
        return fail_here("a comment holds a control character");
      ++at_;
    }
    return true;
  }

  // Past blank lines and comments, to the next statement; a comment that cannot be read is one.
  void skip_empty_lines() {
    for (;;) {
      skip_blanks();
      if (peek() == '\r' && peek(1) == '\n') ++at_;
      if (ended() || peek() != '\n') {
        if (peek() != '#') return;
        if (!comment()) skip_line();
        continue;
      }
      next_line();
    }
  }

  void skip_line() {
    while (!ended() && peek() != '\n') ++at_;
    if (!ended()) next_line();
  }

  bool rest_of_line() {
    skip_blanks();
    if (!comment()) return false;
    if (!at_line_end())
      return fail_here(fmt::format("expected the end of the line, found {}", seen()));
    return true;
  }

  // After a bad statement. When it ran over several lines (a list that was never closed), the line
  // on which it was noticed is most likely a statement of its own.
  void recover(std::size_t start_line) {
    if (line_ == start_line)
      skip_line();
    else if (!ended())
      at_ = line_start_;
  }

  bool statement() {
    if (peek() == '[') {
      if (header()) return true;
      table_ = &lost_;  // what follows belongs to nobody knows what
      out_.usable = false;
      return false;
    }
    return assignment(*table_, 0) && rest_of_line();
  }

  // ---- keys and tables

  bool key_part(KeyPart& part) {
    part.line = line();
    part.column = column_of(at_);
    if (peek() == '"')
      return !sees("\"\"\"") ? basic_string(part.name) : fail_here("a key must stand on one line");
    if (peek() == '\'')
      return !sees("'''") ? literal_string(part.name) : fail_here("a key must stand on one line");
    const std::size_t begin = at_;
    while (is_bare(peek())) ++at_;
    if (at_ == begin)
      return fail_here(
          static_cast<Byte>(peek()) >= 0x80
              ? fmt::format("expected a key, found {}; other letters need quotes", seen())
              : fmt::format("expected a key, found {}", seen()));
    part.name = text_.substr(begin, at_ - begin);
    return true;
  }

  bool key_path(KeyPath& path) {
    do {
      if (!path.empty()) ++at_;  // the dot
      skip_blanks();
      if (path.size() == deepest_nesting) return fail_here("too many dots");
      if (!key_part(path.emplace_back())) return false;
      skip_blanks();
    } while (peek() == '.');
    return true;
  }

  Node& add_child(Node& parent, const KeyPart& part, std::uint8_t mark) {
    Node& child = parent.add(part.name, Node());
    child.key_line = child.line = part.line;
    child.key_column = child.column = part.column;
    child.mark = mark;
    return child;
  }

  bool taken(const KeyPart& part, const Node& by) {
    return fail_at(part.line, part.column,
                   by.key_line > 0
                       ? fmt::format("\"{}\" is already set in line {}",
                                     escaped_for_log(part.name, 60), by.key_line)
                       : fmt::format("\"{}\" is already set", escaped_for_log(part.name, 60)));
  }

  // The table that a header's leading part names; lists of tables stand for their last one.
  Node* enter(Node& parent, const KeyPart& part) {
    Node* child = parent.find(part.name);
    if (child == nullptr && parent.children.size() >= most_keys_in_a_table) {
      fail_at(part.line, part.column, "too many keys in one table");
      return nullptr;
    }
    if (child == nullptr) return &add_child(parent, part, 0);
    if (child->is_list() && (child->mark & table_list) != 0) return &child->children.back();
    if (child->is_table() && (child->mark & closed) == 0) return child;
    taken(part, *child);
    return nullptr;
  }

  bool header() {
    const bool list = peek(1) == '[';
    at_ += list ? 2 : 1;
    KeyPath path;
    if (!key_path(path)) return false;
    const std::string_view close = list ? "]]" : "]";
    if (!sees(close)) return fail_here(fmt::format("expected \"{}\", found {}", close, seen()));
    at_ += close.size();
    if (!rest_of_line()) return false;
    Node* at = &out_.root;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      at = enter(*at, path[i]);
      if (at == nullptr) return false;
    }
    return list ? open_list_item(*at, path.back()) : open_table(*at, path.back());
  }

  bool open_table(Node& parent, const KeyPart& part) {
    Node* child = parent.find(part.name);
    if (child == nullptr && parent.children.size() >= most_keys_in_a_table)
      return fail_at(part.line, part.column, "too many keys in one table");
    if (child == nullptr) {
      table_ = &add_child(parent, part, by_header);
      return true;
    }
    if (!child->is_table() || (child->mark & (by_header | by_dots | closed)) != 0)
      return taken(part, *child);
    child->mark |= by_header;
    table_ = child;
    return true;
  }

  bool open_list_item(Node& parent, const KeyPart& part) {
    Node* list = parent.find(part.name);
    if (list == nullptr) {
      list = &add_child(parent, part, table_list);
      list->kind = Node::Kind::list;
    } else if (!list->is_list() || (list->mark & table_list) == 0) {
      return taken(part, *list);
    }
    Node& item = list->children.emplace_back();
    item.line = part.line;
    item.column = part.column;
    item.mark = by_header;
    table_ = &item;
    return true;
  }

  // key = value into `table`.
  bool assignment(Node& table, int depth) {
    KeyPath path;
    if (!key_path(path)) return false;
    if (peek() != '=')
      return fail_here(fmt::format("expected \"=\" after the key \"{}\", found {}",
                                   escaped_for_log(path.back().name, 60), seen()));
    ++at_;
    skip_blanks();
    Node parsed;
    if (!value(parsed, depth)) return false;
    Node* at = &table;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      Node* child = at->find(path[i].name);
      if (child == nullptr)
        child = &add_child(*at, path[i], by_dots);
      else if (!child->is_table() || child->mark != by_dots)
        return taken(path[i], *child);
      at = child;
    }
    if (const Node* before = at->find(path.back().name)) return taken(path.back(), *before);
    if (at->children.size() >= most_keys_in_a_table) return fail_here("too many keys in one table");
    parsed.key_line = path.back().line;
    parsed.key_column = path.back().column;
    at->add(path.back().name, std::move(parsed));
    return true;
  }

  // ---- values

  bool value(Node& out, int depth) {
    place(out);
    if (depth >= deepest_nesting) return fail_here("lists and tables are nested too deeply");
    switch (peek()) {
      case '"':
        out.kind = Node::Kind::string;
        return sees("\"\"\"") ? long_string(out.text, '"') : basic_string(out.text);
      case '\'':
        out.kind = Node::Kind::string;
        return sees("'''") ? long_string(out.text, '\'') : literal_string(out.text);
      case '[':
        return list(out, depth);
      case '{':
        return inline_table(out, depth);
      default:
        return bare_value(out);
    }
  }

  // Blanks, line ends and comments between the items of a list.
  bool skip_between_items() {
    for (;;) {
      skip_blanks();
      if (!comment()) return false;
      if (peek() == '\r' && peek(1) == '\n') ++at_;
      if (peek() != '\n') return true;
      next_line();
    }
  }

  // "key =" is no item of a list: the "]" of an earlier line is missing.
  bool looks_unclosed(const Node& list) {
    if (line() == list.line) return false;
    std::size_t ahead = 0;
    while (is_bare(peek(ahead)) || peek(ahead) == '.') ++ahead;
    if (ahead == 0) return false;
    while (peek(ahead) == ' ' || peek(ahead) == '\t') ++ahead;
    if (peek(ahead) != '=') return false;
    fail_at(list.line, list.column, "the list that begins here has no closing \"]\"");
    return true;
  }

  bool list(Node& out, int depth) {
    out.kind = Node::Kind::list;
    out.mark = closed;
    ++at_;
    for (;;) {
      if (!skip_between_items()) return false;
      if (peek() == ']') break;
      if (ended()) return fail_at(out.line, out.column, "the list that begins here never ends");
      if (looks_unclosed(out)) return false;
      if (!value(out.children.emplace_back(), depth + 1)) return false;
      if (!skip_between_items()) return false;
      if (peek() == ',') {
        ++at_;
      } else if (peek() != ']') {
        if (looks_unclosed(out)) return false;
        if (ended()) return fail_at(out.line, out.column, "the list that begins here never ends");
        return fail_here(fmt::format("expected \",\" or \"]\" in the list of line {}, found {}",
                                     out.line, seen()));
      }
    }
    ++at_;
    return true;
  }

  bool inline_table(Node& out, int depth) {
    out.mark = closed;
    ++at_;
    skip_blanks();
    if (peek() == '}') {
      ++at_;
      return true;
    }
    for (;;) {
      skip_blanks();
      if (!assignment(out, depth + 1)) return false;
      skip_blanks();
      if (peek() == '}') break;
      if (peek() != ',')
        return fail_here(at_line_end() ? "a table in braces must end on its line"
                                       : fmt::format("expected \",\" or \"}}\", found {}", seen()));
      ++at_;
    }
    ++at_;
    close(out);
    return true;
  }

  // Nothing can be added to the tables that dots made inside braces either.
  static void close(Node& table) {
    table.mark = closed;
    for (Node& child : table.children)
      if (child.is_table()) close(child);
  }

  // ---- strings

  bool plain_character(std::string& out) {
    const auto c = static_cast<Byte>(peek());
    if ((c < 0x20 && c != '\t') || c == 0x7F)
      return fail_here("a string holds a control character; write it as \\u and four digits");
    out += peek();
    ++at_;
    return true;
  }

  bool literal_string(std::string& out) {
    const int column = column_of(at_);
    ++at_;
    while (peek() != '\'' || ended()) {
      if (at_line_end())
        return fail_at(line(), column, "the string that begins here has no closing '");
      if (!plain_character(out)) return false;
    }
    ++at_;
    return true;
  }

  bool basic_string(std::string& out) {
    const int column = column_of(at_);
    ++at_;
    while (peek() != '"' || ended()) {
      if (at_line_end())
        return fail_at(line(), column, "the string that begins here has no closing \"");
      if (peek() == '\\' ? !escape(out) : !plain_character(out)) return false;
    }
    ++at_;
    return true;
  }

  // """...""" and '''...'''
  bool long_string(std::string& out, char quote) {
    const int start_line = line();
    const int column = column_of(at_);
    const std::string_view close = quote == '"' ? "\"\"\"" : "'''";
    at_ += 3;
    if (peek() == '\r' && peek(1) == '\n') ++at_;
    if (peek() == '\n') next_line();
    while (!sees(close)) {
      if (ended()) return fail_at(start_line, column, "the string that begins here never ends");
      if (at_line_end()) {
        if (peek() == '\r') ++at_;
        next_line();
        out += '\n';
      } else if (quote == '"' && peek() == '\\') {
        if (!folded_line() && !escape(out)) return false;
      } else if (!plain_character(out)) {
        return false;
      }
    }
    at_ += 3;
    for (int more = 0; more < 2 && peek() == quote; ++more, ++at_)
      out += quote;  // """a"""" ends in a quote
    return true;
  }

  // A backslash at the end of a line: everything up to the next character goes.
  bool folded_line() {
    std::size_t ahead = 1;
    while (peek(ahead) == ' ' || peek(ahead) == '\t') ++ahead;
    if (peek(ahead) != '\n' && !(peek(ahead) == '\r' && peek(ahead + 1) == '\n')) return false;
    at_ += ahead;
    for (;;) {
      skip_blanks();
      if (peek() == '\r' && peek(1) == '\n') ++at_;
      if (peek() != '\n') return true;
      next_line();
    }
  }

  bool escape(std::string& out) {
    constexpr std::string_view letters = "btnfr\"\\";
    constexpr std::string_view meanings = "\b\t\n\f\r\"\\";
    const char letter = peek(1);
    if (const auto known = letters.find(letter); known != letters.npos && at_ + 1 < text_.size()) {
      out += meanings[known];
      at_ += 2;
      return true;
    }
    if (letter == 'u' || letter == 'U') return unicode_escape(out, letter == 'u' ? 4 : 8);
    return fail_here(
        "a backslash begins no known escape here; write two, or use '...' around the text");
  }

  bool unicode_escape(std::string& out, std::size_t digits) {
    const auto code = parse_int<std::uint32_t>(text_.substr(at_ + 2, digits), 16);
    const bool complete = at_ + 2 + digits <= text_.size() && peek(2) != '-';
    if (!complete || !code || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
      return fail_here("an escape needs the hexadecimal digits of a character behind it");
    at_ += 2 + digits;
    const std::uint32_t c = *code;
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | c >> 6);
      put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      put(0xE0 | c >> 12);
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3F));
      put(0x80 | (c >> 6 & 0x3F));
      put(0x80 | (c & 0x3F));
    }
    return true;
  }

  // ---- numbers, booleans, dates

  bool bare_value(Node& out) {
    const std::size_t begin = at_;
    while (is_bare(peek()) || peek() == '+' || peek() == '.' || peek() == ':') ++at_;
    // "1979-05-27 07:32:00": a blank may stand between date and time.
    if (at_ - begin == 10 && peek() == ' ' && is_digit(peek(1)) && text_[begin + 4] == '-') {
      ++at_;
      while (is_bare(peek()) || peek() == '+' || peek() == '.' || peek() == ':') ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty())
      return fail_here(at_line_end()
                           ? "the value is missing"
                           : fmt::format("expected a value, found {}; texts need quotes", seen()));
    if (read_toml_word(word, out)) return true;
    at_ = begin;
    return fail_here(fmt::format("\"{}\" is no value; if it is a text, put it in quotes",
                                 escaped_for_log(word, 60)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
  std::size_t column_at_ = 0;  // the place whose column is
  int column_ = 1;
  ParsedToml out_;
  Node lost_;
  Node* table_ = nullptr;  // where assignments go; only valid until the next header
};

}  // namespace

ParsedToml parse_toml(std::string_view text) {
  return TomlReader(text).document();
}

bool parse_toml_value(std::string_view text, Node& out) {
  Node parsed;
  if (!TomlReader(text).single_value(parsed)) return false;
  out = std::move(parsed);
  return true;
}

}  // namespace drawbridge::config
