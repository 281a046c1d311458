#include "features/keepers/local/console_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace drawbridge::features::keepers::local {

namespace {
constexpr mode_t rights = 0640;
}

ConsoleLog::ConsoleLog(std::filesystem::path file, std::uint64_t limit)
    : file_(std::move(file)), limit_(limit) {}

void ConsoleLog::open() {
  out_ = for_child();
  struct stat now{};
  size_ =
      out_.valid() && fstat(out_.get(), &now) == 0 ? static_cast<std::uint64_t>(now.st_size) : 0;
}

Descriptor ConsoleLog::for_child() const {
  return Descriptor(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, rights));
}

void ConsoleLog::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (!out_.valid()) open();
    if (!out_.valid()) return;
    if (size_ >= limit_) {
      std::error_code ignored;
      std::filesystem::rename(file_, file_.native() + ".1", ignored);
      open();
      if (size_ >= limit_) return;  // it could not be moved away
    }
    const std::size_t room = std::min<std::uint64_t>(bytes.size(), limit_ - size_);
    const ssize_t done = ::write(out_.get(), bytes.data(), room);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    size_ += static_cast<std::uint64_t>(done);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

// The server goes on writing into the same file, at its end, wherever that is. Only the last part
// is kept: nobody waits for the copy of a file that grew for weeks.
void ConsoleLog::trim() {
  const Descriptor in(::open(file_.c_str(), O_RDWR | O_CLOEXEC));
  struct stat now{};
  if (!in.valid() || fstat(in.get(), &now) != 0 || std::cmp_less(now.st_size, limit_)) return;
  const std::string before = file_.native() + ".1";
  const Descriptor out(::open(before.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, rights));
  off_t at = now.st_size - static_cast<off_t>(limit_);
  while (out.valid() && at < now.st_size)
    if (copy_file_range(in.get(), &at, out.get(), nullptr, limit_, 0) <= 0) break;
  static_cast<void>(ftruncate(in.get(), 0));
}

}  // namespace drawbridge::features::keepers::local
