#include "base/favicon.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"

namespace drawbridge {
namespace {

constexpr std::array<Byte, 8> png_signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr std::string_view data_url_prefix = "data:image/png;base64,";
constexpr std::uint32_t side = 64;  // pixels

std::uint32_t u32(ByteView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (const Byte byte : bytes.subspan(at, 4)) value = value << 8 | byte;
  return value;
}

// Chunks (length, type, data, checksum) up to IEND: a file cut off in the middle shows as no
// picture in the client.
bool is_whole(ByteView png) {
  constexpr std::size_t around_data = 12;
  for (std::size_t at = png_signature.size(); png.size() - at >= around_data;) {
    const std::size_t length = u32(png, at);
    const std::string_view type = as_text(png.subspan(at + 4, 4));
    if (length > png.size() - at - around_data) return false;
    if (type == "IEND") return true;
    at += around_data + length;
  }
  return false;
}

}  // namespace

Result<std::string> favicon_from_png(ByteView png) {
  constexpr std::size_t header_end =
      8 + 8 + 8;  // signature, length and type of IHDR, width and height
  if (png.size() < header_end || !std::ranges::equal(png.first(8), png_signature) ||
      as_text(png.subspan(12, 4)) != "IHDR") {
    return fail(Fault::proxy, "not a PNG picture");
  }
  const std::uint32_t width = u32(png, 16);
  const std::uint32_t height = u32(png, 20);
  if (width != side || height != side) {
    return fail(Fault::proxy, "the picture is {}x{} pixels, it must be 64x64", width, height);
  }
  if (!is_whole(png)) return fail(Fault::proxy, "the PNG file is cut off");
  if (png.size() > max_favicon_png) {
    return fail(Fault::proxy, "the picture has {} bytes, at most {} fit into a status answer",
                png.size(), max_favicon_png);
  }
  return std::string(data_url_prefix) + to_base64(png);
}

Result<std::string> favicon_from_text(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with("data:")) {
    if (!text.starts_with(data_url_prefix)) {
      return fail(Fault::proxy, "a picture's data URL must begin with {}", data_url_prefix);
    }
    text.remove_prefix(data_url_prefix.size());
  }
  const auto png = from_base64(text);
  if (!png) return fail(Fault::proxy, "neither base64 nor a data URL");
  return favicon_from_png(*png);
}

}  // namespace drawbridge
