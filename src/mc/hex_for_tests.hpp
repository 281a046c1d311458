// Bytes written as hexadecimal, for tests: blanks between them as one likes, '...' for ASCII text.
#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/strings.hpp"

namespace drawbridge::mc {

inline ByteBuffer hex(std::string_view text) {
  ByteBuffer out;
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
    } else if (text.front() == '\'') {
      const auto end = text.find('\'', 1);
      const ByteView plain = as_bytes(text.substr(1, end - 1));
      out.insert(out.end(), plain.begin(), plain.end());
      text.remove_prefix(end + 1);
    } else {
      const auto byte = from_hex(text.substr(0, 2));
      out.push_back(byte.value().at(0));
      text.remove_prefix(2);
    }
  }
  return out;
}

inline ByteBuffer operator+(ByteBuffer a, const ByteBuffer& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace drawbridge::mc
