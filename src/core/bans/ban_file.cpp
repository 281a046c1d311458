#include "core/bans/ban_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "config/plain_file.hpp"
#include "net/fd.hpp"

namespace drawbridge::core {

namespace fs = std::filesystem;

namespace {

constexpr mode_t new_file_mode = 0640;

std::unexpected<Error> broken(const fs::path& path, std::string_view what) {
  return fail(Fault::proxy, "{}: {}: {}", path.native(), what, std::strerror(errno));
}

std::unexpected<Error> named(const fs::path& path, const Error& error) {
  return fail(error.fault, "{} {}", path.native(), error.what);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// The lock file stays: removing it would let two processes hold "the" lock.
Result<net::Fd> take_lock(const fs::path& path, Duration patience) {
  const fs::path name = path.native() + ".lock";
  net::Fd lock(open(name.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.valid()) return broken(name, "cannot be opened");
  if (geteuid() == 0) {
    struct stat about{};
    if (stat(folder_of(path).c_str(), &about) == 0 &&
        fchown(lock.get(), about.st_uid, about.st_gid) != 0)
      return broken(name, "cannot be given to the folder's owner");
  }
  const TimePoint until = Clock::now() + patience;
  while (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return broken(name, "cannot be locked");
    if (Clock::now() >= until)
      return fail(Fault::proxy, "{} is locked by another process", name.native());
    std::this_thread::sleep_for(milliseconds(5));
  }
  return lock;
}

}  // namespace

// A link is followed once, here: the file that it leads to is replaced, not the link.
BanFile::BanFile(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  if (fs::path real = fs::canonical(path_, error); !error) path_ = std::move(real);
}

Result<BanFileRead> BanFile::read() const {
  auto file = config::read_plain_file(path_, max_size);
  if (!file) return named(path_, file.error());
  auto document = BanDocument::parse(file->text);
  if (!document)
    return BanFileRead{.document = BanDocument(), .exists = true, .corrupt = document.error().what};
  return BanFileRead{.document = *std::move(document), .exists = file->exists(), .corrupt = {}};
}

Result<> BanFile::edit(const std::function<bool(BanDocument&)>& change) {
  auto lock = take_lock(path_, patience);
  if (!lock) return std::unexpected(std::move(lock.error()));
  const auto done = config::edit_file(
      path_, max_size, new_file_mode,
      [&change](const config::PlainFile& file) -> Result<std::optional<std::string>> {
        auto document = BanDocument::parse(file.text);
        if (!document) return std::unexpected(std::move(document.error()));
        if (!change(*document)) return std::nullopt;
        return document->text();
      });
  if (!done) return named(path_, done.error());
  return {};
}

Result<fs::path> BanFile::set_aside() {
  auto lock = take_lock(path_, patience);
  if (!lock) return std::unexpected(std::move(lock.error()));
  fs::path aside = path_.native() + ".bak";
  struct stat about{};
  for (int n = 2; lstat(aside.c_str(), &about) == 0; ++n)
    aside = fmt::format("{}.bak.{}", path_.native(), n);
  if (::rename(path_.c_str(), aside.c_str()) != 0) return broken(path_, "cannot be moved away");
  return aside;
}

}  // namespace drawbridge::core
