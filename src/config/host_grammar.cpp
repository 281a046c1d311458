// Host names, domains and addresses: the values that people get wrong most often, so each refusal
// says what to write.
#include <fmt/format.h>

#include <algorithm>

#include "base/host_name.hpp"
#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/load.hpp"

namespace drawbridge::config {
namespace {

constexpr std::size_t longest_host = 255;

std::string shown(std::string_view text) {
  return escaped_for_log(text, 80);
}

// What a host name may hold once it is ASCII. "_" is no letter of host names, but Docker's and many
// LANs' have it.
bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// One part between dots, folded already.
Result<> check_label(std::string_view label, std::string_view whole, bool patterns) {
  if (label.empty())
    return fail(Fault::proxy, "\"{}\" has an empty part between dots", shown(whole));
  for (const char c : label)
    if (!is_host_char(c) && !(patterns && (c == '*' || c == '?')))
      return fail(Fault::proxy, "\"{}\" holds \"{}\", which no host name may", shown(whole),
                  shown(std::string_view(&c, 1)));
  if (label.size() > 63)
    return fail(Fault::proxy, "\"{}\" has a part of more than 63 letters", shown(whole));
  return {};
}

Result<std::string> fold_host(std::string_view text, bool patterns) {
  if (text.empty() || text == ".") return fail(Fault::proxy, "the host name is empty");
  if (text.size() > 4 * longest_host) return fail(Fault::proxy, "the host name is longer than 255");
  for (const std::string_view label : split(text, '.'))
    if (patterns && !is_ascii(label) && label.find_first_of("*?") != label.npos)
      return fail(Fault::proxy,
                  "\"{}\": * and ? cannot share a part with letters outside ASCII; write the part "
                  "in its xn-- form",
                  shown(text));
  std::optional<std::string> out = folded_host_name(text);
  if (!out) return fail(Fault::proxy, "\"{}\" is no valid international name", shown(text));
  for (const std::string_view label : split(*out, '.'))
    if (const Result<> good = check_label(label, text, patterns); !good)
      return std::unexpected(good.error());
  if (out->size() > longest_host) return fail(Fault::proxy, "the host name is longer than 255");
  return *std::move(out);
}

// Advice for the slips that fold_host() would only call a bad character; empty when it is none of
// them.
std::string domain_advice(std::string_view text) {
  if (text.empty())
    return "an empty domain matches nothing; leave it out, or write \"*\" for all hosts";
  if (const auto scheme = text.find("://"); scheme != text.npos) {
    std::string_view rest = text.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/:"));
    return fmt::format("\"{}\" is a URL; write only the host name: \"{}\"", shown(text),
                       shown(rest));
  }
  if (text.find_first_of(" \t\r\n,;") != text.npos)
    return fmt::format(
        "\"{}\" holds blanks or commas; write one host name in each string: [\"a\", \"b\"]",
        shown(text));
  if (const auto slash = text.find('/'); slash != text.npos)
    return fmt::format("\"{}\" has a path; write only the host name: \"{}\"", shown(text),
                       shown(text.substr(0, slash)));
  if (const auto colon = text.rfind(':'); colon != text.npos)
    return fmt::format(
        "\"{}\" has a port, but players' host names are compared without it; write \"{}\" "
        "(the port belongs into `bind`)",
        shown(text), shown(text.substr(0, colon)));
  return {};
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
  const auto port = parse_int<std::uint16_t>(text);
  if (!port)
    return fail(Fault::proxy, "\"{}\": the port must be a number up to 65535", shown(whole));
  return *port;
}

// Splits "host:port", "[v6]:port", "v6" and "host"; the port stays empty when there is none.
struct HostAndPort {
  std::string_view host, port;
  bool has_port = false;
};
Result<HostAndPort> split_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos)
      return fail(Fault::proxy, "\"{}\" lacks the closing \"]\"", shown(text));
    const std::string_view after = text.substr(close + 1);
    if (after.empty()) return HostAndPort{text.substr(1, close - 1), {}, false};
    if (!after.starts_with(':'))
      return fail(Fault::proxy, "\"{}\": only \":port\" may follow the \"]\"", shown(text));
    return HostAndPort{text.substr(1, close - 1), after.substr(1), true};
  }
  const auto colon = text.find(':');
  if (colon == text.npos) return HostAndPort{text, {}, false};
  if (text.find(':', colon + 1) != text.npos) {  // an IPv6 address without brackets has no port
    if (IpAddress::parse(text)) return HostAndPort{text, {}, false};
    return fail(Fault::proxy, "\"{}\" has too many colons; write IPv6 as \"[2001:db8::1]:25565\"",
                shown(text));
  }
  return HostAndPort{text.substr(0, colon), text.substr(colon + 1), true};
}

}  // namespace

Result<Address> parse_address(std::string_view raw) {
  const std::string_view text = trimmed(raw);
  Address out;
  if (text.starts_with("unix:")) {
    std::string_view path = text.substr(5);
    if (path.starts_with("///")) path.remove_prefix(2);  // unix:///path, as URLs have it
    if (path.empty()) return fail(Fault::proxy, "\"{}\" names no file", shown(text));
    if (path.size() > 107)  // sockaddr_un
      return fail(Fault::proxy, "the path of a Unix socket has at most 107 bytes");
    if (path.contains('\0')) return fail(Fault::proxy, "the path holds a zero byte");
    out.unix_path = path;
    out.port = 0;
    return out;
  }
  if (text.empty()) return fail(Fault::proxy, "the address is empty; write \"host:port\"");
  if (text.contains("://") || text.contains('/'))
    return fail(Fault::proxy, "\"{}\" is a URL or a path; write \"host:port\"",
                shown(redact_url(text)));
  if (text.starts_with(':') && !text.starts_with("::"))
    return fail(Fault::proxy, "\"{}\" names no host; \"[::]{}\" is every interface of this machine",
                shown(text), shown(text));
  const Result<HostAndPort> parts = split_port(text);
  if (!parts) return std::unexpected(parts.error());
  if (parts->has_port) {
    const Result<std::uint16_t> port = parse_port(parts->port, text);
    if (!port) return std::unexpected(port.error());
    out.port = *port;
  }
  out.ip = IpAddress::parse(parts->host);
  if (out.ip) {
    out.host = out.ip->text();
    return out;
  }
  const Result<std::string> host = fold_host(parts->host, false);
  if (!host) return std::unexpected(host.error());
  // "10.0.0.300" is a slip in an address and not the name of a machine.
  const auto last_dot = host->rfind('.');
  const std::string_view last =
      std::string_view(*host).substr(last_dot == host->npos ? 0 : last_dot + 1);
  if (std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; }))
    return fail(Fault::proxy, "\"{}\" is neither an IPv4 address nor a host name", shown(text));
  out.host = *host;
  out.port_given = parts->has_port;
  return out;
}

Result<std::string> fold_domain(std::string_view raw) {
  const std::string_view text = trimmed(raw);
  if (const auto ip = IpAddress::parse(text)) return ip->text();
  if (const std::string advice = domain_advice(text); !advice.empty())
    return fail(Fault::proxy, "{}", advice);
  return fold_host(text, true);
}

std::string Address::text() const {
  if (is_unix()) return "unix:" + unix_path;
  if (ip) return Endpoint{*ip, port}.text();
  return port_given ? fmt::format("{}:{}", host, port) : host;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_host_char);
}

std::string to_id(std::string_view name) {
  std::string out;
  for (const char raw : name) {
    const char c = lower(raw);
    if (is_host_char(c))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  if (out.size() > 64) out.resize(64);
  while (out.ends_with('-')) out.pop_back();
  return out;
}

}  // namespace drawbridge::config
