#include "core/drains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "base/strings.hpp"
#include "config/grammar.hpp"

namespace drawbridge::core {

namespace {

constexpr std::string_view heading =
    "# Addresses that get no new players, one a line: SERVER ADDRESS. Changes are live at once.\n";
constexpr std::string_view blanks = " \t\r";

// The next word, cut off `line`.
std::string_view take_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

struct DrainLine {
  std::optional<DrainedAddress> drained;  // nothing: blank, a remark, or bad
  std::string problem;
};

DrainLine read_line(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::string_view server = take_word(line);
  const std::string_view address = take_word(line);
  if (server.empty()) return {};
  if (address.empty() || !take_word(line).empty()) return {{}, "want SERVER ADDRESS"};
  const auto parsed = config::parse_address(address);
  if (!parsed) return {{}, "the address " + parsed.error().what};
  return {DrainedAddress{std::string(server), parsed->text()}, {}};
}

Result<std::string> read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  if (!in && !std::filesystem::exists(file, error)) return std::string();
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in && !in.eof()) return fail(Fault::proxy, "{} cannot be read", file.native());
  return text;
}

}  // namespace

ParsedDrains parse_drains(std::string_view text) {
  ParsedDrains out;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    DrainLine read = read_line(line);
    if (read.drained)
      out.list.insert(*std::move(read.drained));
    else if (!read.problem.empty())
      out.problems.push_back(fmt::format("line {}: {}", number, read.problem));
  }
  return out;
}

std::string edited_drains(std::string_view text, const DrainedAddress& one, bool drained) {
  std::string out;
  bool found = false;
  for (std::string_view rest = text.empty() ? heading : text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const bool is_it = read_line(line).drained == one;
    found = found || is_it;
    if (drained || !is_it) out += fmt::format("{}\n", line);
  }
  if (drained && !found) out += fmt::format("{} {}\n", one.server, one.address);
  return out;
}

Result<ParsedDrains> load_drains(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  return parse_drains(*text);
}

Result<> change_drains(const std::filesystem::path& file, const DrainedAddress& one, bool drained) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  const std::filesystem::path draft = file.native() + ".new";
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out << edited_drains(*text, one, drained);
    out.flush();
    if (!out) return fail(Fault::proxy, "{} cannot be written", draft.native());
  }
  std::error_code error;
  std::filesystem::rename(draft, file, error);
  if (error) return fail(Fault::proxy, "{}: {}", file.native(), error.message());
  return {};
}

}  // namespace drawbridge::core
