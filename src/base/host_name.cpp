#include "base/host_name.hpp"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "base/strings.hpp"

namespace drawbridge {
namespace {

std::string_view without_final_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

std::optional<std::string> to_xn(const std::string& name) {
  char* raw = nullptr;
  const int outcome = idn2_to_ascii_8z(name.c_str(), &raw, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<char, void (*)(void*)> owned(raw, idn2_free);
  if (outcome != IDN2_OK) return std::nullopt;
  return std::string(owned.get());
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::optional<std::string> folded_host_name(std::string_view name) {
  std::string folded = lowered(without_final_dot(name));
  if (is_ascii(folded)) return folded;
  if (folded.find('\0') != std::string::npos) return std::nullopt;  // libidn2 would stop there
  const std::optional<std::string> ascii = to_xn(folded);
  if (!ascii) return std::nullopt;
  // IDNA also knows full-width dots.
  return std::string(without_final_dot(*ascii));
}

}  // namespace drawbridge
