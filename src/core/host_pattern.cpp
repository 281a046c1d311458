#include "core/host_pattern.hpp"

#include <algorithm>

#include "base/host_name.hpp"
#include "base/strings.hpp"

namespace drawbridge::core {

namespace {

bool is_wildcard(char c) {
  return c == '*' || c == '?';
}

PatternKind kind_of(std::string_view text) {
  if (text == "*") return PatternKind::any;
  const std::size_t first = text.find_first_of("*?");
  if (first == std::string_view::npos) return PatternKind::exact;
  const bool only_leading =
      text.starts_with("*.") && text.find_first_of("*?", 1) == std::string_view::npos;
  return only_leading ? PatternKind::suffix : PatternKind::glob;
}

// Bits from..(words * 64) set from the lowest set bit upwards: what a `*` reaches.
template <typename Bits>
void fill_upwards(Bits& bits, std::size_t words) {
  bool filling = false;
  for (std::size_t i = 0; i < words; ++i) {
    if (filling) {
      bits[i] = ~std::uint64_t{0};
    } else if (bits[i] != 0) {
      bits[i] |= ~(bits[i] - 1);
      filling = true;
    }
  }
}

}  // namespace

Result<HostPattern> HostPattern::parse(std::string_view domain) {
  const std::string_view trimmed_domain = trimmed(domain);
  if (trimmed_domain.size() > 4 * max_pattern_length) {
    return fail(Fault::proxy, "domain '{}' is longer than {} bytes", escaped_for_log(domain, 64),
                max_pattern_length);
  }
  const std::optional<std::string> folded = folded_host_name(trimmed_domain);
  if (!folded) {
    return fail(Fault::proxy, "domain '{}' is no host name", escaped_for_log(domain, 64));
  }
  HostPattern pattern;
  for (const char c : *folded) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') {
      return fail(Fault::proxy, "domain '{}' holds a blank or a control character",
                  escaped_for_log(domain));
    }
    if (c == '*' && pattern.text.ends_with('*')) continue;  // `**` means the same as `*`
    pattern.text.push_back(c);
    if (!is_wildcard(c)) ++pattern.literals;
  }
  if (pattern.text.empty()) return fail(Fault::proxy, "an empty domain");
  if (pattern.text.size() > max_pattern_length) {
    return fail(Fault::proxy, "domain '{}' is longer than {} bytes", escaped_for_log(domain, 64),
                max_pattern_length);
  }
  if (pattern.text == "*" && trimmed_domain.ends_with('.')) {
    return fail(Fault::proxy, "domain '{}' has nothing behind its '*.'", escaped_for_log(domain));
  }
  if (pattern.text.starts_with('.') || pattern.text.ends_with('.') ||
      pattern.text.find("..") != std::string::npos) {
    return fail(Fault::proxy, "domain '{}' has an empty part between its dots",
                escaped_for_log(domain));
  }
  pattern.kind = kind_of(pattern.text);
  return pattern;
}

std::string_view HostPattern::literal_tail() const {
  const std::string_view view = text;
  const std::size_t last_wildcard = view.find_last_of("*?");
  if (last_wildcard == std::string_view::npos) return view;
  const std::size_t dot = view.find('.', last_wildcard);
  return dot == std::string_view::npos ? std::string_view{} : view.substr(dot + 1);
}

HostBits::HostBits(std::string_view host)
    : length_(host.size()), words_used_((host.size() + 1 + 63) / 64) {
  if (host.size() > max_host_length) {
    too_long_ = true;
    return;
  }
  std::size_t slots = 1;
  positions_[0] = {};
  for (std::size_t i = 0; i < host.size(); ++i) {
    std::uint8_t& slot = slot_[static_cast<unsigned char>(host[i])];
    if (slot == 0) {
      slot = static_cast<std::uint8_t>(slots++);
      positions_[slot] = {};
    }
    positions_[slot][i / 64] |= std::uint64_t{1} << (i % 64);
  }
}

bool HostBits::matches(std::string_view pattern) const {
  if (too_long_) return false;
  // Bit i of `reached`: the pattern so far can end just before host[i] (bit length_: behind its
  // last character).
  Bits reached{};
  reached[0] = 1;
  for (const char c : pattern) {
    if (c == '*') {
      fill_upwards(reached, words_used_);
      continue;
    }
    const Bits& here = positions_[slot_[static_cast<unsigned char>(c)]];
    std::uint64_t carry = 0;
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < words_used_; ++i) {
      const std::uint64_t step = c == '?' ? reached[i] : reached[i] & here[i];
      reached[i] = (step << 1) | carry;
      carry = step >> 63;
      any |= reached[i];
    }
    if (any == 0) return false;
  }
  return (reached[length_ / 64] >> (length_ % 64) & 1) != 0;
}

bool glob_matches(std::string_view pattern, std::string_view host) {
  return HostBits(host).matches(pattern);
}

}  // namespace drawbridge::core
