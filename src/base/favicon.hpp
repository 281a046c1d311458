// The 64x64 picture in the server list. Old clients choke on line breaks in it and all of them on
// other sizes, so whatever an operator gives is checked and brought into one form.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace drawbridge {

// A status answer has 32,767 characters in all; 64x64 RGBA without any compression is 16 KiB.
inline constexpr std::size_t max_favicon_png = 22'000;  // bytes

// "data:image/png;base64,..." without line breaks, from the bytes of a PNG file. The error says
// what is wrong with it.
Result<std::string> favicon_from_png(ByteView png);
// The same from a data URL or bare base64, line breaks allowed.
Result<std::string> favicon_from_text(std::string_view text);

}  // namespace drawbridge
