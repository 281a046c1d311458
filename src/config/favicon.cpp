#include "config/favicon.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/bytes.hpp"
#include "base/strings.hpp"

namespace drawbridge::config {
namespace {

// Clients refuse more than 32 kB of base64; nobody's 64x64 icon is this large.
constexpr std::size_t largest_icon = std::size_t{64} << 10;

// PNG (ISO/IEC 15948): signature, then the IHDR chunk with width and height in network order.
Result<> check_png(ByteView bytes) {
  constexpr std::array<Byte, 16> begin = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n',
                                          0,    0,   0,   13,  'I',  'H',  'D',  'R'};
  if (bytes.size() < 33 || !std::equal(begin.begin(), begin.end(), bytes.begin()))
    return fail(Fault::proxy, "is no PNG image");
  const auto number = [&](std::size_t at) {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
           std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
  };
  if (number(16) != 64 || number(20) != 64)
    return fail(Fault::proxy, "is {}x{}; clients show 64x64 only", number(16), number(20));
  return {};
}

Result<ByteBuffer> read_icon(const std::string& path) {
  std::error_code error;
  std::ifstream file;
  if (std::filesystem::is_regular_file(path, error)) file.open(path, std::ios::binary);
  if (!file.is_open()) return fail(Fault::proxy, "{} cannot be read", path);
  ByteBuffer bytes(largest_icon + 1);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace

Result<std::string> load_favicon(const Favicon& favicon) {
  if (favicon.kind == Favicon::Kind::url)
    return fail(Fault::proxy, "an icon from a URL is not fetched here");
  Result<ByteBuffer> bytes = ByteBuffer();
  if (favicon.kind == Favicon::Kind::file) {
    bytes = read_icon(favicon.value);
  } else if (auto decoded = from_base64(favicon.value)) {
    bytes = *std::move(decoded);
  } else {
    return fail(Fault::proxy, "is no valid base64");
  }
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() > largest_icon)
    return fail(Fault::proxy, "is larger than {} bytes", largest_icon);
  if (const Result<> good = check_png(*bytes); !good) return std::unexpected(good.error());
  return "data:image/png;base64," + to_base64(*bytes);
}

}  // namespace drawbridge::config
