#include "features/keepers/local/console_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
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

// The server goes on writing into the same file, at its end, wherever that is.
void ConsoleLog::trim() {
  std::error_code error;
  const auto size = std::filesystem::file_size(file_, error);
  if (error || size < limit_) return;
  std::filesystem::copy_file(file_, file_.native() + ".1",
                             std::filesystem::copy_options::overwrite_existing, error);
  std::filesystem::resize_file(file_, 0, error);
}

}  // namespace drawbridge::features::keepers::local
