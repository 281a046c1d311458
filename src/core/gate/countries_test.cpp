#include "core/gate/countries.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/gate/country_database_for_tests.hpp"
#include "core/gate/rules.hpp"

namespace drawbridge::core {
namespace {

namespace fs = std::filesystem;

class Countries : public ::testing::Test {
 protected:
  Countries() : file(fs::temp_directory_path() / ("countries-" + std::to_string(getpid()))) {}
  ~Countries() override { fs::remove(file); }
  void write(std::string_view bytes) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }
  [[nodiscard]] CountryTablePtr table(const std::vector<CountryNetwork>& networks) const {
    write(CountryDatabaseWriter::write(networks));
    auto opened = CountryTable::open(file);
    EXPECT_TRUE(opened) << opened.error().what;
    return opened ? *opened : nullptr;
  }
  static std::string country(const CountryTable& table, std::string_view address) {
    const auto found = table.find(*IpAddress::parse(address));
    return found ? std::string(found->begin(), found->end()) : "";
  }
  fs::path file;
};

TEST_F(Countries, OfAddressesOfBothFamilies) {
  const auto known =
      table({{"203.0.113.0/24", "DE"}, {"198.51.100.0/25", "FR"}, {"2001:db8::/32", "NL"}});
  ASSERT_TRUE(known);
  EXPECT_EQ(country(*known, "203.0.113.9"), "DE");
  EXPECT_EQ(country(*known, "::ffff:203.0.113.9"), "DE");
  EXPECT_EQ(country(*known, "198.51.100.127"), "FR");
  EXPECT_EQ(country(*known, "198.51.100.128"), "");
  EXPECT_EQ(country(*known, "2001:db8::1"), "NL");
  EXPECT_EQ(country(*known, "2001:db9::1"), "");
}

TEST_F(Countries, FilesThatAreNoDatabaseAreErrors) {
  EXPECT_FALSE(CountryTable::open("/nonexistent/x.mmdb"));
  EXPECT_FALSE(CountryTable::open(fs::temp_directory_path()));
  for (const std::string_view bytes : {"", "not a database"}) {
    write(bytes);
    const auto opened = CountryTable::open(file);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().what.find(file.filename().string()), std::string::npos);
  }
}

// Databases are updated in place, sometimes by cutting the old file down first.
TEST_F(Countries, AFileThatIsCutShortUnderUsDoesNoHarm) {
  const auto known = table({{"203.0.113.0/24", "DE"}});
  ASSERT_TRUE(known);
  write("");
  EXPECT_EQ(country(*known, "203.0.113.9"), "DE");
}

TEST_F(Countries, DamagedDatabasesAnswerOrFailButNeverCrash) {
  const std::string good =
      CountryDatabaseWriter::write({{"203.0.113.0/24", "DE"}, {"2001:db8::/32", "NL"}});
  for (std::size_t i = 0; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x55);
    write(bad);
    if (const auto opened = CountryTable::open(file)) country(**opened, "203.0.113.9");
    write(std::string_view(good).substr(0, i));
    if (const auto opened = CountryTable::open(file)) country(**opened, "203.0.113.9");
  }
}

TEST_F(Countries, FiltersJoinNetworksAndCountries) {
  const auto known = table({{"203.0.113.0/24", "DE"}, {"198.51.100.0/24", "FR"}});
  const auto admits = [&](const config::IpFilter& filter, std::string_view address,
                          const CountryTable* countries) {
    return FilterRules(filter).admits(*IpAddress::parse(address), countries);
  };
  config::IpFilter white;
  white.country_whitelist = {"DE"};
  white.whitelist = {*Cidr::parse("10.0.0.0/8")};
  EXPECT_TRUE(admits(white, "203.0.113.9", known.get()));
  EXPECT_TRUE(admits(white, "10.1.1.1", known.get())) << "on the other whitelist";
  EXPECT_FALSE(admits(white, "198.51.100.1", known.get()));
  EXPECT_FALSE(admits(white, "192.0.2.1", known.get())) << "in no country";
  EXPECT_FALSE(admits(white, "203.0.113.9", nullptr)) << "without a database";
  config::IpFilter black;
  black.country_blacklist = {"DE"};
  EXPECT_FALSE(admits(black, "203.0.113.9", known.get()));
  EXPECT_TRUE(admits(black, "192.0.2.1", known.get()));
  white.blacklist = {*Cidr::parse("203.0.113.9")};
  EXPECT_FALSE(admits(white, "203.0.113.9", known.get())) << "deny wins";
}

}  // namespace
}  // namespace drawbridge::core
