#include "mc/host.hpp"

#include <algorithm>
#include <optional>

#include "base/host_name.hpp"
#include "base/strings.hpp"

namespace drawbridge::mc {
namespace {

constexpr std::string_view nul{"\0", 1};

bool is_word_with_digits(std::string_view part, std::string_view word) {
  constexpr std::size_t most_digits = 9;
  if (!part.starts_with(word) || part.size() > word.size() + most_digits) return false;
  part.remove_prefix(word.size());
  return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

// Only whole parts count: FORGE.example.com is a host.
bool is_fml(std::string_view part) {
  return is_word_with_digits(part, "FML");
}
bool is_mod_marker(std::string_view part) {
  return is_fml(part) || is_word_with_digits(part, "FORGE");
}

bool is_floodgate(std::string_view part) {
  return part.starts_with("^Floodgate^") && part.size() <= max_floodgate_part;
}

// `parts` is all that follows the first NUL of the field.
std::string kept_parts(std::string_view parts) {
  std::string kept;
  bool has_marker = false;
  bool has_floodgate = false;
  bool is_closed = false;
  for (bool more = true; more;) {
    const auto end = parts.find('\0');
    more = end != std::string_view::npos;
    const std::string_view part = parts.substr(0, end);
    if (more) parts.remove_prefix(end + 1);

    // One of each: a server that counts parts must not be fed three.
    const bool keep_marker = !has_marker && is_mod_marker(part);
    const bool keep_floodgate = !has_floodgate && is_floodgate(part);
    if (!keep_marker && !keep_floodgate) continue;
    has_marker |= keep_marker;
    has_floodgate |= keep_floodgate;
    kept.append(nul).append(part);
    is_closed = more && is_fml(part);
  }
  if (is_closed) kept.append(nul);
  return kept;
}

}  // namespace

std::string normal_host_name(std::string_view name) {
  std::optional<std::string> folded = folded_host_name(name);
  if (folded && folded->size() <= max_host_name) return *std::move(folded);
  if (name.ends_with('.')) name.remove_suffix(1);
  return lowered(name);
}

Result<Host> parse_host(std::string_view field) {
  Host host;
  const auto end = field.find('\0');
  host.sent_name = field.substr(0, end);
  const auto tail = host.sent_name.find("///");
  host.has_real_ip_tail = tail != std::string::npos;
  const std::string_view name = std::string_view(host.sent_name).substr(0, tail);
  if (name.size() > max_host_name) return fail(Fault::client, "host name of {} bytes", name.size());
  if (host.sent_name.size() - name.size() > max_real_ip_tail) {
    return fail(Fault::client, "real-IP tail of {} bytes", host.sent_name.size() - name.size());
  }
  host.name = normal_host_name(name);
  if (end != std::string_view::npos) host.kept = kept_parts(field.substr(end + 1));
  host.was_stripped = host.sent_name.size() + host.kept.size() != field.size();
  return host;
}

std::string host_for_replay(std::string_view name, const Host& host) {
  return std::string(name.substr(0, name.find('\0'))) + host.kept;
}

}  // namespace drawbridge::mc
