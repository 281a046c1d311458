#include "control/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.hpp"

namespace drawbridge::control {

namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

bool is_plain(char c) {
  return c > ' ' && c < '\x7f';
}

// %XX undone; a % that begins nothing stays.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' && i + 2 < text.size()
                          ? parse_int<unsigned char>(text.substr(i + 1, 2), 16)
                          : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 2;
  }
  return out;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// "host", "host:port", "[v6]", "[v6]:port".
Result<> read_host(Url& url, std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return fail(Fault::proxy, "the URL's address has no closing bracket");
    url.host = lowered(text.substr(1, close - 1));
    const std::string_view behind = text.substr(close + 1);
    if (!behind.empty() && !behind.starts_with(':'))
      return fail(Fault::proxy, "the URL's address is followed by something else than a port");
    if (!behind.empty()) port = behind;
  } else {
    const auto colon = text.find(':');
    url.host = lowered(text.substr(0, colon));
    if (colon != text.npos) port = text.substr(colon);
  }
  if (url.host.empty()) return fail(Fault::proxy, "the URL names no host");
  url.port = url.tls ? https_port : http_port;
  if (port.size() > 1) {
    const auto number = parse_int<std::uint16_t>(port.substr(1));
    if (!number || *number == 0) return fail(Fault::proxy, "the URL's port is not in 1..65535");
    url.port = *number;
  }
  return {};
}

}  // namespace

std::string Url::authority() const {
  const bool usual = port == (tls ? https_port : http_port);
  return usual ? bracketed(host) : fmt::format("{}:{}", bracketed(host), port);
}

std::string Url::origin() const {
  return fmt::format("{}://{}", tls ? "https" : "http", authority());
}

Result<Url> Url::parse(std::string_view text) {
  Url url;
  const auto colon = text.find("://");
  const std::string scheme = lowered(text.substr(0, colon == text.npos ? 0 : colon));
  if (scheme != "http" && scheme != "https")
    return fail(Fault::proxy, "a URL begins with http:// or https://");
  if (!std::ranges::all_of(text, is_plain))
    return fail(Fault::proxy, "the URL holds blanks, or characters that must be written as %XX");
  url.tls = scheme == "https";
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto path = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, path);
  if (path != rest.npos) {
    url.target = rest.substr(path);
    if (url.target.front() == '?') url.target.insert(0, 1, '/');
  }
  const auto at = authority.rfind('@');
  if (at != authority.npos) {
    url.credentials = decoded(authority.substr(0, at));
    authority = authority.substr(at + 1);
  }
  auto host = read_host(url, authority);
  if (!host) return std::unexpected(std::move(host.error()));
  return url;
}

std::string url_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool stays = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (stays)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace drawbridge::control
