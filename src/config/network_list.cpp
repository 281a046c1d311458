#include "config/network_list.hpp"

#include <fmt/format.h>

#include "base/strings.hpp"

namespace drawbridge::config {

NetworkList parse_network_list(std::string_view text, std::string_view shown) {
  NetworkList out;
  std::size_t number = 0;
  std::size_t bad = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (const auto network = Cidr::parse(line)) {
      out.networks.push_back(*network);
      continue;
    }
    if (++bad <= NetworkList::most_problems)
      out.problems.push_back(
          fmt::format("{}:{}: \"{}\" is no network", shown, number, escaped_for_log(line, 60)));
  }
  if (bad > NetworkList::most_problems)
    out.problems.push_back(
        fmt::format("{}: {} more lines are no networks", shown, bad - NetworkList::most_problems));
  return out;
}

}  // namespace drawbridge::config
