#include "core/drains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/plain_file.hpp"

namespace drawbridge::core {

namespace {

constexpr std::string_view heading =
    "# Addresses that get no new players, one a line: SERVER ADDRESS. Changes are live at once.\n";
constexpr std::size_t largest_file = std::size_t{1} << 20;
constexpr mode_t rights_of_new = 0640;
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
  const auto found = config::read_plain_file(file, largest_file);
  if (!found) return fail(Fault::proxy, "{} {}", file.native(), found.error().what);
  return parse_drains(found->text);
}

Result<> change_drains(const std::filesystem::path& file, const DrainedAddress& one, bool drained) {
  const auto done =
      config::edit_file(file, largest_file, rights_of_new,
                        [&](const config::PlainFile& old) -> Result<std::optional<std::string>> {
                          std::string text = edited_drains(old.text, one, drained);
                          if (text == old.text) return std::nullopt;
                          return text;
                        });
  if (!done) return fail(Fault::proxy, "{} {}", file.native(), done.error().what);
  return {};
}

}  // namespace drawbridge::core
