// The answer of a session server. What is accepted can be sent on: `success` and its properties
// can be written at the newest version, and read back as they were.
#include <cstdint>
#include <cstdlib>

#include "mc/packets/login.hpp"
#include "mc/reader.hpp"
#include "mc/session_profile.hpp"
#include "mc/writer.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto profile = read_session_profile(as_text(ByteView(data, size)));
  if (!profile) return 0;
  const LoginSuccess success{
      .uuid = profile->uuid, .player = profile->name, .properties = profile->properties};
  ByteBuffer bytes;
  Writer writer(bytes, newest_known);
  LoginSuccess::fields(writer, success);
  require(writer.ok());
  const auto read = decode<LoginSuccess>(bytes, newest_known, Fault::proxy);
  require(read && read->uuid == success.uuid && read->player == success.player &&
          read->properties == success.properties);
  return 0;
}
