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

#include "net/fd.hpp"

namespace drawbridge::core {

namespace fs = std::filesystem;

namespace {

constexpr int attempts = 8;  // against editors that save while we write
constexpr mode_t new_file_mode = 0640;

std::unexpected<Error> broken(const fs::path& path, std::string_view what) {
  return fail(Fault::proxy, "{}: {}: {}", path.native(), what, std::strerror(errno));
}

// Tells one state of a file from the next.
struct Stamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;  // -1: no file
  std::int64_t modified = 0, changed = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const struct stat& about) {
  constexpr std::int64_t second = 1'000'000'000;
  return {.device = about.st_dev,
          .inode = about.st_ino,
          .size = about.st_size,
          .modified = about.st_mtim.tv_sec * second + about.st_mtim.tv_nsec,
          .changed = about.st_ctim.tv_sec * second + about.st_ctim.tv_nsec};
}

Stamp stamp_at(const fs::path& path) {
  struct stat about{};
  return stat(path.c_str(), &about) == 0 ? stamp_of(about) : Stamp{};
}

struct Bytes {
  std::string text;
  Stamp stamp;
};

// Missing: no text and no stamp.
Result<Bytes> read_bytes(const fs::path& path) {
  const net::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) {
    if (errno == ENOENT) return Bytes{};
    return broken(path, "cannot be read");
  }
  struct stat about{};
  if (fstat(file.get(), &about) != 0) return broken(path, "cannot be read");
  if (!S_ISREG(about.st_mode)) return fail(Fault::proxy, "{} is no plain file", path.native());
  if (static_cast<std::size_t>(about.st_size) > BanFile::max_size)
    return fail(Fault::proxy, "{} is larger than 256 MiB", path.native());
  Bytes out{.text = std::string(static_cast<std::size_t>(about.st_size), '\0'),
            .stamp = stamp_of(about)};
  std::size_t filled = 0;
  while (filled < out.text.size()) {
    const ssize_t count = ::read(file.get(), out.text.data() + filled, out.text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return broken(path, "cannot be read");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  out.text.resize(filled);
  return out;
}

Result<> write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return broken(path, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// What root writes must stay readable for the proxy, which is not root: the owner of the old file,
// else of the folder.
void keep_owner(int fd, const fs::path& path) {
  struct stat about{};
  if (stat(path.c_str(), &about) == 0) {
    fchmod(fd, about.st_mode & 07777);
  } else if (stat(folder_of(path).c_str(), &about) != 0) {
    return;
  }
  if (geteuid() == 0 && fchown(fd, about.st_uid, about.st_gid) != 0) return;
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
  auto bytes = read_bytes(path_);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto document = BanDocument::parse(bytes->text);
  if (!document)
    return BanFileRead{.document = BanDocument(), .exists = true, .corrupt = document.error().what};
  return BanFileRead{
      .document = *std::move(document), .exists = bytes->stamp.size >= 0, .corrupt = {}};
}

Result<> BanFile::replace(const std::string& text) const {
  const fs::path draft = fmt::format("{}.tmp.{}", path_.native(), getpid());
  net::Fd file(
      open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, new_file_mode));
  if (!file.valid()) return broken(draft, "cannot be written");
  keep_owner(file.get(), path_);
  auto written = write_all(file.get(), text, draft);
  if (written && fsync(file.get()) != 0) written = broken(draft, "cannot be written");
  if (written && ::rename(draft.c_str(), path_.c_str()) != 0)
    written = broken(path_, "cannot be replaced");
  if (!written) {
    unlink(draft.c_str());
    return written;
  }
  const net::Fd folder(open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || fsync(folder.get()) != 0)
    return broken(folder_of(path_), "cannot be forced to disk");
  return {};
}

// False: somebody without the lock changed the file meanwhile.
Result<bool> BanFile::edit_once(const std::function<bool(BanDocument&)>& change) {
  auto bytes = read_bytes(path_);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto document = BanDocument::parse(bytes->text);
  if (!document) return fail(Fault::proxy, "{} {}", path_.native(), document.error().what);
  if (!change(*document)) return true;
  const std::string text = document->text();
  if (stamp_at(path_) != bytes->stamp) return false;
  auto written = replace(text);
  if (!written) return std::unexpected(std::move(written.error()));
  return true;
}

Result<> BanFile::edit(const std::function<bool(BanDocument&)>& change) {
  auto lock = take_lock(path_, patience);
  if (!lock) return std::unexpected(std::move(lock.error()));
  for (int i = 0; i < attempts; ++i) {
    auto done = edit_once(change);
    if (!done) return std::unexpected(std::move(done.error()));
    if (*done) return {};
  }
  return fail(Fault::proxy, "{} is changed by somebody else all the time", path_.native());
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
