// Which country an address is in, from a database in MaxMind's format (GeoLite2-Country, DB-IP and
// others ship it). The file is copied into memory that nobody else can change, so that an update in
// place cannot pull it away under a look-up. Immutable; look-ups from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/ip.hpp"
#include "base/result.hpp"

namespace drawbridge::core {

using Country = std::array<char, 2>;  // ISO 3166, capitals

class CountryTable {
 public:
  // Errors name the file: missing, not of that format, larger than `max_file`.
  static Result<std::shared_ptr<const CountryTable>> open(const std::filesystem::path& file);
  static constexpr std::size_t max_file = std::size_t{512} << 20;
  ~CountryTable();
  CountryTable(const CountryTable&) = delete;
  CountryTable& operator=(const CountryTable&) = delete;

  // Where the address is registered to be (`country`, else `registered_country`); nothing if the
  // database does not say.
  [[nodiscard]] std::optional<Country> find(const IpAddress& address) const;

 private:
  struct Database;
  explicit CountryTable(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};
using CountryTablePtr = std::shared_ptr<const CountryTable>;

}  // namespace drawbridge::core
