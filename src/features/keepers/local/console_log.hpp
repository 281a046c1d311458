// What a server prints, kept in a file of limited size: at the limit it becomes NAME.1, and a new
// one is begun. Bytes are bytes; nobody expects UTF-8.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/bytes.hpp"
#include "features/keepers/local/process.hpp"

namespace drawbridge::features::keepers::local {

class ConsoleLog {
 public:
  // Errors of the file are not the server's problem: what cannot be written is dropped.
  ConsoleLog(std::filesystem::path file, std::uint64_t limit);

  void write(ByteView bytes);
  // For a server that writes the file by itself: when it is too long its last part becomes NAME.1.
  void trim();
  // For such a server; invalid if the file cannot be opened.
  [[nodiscard]] Descriptor for_child() const;

 private:
  void open();

  std::filesystem::path file_;
  std::uint64_t limit_;
  std::uint64_t size_ = 0;
  Descriptor out_;
};

}  // namespace drawbridge::features::keepers::local
