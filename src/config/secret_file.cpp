#include "config/secret_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/strings.hpp"

namespace drawbridge::config {

namespace {

constexpr std::size_t longest = 4096;
constexpr std::size_t made = 32;
constexpr std::size_t shortest_good = 12;  // what Velocity makes

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

std::string_view reason() {
  return std::strerror(errno);
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<Byte>(c) < 0x20 || c == 0x7F; });
}

std::optional<std::string> read_up_to(int fd, std::size_t most) {
  std::string out(most, '\0');
  std::size_t filled = 0;
  while (filled < most) {
    const ssize_t n = read(fd, out.data() + filled, most - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  out.resize(filled);
  return out;
}

// Letters and digits only: nothing that a shell, YAML or a double click would split.
std::string new_secret() {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < made) {
    std::array<Byte, made> random;
    random_bytes(random);
    for (const Byte byte : random) {
      // Of 64 values the two that have no letter are left out, so that all are equally likely.
      const std::size_t at = byte & 0x3F;
      if (at < letters.size() && out.size() < made) out += letters[at];
    }
  }
  return out;
}

Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Fault::proxy, "{}", reason());
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fsync(fd) != 0) return fail(Fault::proxy, "{}", reason());
  return {};
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::vector<std::string> warnings_about(mode_t mode, std::size_t size) {
  std::vector<std::string> out;
  if ((mode & (S_IRWXG | S_IRWXO)) != 0)
    out.push_back(fmt::format(
        "others than its owner may read or change it (rights {:04o}), and who knows the "
        "secret can be any player on the backends: chmod 600",
        mode & 07777));
  if (size < shortest_good)
    out.push_back(
        fmt::format("a secret of {} characters can be guessed; remove the file and a new one "
                    "of {} is made",
                    size, made));
  return out;
}

}  // namespace

Result<Secret> read_secret(const std::filesystem::path& file) {
  // Not blocking: a named pipe would make us wait for a writer.
  const File in(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!in.is_open()) return fail(Fault::proxy, "{}", reason());
  struct stat facts{};
  if (fstat(in.fd(), &facts) != 0) return fail(Fault::proxy, "{}", reason());
  if (!S_ISREG(facts.st_mode)) return fail(Fault::proxy, "not a file");
  auto text = read_up_to(in.fd(), longest + 1);
  if (!text) return fail(Fault::proxy, "{}", reason());
  if (text->size() > longest)
    return fail(Fault::proxy, "longer than {} bytes, so hardly a secret", longest);
  std::string value = without_line_end(std::move(*text));
  if (value.empty())
    return fail(Fault::proxy, "empty; write the secret into it, or remove it and one is made");
  if (!is_valid_utf8(value) || has_control_characters(value))
    return fail(Fault::proxy, "not one line of text");
  auto warnings = warnings_about(facts.st_mode, value.size());
  return Secret{.value = std::move(value), .warnings = std::move(warnings), .is_new = false};
}

Result<Secret> read_or_make_secret(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, error)))
    return read_secret(file);
  const File out(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!out.is_open()) {
    if (errno == EEXIST) return read_secret(file);
    return fail(Fault::proxy, "cannot be made: {}", reason());
  }
  std::string value = new_secret();
  if (const auto written = write_all(out.fd(), value + "\n"); !written) {
    unlink(file.c_str());
    return fail(Fault::proxy, "cannot be written: {}", written.error().what);
  }
  return Secret{.value = std::move(value), .warnings = {}, .is_new = true};
}

}  // namespace drawbridge::config
