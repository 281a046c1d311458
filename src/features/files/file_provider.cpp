#include "features/files/file_provider.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <expected>
#include <utility>

#include "base/siphash.hpp"
#include "config/load.hpp"

namespace drawbridge::features::files {

namespace fs = std::filesystem;

namespace {

// A write may bear the same stamp as one just before it: kernels before 6.13 stamp files with the
// time of the last timer tick (up to 10 ms old). A file that was changed this shortly before it was
// read is read again the next time.
constexpr std::int64_t settling_ns = 50'000'000;

// No event tells that something has become readable.
constexpr Duration retry_interval = seconds{10};

struct Descriptor {
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

std::int64_t nanoseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool is_missing(int error) {
  return error == ENOENT || error == ENOTDIR;
}

// The whole file, or an errno value.
std::expected<std::string, int> read_all(int fd, std::size_t expected, std::size_t limit) {
  std::string bytes;
  std::size_t length = 0;
  bytes.resize(expected + 1);  // the one more shows the end without growing
  for (;;) {
    const ssize_t n = ::read(fd, bytes.data() + length, bytes.size() - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(errno);
    if (n == 0) break;
    length += static_cast<std::size_t>(n);
    if (length > limit) return std::unexpected(EFBIG);
    if (length == bytes.size()) bytes.resize(length * 2);
  }
  bytes.resize(length);
  return bytes;
}

// Sorted; an errno value when the listing broke off.
std::expected<std::vector<std::string>, int> server_files_in(DIR* folder) {
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(folder);
    if (entry == nullptr) break;
    if (config::is_server_file_name(entry->d_name)) names.emplace_back(entry->d_name);
  }
  if (errno != 0) return std::unexpected(errno);
  std::ranges::sort(names);
  return names;
}

}  // namespace

// --- FolderSnapshot

FolderSnapshot::FolderSnapshot(fs::path folder) : folder_(std::move(folder)) {}

FileBatch FolderSnapshot::scan() {
  FileBatch batch;
  ++scans_;
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* folder = fd < 0 ? nullptr : fdopendir(fd);
  if (folder == nullptr && !is_missing(errno)) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return unreadable(error);
  }
  if (folder != nullptr) {
    auto names = server_files_in(folder);
    if (!names) {  // half a list must not withdraw the servers of the other half
      closedir(folder);
      return unreadable(names.error());
    }
    for (const std::string& name : *names) visit(fd, name, batch);
    closedir(folder);
  }
  folder_fault_.clear();
  drop_missing(batch);
  return batch;
}

FileBatch FolderSnapshot::unreadable(int error) {
  FileBatch batch;
  std::string what = std::strerror(error);
  if (what != folder_fault_) batch.faults.push_back({folder_, what});
  folder_fault_ = std::move(what);
  return batch;
}

void FolderSnapshot::visit(int folder, const std::string& name, FileBatch& batch) {
  struct stat status{};
  int error = fstatat(folder, name.c_str(), &status, 0) == 0 ? 0 : errno;
  if (is_missing(error) || (error == 0 && !S_ISREG(status.st_mode))) return;
  Known& known = files_[name];
  known.seen = scans_;
  if (error == 0) {
    const Stamp stamp = stamp_of(status);
    if (known.loaded && !known.unsettled && known.fault.empty() && stamp == known.stamp) return;
    error = read(folder, name, known, batch);
    if (is_missing(error)) {  // it went away just now
      known.seen = 0;
      return;
    }
  }
  std::string fault;
  if (error == EFBIG) fault = "the file is larger than a server file can be (4 MiB)";
  if (error != 0 && fault.empty()) fault = std::strerror(error);
  if (!fault.empty() && fault != known.fault) batch.faults.push_back({folder_ / name, fault});
  known.fault = std::move(fault);
}

// 0 or an errno value.
int FolderSnapshot::read(int folder, const std::string& name, Known& known, FileBatch& batch) {
  // Not blocking: the name may lead to a pipe by now.
  const Descriptor file(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat before{};
  if (file.fd < 0 || fstat(file.fd, &before) != 0) return errno;
  if (!S_ISREG(before.st_mode)) return ENOENT;
  if (before.st_size > static_cast<off_t>(max_file_size)) return EFBIG;
  ++reads_;
  auto bytes = read_all(file.fd, static_cast<std::size_t>(before.st_size), max_file_size);
  if (!bytes) return bytes.error();

  struct stat after{};
  fstat(file.fd, &after);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  known.stamp = stamp_of(before);
  known.unsettled = stamp_of(after) != known.stamp ||
                    nanoseconds_of(now) - nanoseconds_of(before.st_ctim) < settling_ns;

  const std::uint64_t hash = siphash(process_sip_key(), as_bytes(*bytes));
  if (known.loaded && hash == known.hash) return 0;
  known.hash = hash;
  known.loaded = true;
  batch.changes.push_back({folder_ / name, std::move(*bytes)});
  return 0;
}

void FolderSnapshot::drop_missing(FileBatch& batch) {
  bool any = false;
  for (auto at = files_.begin(); at != files_.end();) {
    if (at->second.seen == scans_) {
      ++at;
      continue;
    }
    if (at->second.loaded) {
      batch.changes.push_back({folder_ / at->first, std::nullopt});
      any = true;
    }
    at = files_.erase(at);
  }
  if (any) std::ranges::sort(batch.changes, {}, &FileChange::path);
}

FolderSnapshot::Stamp FolderSnapshot::stamp_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds_of(status.st_mtim), nanoseconds_of(status.st_ctim)};
}

bool FolderSnapshot::has_faults() const {
  return !folder_fault_.empty() ||
         std::ranges::any_of(files_, [](const auto& file) { return !file.second.fault.empty(); });
}

// --- FileProvider

FileProvider::FileProvider(control::ControlThread& control, control::FileWatch& watch,
                           fs::path folder, OnBatch on_batch)
    : control_(control),
      watch_(watch),
      snapshot_(std::move(folder)),
      on_batch_(std::move(on_batch)) {}

FileBatch FileProvider::start() {
  // In this order: what changes while we read raises an event.
  handle_ =
      watch_.watch_folder(snapshot_.folder(), [this](const control::ChangedPaths&) { deliver(); });
  return rescan();
}

FileBatch FileProvider::rescan() {
  FileBatch batch = snapshot_.scan();
  retry_ = snapshot_.has_faults() ? control_.after(retry_interval, [this] { deliver(); })
                                  : control::Timer();
  return batch;
}

void FileProvider::deliver() {
  FileBatch batch = rescan();
  if (!batch.empty()) on_batch_(std::move(batch));  // may destroy the provider
}

}  // namespace drawbridge::features::files
