#include "config/plain_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace drawbridge::config {

namespace fs = std::filesystem;

namespace {

constexpr int attempts = 8;  // against editors that save while we write
constexpr mode_t rights_mask = 07777;

// The layer below net has no Fd of its own.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> broken(std::string_view what) {
  return fail(Fault::proxy, "{}: {}", what, std::strerror(errno));
}

FileStamp stamp_of(const struct stat& about) {
  constexpr std::int64_t second = 1'000'000'000;
  return {.device = about.st_dev,
          .inode = about.st_ino,
          .size = about.st_size,
          .modified = about.st_mtim.tv_sec * second + about.st_mtim.tv_nsec,
          .changed = about.st_ctim.tv_sec * second + about.st_ctim.tv_nsec};
}

FileStamp stamp_at(const fs::path& path) {
  struct stat about{};
  return stat(path.c_str(), &about) == 0 ? stamp_of(about) : FileStamp{};
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string size_text(std::size_t bytes) {
  constexpr std::size_t kib = 1024;
  if (bytes % (kib * kib) == 0) return fmt::format("{} MiB", bytes / kib / kib);
  if (bytes % kib == 0) return fmt::format("{} KiB", bytes / kib);
  return fmt::format("{} bytes", bytes);
}

Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return broken("cannot be written");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (fsync(fd) != 0) return broken("cannot be forced to disk");
  return {};
}

// What a new file gets, or keeps from the one that it replaces. Where the system refuses (a disk
// without rights, a container without that capability) it stays ours alone.
void keep_rights(int fd, const fs::path& path, mode_t rights) {
  struct stat about{};
  const bool replaces = stat(path.c_str(), &about) == 0;
  [[maybe_unused]] int done = fchmod(fd, replaces ? about.st_mode & rights_mask : rights);
  if (geteuid() != 0) return;
  const bool known = replaces || stat(folder_of(path).c_str(), &about) == 0;
  if (known) done = fchown(fd, about.st_uid, about.st_gid);
}

// The file that a link leads to: that one is replaced, not the link.
fs::path without_links(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  return error ? path : real;
}

// False: errno says why. The draft is gone in any case.
bool rename_to_new(const fs::path& from, const fs::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  // Network file systems know only the other way.
  const bool linked = errno == EINVAL && ::link(from.c_str(), to.c_str()) == 0;
  const int why = errno;
  unlink(from.c_str());
  errno = why;
  return linked;
}

// Nobody else's name: neither another process nor another thread of ours writes to it.
fs::path draft_for(const fs::path& path) {
  static std::atomic<unsigned> number{0};
  return fmt::format("{}.tmp.{}.{}", path.native(), getpid(), number.fetch_add(1));
}

// The text beside its place, on disk. The draft is gone again after an error.
Result<> write_draft(const fs::path& draft, const fs::path& path, std::string_view text,
                     mode_t rights) {
  const File file(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) return broken("cannot be written");
  keep_rights(file.fd(), path, rights);
  auto done = write_all(file.fd(), text);
  if (!done) unlink(draft.c_str());
  return done;
}

// The name is in the folder, and that must be on disk as well.
Result<> force_folder(const fs::path& path) {
  const File folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || fsync(folder.fd()) != 0)
    return broken("was written, but its folder cannot be forced to disk");
  return {};
}

}  // namespace

Result<PlainFile> read_plain_file(const fs::path& path, std::size_t most) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) {
    if (errno == ENOENT) return PlainFile{};
    return broken("cannot be read");
  }
  struct stat about{};
  if (fstat(file.fd(), &about) != 0) return broken("cannot be read");
  if (!S_ISREG(about.st_mode)) return fail(Fault::proxy, "is no plain file");
  if (static_cast<std::size_t>(about.st_size) > most)
    return fail(Fault::proxy, "is larger than {}", size_text(most));
  PlainFile out{.text = std::string(static_cast<std::size_t>(about.st_size), '\0'),
                .stamp = stamp_of(about),
                .rights = about.st_mode & rights_mask};
  std::size_t filled = 0;
  while (filled < out.text.size()) {
    const ssize_t count = ::read(file.fd(), out.text.data() + filled, out.text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return broken("cannot be read");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  out.text.resize(filled);
  return out;
}

Result<> replace_file(const fs::path& path, std::string_view text, mode_t rights) {
  const fs::path real = without_links(path);
  const fs::path draft = draft_for(real);
  if (auto written = write_draft(draft, real, text, rights); !written) return written;
  if (::rename(draft.c_str(), real.c_str()) != 0) {
    auto error = broken("cannot be replaced");
    unlink(draft.c_str());
    return error;
  }
  return force_folder(real);
}

Result<bool> create_file(const fs::path& path, std::string_view text, mode_t rights) {
  const fs::path draft = draft_for(path);
  if (auto written = write_draft(draft, path, text, rights); !written)
    return std::unexpected(std::move(written.error()));
  if (!rename_to_new(draft, path)) {
    if (errno == EEXIST) return false;
    return broken("cannot be made");
  }
  auto forced = force_folder(path);
  if (!forced) return std::unexpected(std::move(forced.error()));
  return true;
}

Result<> edit_file(const fs::path& path, std::size_t most, mode_t rights,
                   const FileChange& change) {
  for (int i = 0; i < attempts; ++i) {
    auto old = read_plain_file(path, most);
    if (!old) return std::unexpected(std::move(old.error()));
    auto text = change(*old);
    if (!text) return std::unexpected(std::move(text.error()));
    if (!*text) return {};
    if (stamp_at(path) == old->stamp) return replace_file(path, **text, rights);
  }
  return fail(Fault::proxy, "is changed by somebody else all the time");
}

}  // namespace drawbridge::config
