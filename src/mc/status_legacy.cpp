// The pings of clients from before 1.7 and their answers, which travel in a kick packet. Forms:
// minecraft.wiki.
#include <algorithm>

#include "base/strings.hpp"
#include "mc/reader.hpp"
#include "mc/status.hpp"
#include "mc/utf16.hpp"

namespace drawbridge::mc {
namespace {

constexpr Byte kick_id = 0xFF;
constexpr std::string_view nul{"\0", 1};
constexpr std::string_view section = "\u00A7";
constexpr std::string_view new_form = "\u00A71";
// What clients take in a kick: 256 characters from 1.3 on, 100 before.
constexpr std::size_t longest_kick = 256;
constexpr std::size_t longest_beta_kick = 100;

// One line, and nothing that ends a field.
std::string field(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  std::erase_if(text, [](char c) { return c == '\0'; });
  return text;
}

// At most `units` UTF-16 units of `text`, without half a § code at the end.
std::string cut(std::string_view text, std::size_t units) {
  ByteBuffer wide;
  append_utf16be(wide, text, units);
  std::string out = utf8_from_utf16be(wide);
  if (out.ends_with(section)) out.resize(out.size() - section.size());
  return out;
}

ByteBuffer kick(std::string_view text, std::size_t longest) {
  ByteBuffer out{kick_id};
  append_legacy_string(out, text, longest);
  return out;
}

ByteBuffer beta_status(const StatusFacts& facts) {
  const std::string counts = fmt::format("{}{}{}{}", section, facts.online, section, facts.max);
  const std::string motd = field(to_plain(facts.description));
  return kick(cut(motd, longest_beta_kick - utf16_length(counts)) + counts, longest_beta_kick);
}

// motd§online§max; the motd has no § of its own.
Result<StatusFacts> read_beta_status(std::string_view text) {
  const auto second = text.rfind(section);
  const auto first = second == 0 || second == std::string_view::npos
                         ? std::string_view::npos
                         : text.rfind(section, second - 1);
  if (first == std::string_view::npos)
    return fail(Fault::backend, "kicked: {}", escaped_for_log(text));
  const auto online = text.substr(first + section.size(), second - first - section.size());
  const auto max = text.substr(second + section.size());
  StatusFacts facts;
  facts.description = Text::legacy(std::string(text.substr(0, first)));
  facts.online = parse_int<std::int32_t>(online).value_or(0);
  facts.max = parse_int<std::int32_t>(max).value_or(0);
  return facts;
}

Result<StatusFacts> read_new_status(std::string_view text) {
  const std::vector<std::string_view> fields = split(text, '\0');
  if (fields.size() < 6)
    return fail(Fault::backend, "status of an old server with {} fields", fields.size());
  StatusFacts facts;
  facts.protocol = parse_int<std::int32_t>(fields[1]).value_or(-1);
  facts.version_name = fields[2];
  facts.description = Text::legacy(std::string(fields[3]));
  facts.online = parse_int<std::int32_t>(fields[4]).value_or(0);
  facts.max = parse_int<std::int32_t>(fields[5]).value_or(0);
  return facts;
}

}  // namespace

ByteBuffer legacy_status(LegacyPing form, const StatusFacts& facts) {
  if (form == LegacyPing::beta) return beta_status(facts);
  constexpr std::size_t longest_version = 64;
  const std::string head = fmt::format("{}{}127{}{}{}", new_form, nul, nul,
                                       cut(field(facts.version_name), longest_version), nul);
  const std::string counts = fmt::format("{}{}{}{}", nul, facts.online, nul, facts.max);
  const std::size_t room = longest_kick - utf16_length(head) - utf16_length(counts);
  return kick(head + cut(field(to_legacy(facts.description)), room) + counts, longest_kick);
}

ByteBuffer legacy_ping_request(std::string_view host, std::uint16_t port) {
  constexpr Byte protocol_1_6_4 = 78;
  constexpr std::size_t longest_host = 255;
  ByteBuffer rest{protocol_1_6_4};
  append_legacy_string(rest, host, longest_host);
  for (const int shift : {24, 16, 8, 0})
    rest.push_back(static_cast<Byte>(std::uint32_t{port} >> shift));

  ByteBuffer out{0xFE, 0x01, 0xFA};
  append_legacy_string(out, "MC|PingHost", longest_host);
  out.push_back(static_cast<Byte>(rest.size() >> 8));
  out.push_back(static_cast<Byte>(rest.size()));
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

Result<std::optional<StatusFacts>> read_legacy_status(ByteView buffered) {
  constexpr std::size_t longest = 4096;  // units; more than any server sends
  if (buffered.empty()) return std::nullopt;
  if (buffered[0] != kick_id) return fail(Fault::backend, "no answer of an old server");
  if (buffered.size() < 3) return std::nullopt;
  const std::size_t units = static_cast<std::size_t>(buffered[1]) << 8 | buffered[2];
  if (units > longest) return fail(Fault::backend, "answer of {} characters", units);
  if (buffered.size() < 3 + units * 2) return std::nullopt;
  const std::string text = utf8_from_utf16be(buffered.subspan(3, units * 2));
  auto facts = text.starts_with(std::string(new_form) + '\0') ? read_new_status(text)
                                                              : read_beta_status(text);
  if (!facts) return std::unexpected(std::move(facts.error()));
  facts->is_legacy = true;
  return *facts;
}

}  // namespace drawbridge::mc
