// Writes a small country database in MaxMind's format (version 2.0 of its specification): a binary
// tree over the bits of addresses, a data section with one map a country, and the metadata. IPv4
// networks lie below ::/96, as in the databases that are published.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"

namespace drawbridge::core {

struct CountryNetwork {
  std::string_view network;
  std::string_view country;  // two letters
};

class CountryDatabaseWriter {
 public:
  static std::string write(const std::vector<CountryNetwork>& networks) {
    CountryDatabaseWriter writer;
    for (const CountryNetwork& entry : networks) writer.add(entry);
    return writer.bytes();
  }

 private:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;
  static constexpr std::uint32_t data_flag = 0x8000'0000;  // in a record: the offset of a country

  using Node = std::array<std::uint32_t, 2>;
  CountryDatabaseWriter() { nodes_.push_back({none, none}); }

  static void text(std::string& out, std::string_view value) {
    out += static_cast<char>(2 << 5 | static_cast<int>(value.size()));
    out += value;
  }
  static void number(std::string& out, int type, std::uint32_t value) {
    std::string digits;
    for (int shift = 24; shift >= 0; shift -= 8)
      if (!digits.empty() || (value >> shift & 0xFF) != 0)
        digits += static_cast<char>(value >> shift & 0xFF);
    if (type <= 7) {
      out += static_cast<char>(type << 5 | static_cast<int>(digits.size()));
    } else {
      out += static_cast<char>(digits.size());
      out += static_cast<char>(type - 7);
    }
    out += digits;
  }
  static void map_of(std::string& out, int size) { out += static_cast<char>(7 << 5 | size); }

  void add(const CountryNetwork& entry) {
    const auto [known, is_new] =
        countries_.emplace(entry.country, static_cast<std::uint32_t>(data_.size()));
    if (is_new) {
      map_of(data_, 1);
      text(data_, "country");
      map_of(data_, 1);
      text(data_, "iso_code");
      text(data_, entry.country);
    }
    const Cidr cidr = *Cidr::parse(entry.network);
    std::array<Byte, 16> bits{};
    const ByteView raw = cidr.network.bytes();
    const bool v4 = cidr.network.is_v4();
    for (std::size_t i = 0; i < raw.size(); ++i) bits[(v4 ? 12 : 0) + i] = raw[i];
    const int depth = cidr.prefix + (v4 ? 96 : 0);
    std::uint32_t at = 0;
    for (int i = 0; i < depth; ++i) {
      const int bit = bits[static_cast<std::size_t>(i / 8)] >> (7 - i % 8) & 1;
      if (i + 1 == depth) {
        nodes_[at][static_cast<std::size_t>(bit)] = data_flag | known->second;
      } else {
        if (nodes_[at][static_cast<std::size_t>(bit)] == none) {
          nodes_[at][static_cast<std::size_t>(bit)] = static_cast<std::uint32_t>(nodes_.size());
          nodes_.push_back({none, none});
        }
        at = nodes_[at][static_cast<std::size_t>(bit)];
      }
    }
  }

  [[nodiscard]] std::string bytes() const {
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    std::string out;
    for (const Node& node : nodes_)
      for (const std::uint32_t record : node) {
        std::uint32_t value = record;
        if (record == none)
          value = count;
        else if ((record & data_flag) != 0)
          value = count + 16 + (record & ~data_flag);
        for (int shift = 16; shift >= 0; shift -= 8)
          out += static_cast<char>(value >> shift & 0xFF);
      }
    out += std::string(16, '\0') + data_ + "\xAB\xCD\xEFMaxMind.com";
    map_of(out, 9);
    text(out, "node_count");
    number(out, 6, count);
    text(out, "record_size");
    number(out, 5, 24);
    text(out, "ip_version");
    number(out, 5, 6);
    text(out, "database_type");
    text(out, "Test-Country");
    text(out, "languages");
    out += std::string_view("\x00\x04", 2);  // an empty list
    text(out, "binary_format_major_version");
    number(out, 5, 2);
    text(out, "binary_format_minor_version");
    number(out, 5, 0);
    text(out, "build_epoch");
    number(out, 9, 1'790'000'000);
    text(out, "description");
    map_of(out, 0);
    return out;
  }

  std::vector<Node> nodes_;
  std::string data_;
  std::map<std::string_view, std::uint32_t> countries_;
};

}  // namespace drawbridge::core
