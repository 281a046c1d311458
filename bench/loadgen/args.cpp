#include "args.hpp"

#include <charconv>

namespace drawbridge::bench {

namespace {

int parse_int(std::string_view name, std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    die("--{}: not a number: {}", name, text);
  }
  return value;
}

}  // namespace

Args::Args(int argc, char** argv) {
  for (int i = 0; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--") || i + 1 >= argc) die("expected --name value, got {}", name);
    given_.emplace(name.substr(2), argv[i + 1]);
  }
}

const std::string* Args::find(std::string_view name) {
  asked_.emplace(name);
  auto found = given_.find(name);
  return found == given_.end() ? nullptr : &found->second;
}

std::string Args::text(std::string_view name, std::string_view otherwise) {
  const std::string* value = find(name);
  return value != nullptr ? *value : std::string(otherwise);
}

int Args::number(std::string_view name, int otherwise, int low, int high) {
  const std::string* value = find(name);
  if (value == nullptr) return otherwise;
  const int parsed = parse_int(name, *value);
  if (parsed < low || parsed > high) die("--{}: {} is not in {}..{}", name, parsed, low, high);
  return parsed;
}

double Args::real(std::string_view name, double otherwise) {
  const std::string* value = find(name);
  if (value == nullptr) return otherwise;
  char* end = nullptr;
  const double parsed = std::strtod(value->c_str(), &end);
  if (end == value->c_str() || *end != '\0') die("--{}: not a number: {}", name, *value);
  return parsed;
}

std::vector<int> Args::pids(std::string_view name) {
  std::vector<int> result;
  const std::string* value = find(name);
  if (value == nullptr) return result;
  std::string_view rest = *value;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    result.push_back(parse_int(name, rest.substr(0, comma)));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return result;
}

void Args::finish() const {
  for (const auto& [name, value] : given_) {
    if (!asked_.contains(name)) die("this suite has no option --{}", name);
  }
}

}  // namespace drawbridge::bench
