#include "config/favicon.hpp"

#include <filesystem>
#include <fstream>

#include "base/bytes.hpp"
#include "base/favicon.hpp"

namespace drawbridge::config {
namespace {

// One byte more than may be, so that a file that is too large shows as such.
Result<ByteBuffer> read_icon(const std::string& path) {
  std::error_code error;
  std::ifstream file;
  if (std::filesystem::is_regular_file(path, error)) file.open(path, std::ios::binary);
  if (!file.is_open()) return fail(Fault::proxy, "{} cannot be read", path);
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > max_favicon_png)
    return fail(Fault::proxy, "{} has {} bytes, at most {} fit into a status answer", path, size,
                max_favicon_png);
  ByteBuffer bytes(max_favicon_png + 1);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace

Result<std::string> load_favicon(const Favicon& favicon) {
  if (favicon.kind == Favicon::Kind::url)
    return fail(Fault::proxy, "an icon from a URL is not fetched here");
  if (favicon.kind != Favicon::Kind::file) return favicon_from_text(favicon.value);
  const Result<ByteBuffer> bytes = read_icon(favicon.value);
  if (!bytes) return std::unexpected(bytes.error());
  return favicon_from_png(*bytes);
}

}  // namespace drawbridge::config
