#include "config/secret_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/strings.hpp"
#include "config/plain_file.hpp"

namespace drawbridge::config {

namespace {

constexpr std::size_t longest = 4096;
constexpr std::size_t made = 32;
constexpr std::size_t shortest_good = 12;  // what Velocity makes

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<Byte>(c) < 0x20 || c == 0x7F; });
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
  auto found = read_plain_file(file, longest);
  if (!found) return std::unexpected(std::move(found.error()));
  if (!found->exists()) return fail(Fault::proxy, "is not there");
  std::string value = without_line_end(std::move(found->text));
  if (value.empty())
    return fail(Fault::proxy, "is empty; write the secret into it, or remove it and one is made");
  if (!is_valid_utf8(value) || has_control_characters(value))
    return fail(Fault::proxy, "is not one line of text");
  auto warnings = warnings_about(found->rights, value.size());
  return Secret{.value = std::move(value), .warnings = std::move(warnings), .is_new = false};
}

Result<Secret> read_or_make_secret(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, error)))
    return read_secret(file);
  std::string value = new_secret();
  auto made_here = create_file(file, value + "\n", S_IRUSR | S_IWUSR);
  if (!made_here) return std::unexpected(std::move(made_here.error()));
  if (!*made_here) return read_secret(file);
  return Secret{.value = std::move(value), .warnings = {}, .is_new = true};
}

}  // namespace drawbridge::config
