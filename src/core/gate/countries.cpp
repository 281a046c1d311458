#include "core/gate/countries.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <maxminddb.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace drawbridge::core {

struct CountryTable::Database {
  int memory = -1;
  MMDB_s handle{};
  bool open = false;

  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    if (open) MMDB_close(&handle);
    if (memory >= 0) close(memory);
  }
};

namespace {

// A copy of the file in memory of our own, or an error.
Result<int> copied(const std::filesystem::path& file, std::size_t most) {
  const int from = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (from < 0) return fail(Fault::proxy, "{}: {}", file.native(), std::strerror(errno));
  struct stat about{};
  Result<int> out = fail(Fault::proxy, "{} is not a plain file", file.native());
  if (fstat(from, &about) == 0 && S_ISREG(about.st_mode)) {
    if (static_cast<std::size_t>(about.st_size) > most) {
      out = fail(Fault::proxy, "{} is larger than {} MiB", file.native(), most >> 20);
    } else {
      const int to = memfd_create("countries", MFD_CLOEXEC);
      off_t left = about.st_size;
      while (to >= 0 && left > 0) {
        const ssize_t moved = sendfile(to, from, nullptr, static_cast<std::size_t>(left));
        if (moved <= 0) break;
        left -= moved;
      }
      if (to >= 0 && left == 0) {
        out = to;
      } else {
        out = fail(Fault::proxy, "{} cannot be read: {}", file.native(), std::strerror(errno));
        if (to >= 0) close(to);
      }
    }
  }
  close(from);
  return out;
}

std::optional<Country> code_at(MMDB_entry_s& entry, const char* part) {
  MMDB_entry_data_s data{};
  const int status = MMDB_get_value(&entry, &data, part, "iso_code", nullptr);
  if (status != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
      data.data_size != 2)
    return std::nullopt;
  return Country{data.utf8_string[0], data.utf8_string[1]};
}

}  // namespace

CountryTable::CountryTable(std::unique_ptr<Database> database) : database_(std::move(database)) {}
CountryTable::~CountryTable() = default;

Result<std::shared_ptr<const CountryTable>> CountryTable::open(const std::filesystem::path& file) {
  auto memory = copied(file, max_file);
  if (!memory) return std::unexpected(std::move(memory.error()));
  auto database = std::make_unique<Database>();
  database->memory = *memory;
  const std::string name = fmt::format("/proc/self/fd/{}", *memory);
  const int status = MMDB_open(name.c_str(), MMDB_MODE_MMAP, &database->handle);
  if (status != MMDB_SUCCESS)
    return fail(Fault::proxy, "{} is no country database: {}", file.native(),
                MMDB_strerror(status));
  database->open = true;
  return std::shared_ptr<const CountryTable>(new CountryTable(std::move(database)));
}

std::optional<Country> CountryTable::find(const IpAddress& address) const {
  sockaddr_storage raw{};
  Endpoint{address, 0}.to_sockaddr(raw);
  // An IPv4 address is looked up in an IPv6 tree as ::a.b.c.d, an IPv6 one in an IPv4 tree is an
  // error.
  int error = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&database_->handle, reinterpret_cast<const sockaddr*>(&raw), &error);
  if (error != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
  if (const auto country = code_at(found.entry, "country")) return country;
  return code_at(found.entry, "registered_country");
}

}  // namespace drawbridge::core
