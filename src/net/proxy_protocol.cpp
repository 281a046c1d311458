#include "net/proxy_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/strings.hpp"

namespace drawbridge::net {
namespace {

using Parsed = Result<std::optional<ProxyHeader>>;

constexpr std::string_view v1_start = "PROXY ";
constexpr std::array<Byte, 12> v2_signature{0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                            0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr std::size_t v2_fixed = 16;  // signature, version and command, family, length
constexpr Byte type_crc32c = 0x03;

enum Family : Byte { unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21, unix_stream = 0x31 };

bool starts_alike(ByteView buffered, ByteView start) {
  const std::size_t common = std::min(buffered.size(), start.size());
  return std::ranges::equal(buffered.first(common), start.first(common));
}

// Decimal without sign or leading zeros, as the specification writes it.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_int<std::uint16_t>(text);
}

std::optional<Endpoint> parse_endpoint(std::string_view address, std::string_view port,
                                       bool is_v6) {
  if ((address.find(':') != std::string_view::npos) != is_v6) return std::nullopt;
  const auto ip = IpAddress::parse(address);
  const auto number = parse_port(port);
  if (!ip || !number) return std::nullopt;
  return Endpoint{.address = *ip, .port = *number};
}

Parsed parse_v1(ByteView buffered) {
  const std::string_view text = as_text(buffered.first(std::min(buffered.size(), max_proxy_v1)));
  const auto end = text.find("\r\n");
  if (end == std::string_view::npos) {
    if (text.size() == max_proxy_v1) return fail(Fault::client, "PROXY line without an end");
    return std::nullopt;
  }
  ProxyHeader header{.version = ProxyVersion::v1, .source = {}, .destination = {}, .size = end + 2};
  const auto words = split(text.substr(0, end), ' ');
  // Whatever follows UNKNOWN is to be ignored.
  if (words[1] == "UNKNOWN") return header;
  const bool is_v6 = words[1] == "TCP6";
  if ((!is_v6 && words[1] != "TCP4") || words.size() != 6)
    return fail(Fault::client, "bad PROXY line");
  header.source = parse_endpoint(words[2], words[4], is_v6);
  header.destination = parse_endpoint(words[3], words[5], is_v6);
  if (!header.source || !header.destination)
    return fail(Fault::client, "bad address in a PROXY line");
  return header;
}

std::uint16_t u16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

template <std::size_t size>
IpAddress address_at(ByteView bytes, std::size_t at) {
  std::array<Byte, size> raw{};
  std::ranges::copy(bytes.subspan(at, size), raw.begin());
  if constexpr (size == 4) return IpAddress::v4(raw);
  if constexpr (size == 16) return IpAddress::v6(raw);
}

// Source address, destination address, source port, destination port.
template <std::size_t size>
void read_addresses(ByteView block, ProxyHeader& header) {
  header.source = {address_at<size>(block, 0), u16(block, 2 * size)};
  header.destination = {address_at<size>(block, size), u16(block, 2 * size + 2)};
}

// CRC-32C (Castagnoli), reflected, bit by bit: a header has some dozens of bytes, once a
// connection.
std::uint32_t crc32c(ByteView bytes, std::size_t zeros_from, std::size_t zeros) {
  std::uint32_t crc = ~0U;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool is_zero = i >= zeros_from && i < zeros_from + zeros;
    crc ^= is_zero ? Byte{0} : bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

// Type, 16-bit length, value, from `at` until the header ends exactly. A checksum among them
// (PP2_TYPE_CRC32C, over the whole header with its own four bytes as zero) must be right. What is
// wrong, or nothing.
std::optional<std::string_view> fault_of_tlvs(ByteView header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < 3) return "bad TLVs";
    const std::size_t length = u16(header, at + 1);
    if (header.size() - at - 3 < length) return "bad TLVs";
    if (header[at] == type_crc32c) {
      if (length != 4) return "a checksum that is not 4 bytes";
      const std::uint32_t sent = std::uint32_t{u16(header, at + 3)} << 16 | u16(header, at + 5);
      if (crc32c(header, at + 3, 4) != sent) return "a wrong checksum";
    }
    at += 3 + length;
  }
  return std::nullopt;
}

// Bytes of addresses that a family has; nothing for one that no Minecraft connection can come from
// (UDP).
std::optional<std::size_t> address_block(Byte family) {
  switch (family) {
    case unspecified:
      return 0;
    case tcp4:
      return 12;
    case tcp6:
      return 36;
    case unix_stream:
      return 216;
    default:
      return std::nullopt;
  }
}

Parsed parse_v2(ByteView buffered) {
  if (buffered.size() > 12 && buffered[12] != 0x20 && buffered[12] != 0x21) {
    return fail(Fault::client, "PROXY header with version and command {:#04x}", buffered[12]);
  }
  if (buffered.size() < v2_fixed) return std::nullopt;
  const std::size_t length = u16(buffered, 14);
  const std::size_t size = v2_fixed + length;
  if (size > max_proxy_v2) return fail(Fault::client, "PROXY header of {} bytes", size);
  if (buffered.size() < size) return std::nullopt;

  ProxyHeader header{.version = ProxyVersion::v2, .source = {}, .destination = {}, .size = size};
  header.is_local = buffered[12] == 0x20;
  // Of LOCAL the specification wants all that follows ignored, whatever its family says.
  if (header.is_local) return header;
  const ByteView block = buffered.subspan(v2_fixed, length);
  const Byte family = buffered[13];
  // Of UNSPEC too: what a sender without an address puts there is its own affair.
  if (family == unspecified) return header;
  const auto addresses = address_block(family);
  if (!addresses) return fail(Fault::client, "PROXY header of family {:#04x}", family);
  if (length < *addresses) return fail(Fault::client, "PROXY header with too few address bytes");
  if (const auto fault = fault_of_tlvs(buffered.first(size), v2_fixed + *addresses))
    return fail(Fault::client, "PROXY header with {}", *fault);
  if (family == tcp4) read_addresses<4>(block, header);
  if (family == tcp6) read_addresses<16>(block, header);
  return header;
}

std::array<Byte, 16> mapped(const IpAddress& address) {
  std::array<Byte, 16> out{};
  const ByteView bytes = address.bytes();
  if (address.is_v4()) out[10] = out[11] = 0xFF;
  std::ranges::copy(bytes, out.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  return out;
}

void append(ByteBuffer& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_u16(ByteBuffer& out, std::size_t value) {
  out.push_back(static_cast<Byte>(value >> 8));
  out.push_back(static_cast<Byte>(value));
}

ByteBuffer encode_v1(const Endpoint& source, const Endpoint& destination) {
  const bool both_v4 = source.address.is_v4() && destination.address.is_v4();
  const auto text = [both_v4](const IpAddress& address) {
    return (address.is_v4() && !both_v4 ? "::ffff:" : "") + address.text();
  };
  const std::string line =
      fmt::format("PROXY {} {} {} {} {}\r\n", both_v4 ? "TCP4" : "TCP6", text(source.address),
                  text(destination.address), source.port, destination.port);
  const ByteView bytes = as_bytes(line);
  return {bytes.begin(), bytes.end()};
}

ByteBuffer v2_head(Byte command, Byte family, std::size_t length) {
  ByteBuffer out(v2_signature.begin(), v2_signature.end());
  out.push_back(command);
  out.push_back(family);
  append_u16(out, length);
  return out;
}

ByteBuffer encode_v2(const Endpoint& source, const Endpoint& destination) {
  const bool both_v4 = source.address.is_v4() && destination.address.is_v4();
  ByteBuffer out = v2_head(0x21, both_v4 ? tcp4 : tcp6, both_v4 ? 12 : 36);
  for (const Endpoint* end : {&source, &destination}) {
    if (both_v4) {
      append(out, end->address.bytes());
    } else {
      append(out, mapped(end->address));
    }
  }
  append_u16(out, source.port);
  append_u16(out, destination.port);
  return out;
}

// Adds the checksum TLV to a whole version 2 header.
void append_checksum(ByteBuffer& header) {
  append_u16(header, std::size_t{type_crc32c} << 8);  // type, and the upper byte of the length
  header.push_back(4);
  const std::size_t at = header.size();
  header.resize(at + 4);
  const std::size_t length = header.size() - v2_fixed;
  header[14] = static_cast<Byte>(length >> 8);
  header[15] = static_cast<Byte>(length);
  const std::uint32_t sum = crc32c(header, at, 4);
  for (std::size_t i = 0; i < 4; ++i) header[at + i] = static_cast<Byte>(sum >> (24 - 8 * i));
}

}  // namespace

Result<std::optional<ProxyHeader>> parse_proxy_header(ByteView buffered) {
  if (buffered.empty()) return std::nullopt;
  if (starts_alike(buffered, as_bytes(v1_start))) {
    if (buffered.size() < v1_start.size()) return std::nullopt;
    return parse_v1(buffered);
  }
  if (starts_alike(buffered, v2_signature)) {
    if (buffered.size() < v2_signature.size()) return std::nullopt;
    return parse_v2(buffered);
  }
  return fail(Fault::client, "no PROXY header");
}

bool looks_like_proxy_header(ByteView buffered) {
  if (buffered.size() < v1_start.size()) return false;
  return starts_alike(buffered, as_bytes(v1_start)) || starts_alike(buffered, v2_signature);
}

ByteBuffer proxy_header(ProxyForm form, const Endpoint& source, const Endpoint& destination) {
  if (form == ProxyForm::v1) return encode_v1(source, destination);
  ByteBuffer out = encode_v2(source, destination);
  if (form == ProxyForm::v2_crc32c) append_checksum(out);
  return out;
}

ByteBuffer own_proxy_header(ProxyForm form) {
  if (form == ProxyForm::v1) {
    const ByteView line = as_bytes("PROXY UNKNOWN\r\n");
    return {line.begin(), line.end()};
  }
  ByteBuffer out = v2_head(0x20, unspecified, 0);
  if (form == ProxyForm::v2_crc32c) append_checksum(out);
  return out;
}

}  // namespace drawbridge::net
