#include "core/drains.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
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

}  // namespace

ParsedDrains parse_drains(std::string_view text) {
  ParsedDrains out;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    const std::string_view server = take_word(line);
    const std::string_view address = take_word(line);
    if (server.empty()) continue;
    const auto parsed = config::parse_address(address);
    if (address.empty() || !take_word(line).empty())
      out.problems.push_back(fmt::format("line {}: want SERVER ADDRESS", number));
    else if (!parsed)
      out.problems.push_back(fmt::format("line {}: the address {}", number, parsed.error().what));
    else
      out.list.insert({std::string(server), parsed->text()});
  }
  return out;
}

std::string drains_text(const DrainList& list) {
  std::string out(heading);
  for (const DrainedAddress& one : list) out += fmt::format("{} {}\n", one.server, one.address);
  return out;
}

Result<ParsedDrains> load_drains(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return ParsedDrains{};
    return fail(Fault::proxy, "{} cannot be read", file.native());
  }
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return parse_drains(text);
}

Result<> save_drains(const std::filesystem::path& file, const DrainList& list) {
  const std::filesystem::path draft = file.native() + ".new";
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out << drains_text(list);
    out.flush();
    if (!out) return fail(Fault::proxy, "{} cannot be written", draft.native());
  }
  std::error_code error;
  std::filesystem::rename(draft, file, error);
  if (error) return fail(Fault::proxy, "{}: {}", file.native(), error.message());
  return {};
}

}  // namespace drawbridge::core
