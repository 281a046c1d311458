#include "mc/handshake.hpp"

#include "mc/frame.hpp"

namespace drawbridge::mc {
namespace {

bool looks_like_an_old_ping(std::size_t length) {
  return length > 0x7F && (length & 0x7F) == 0x7E;
}

}  // namespace

Result<ByteBuffer> encode_handshake(const Handshake& handshake) {
  ByteBuffer body;
  Writer writer(body, handshake.version);
  writer.varint(Handshake::id);
  Handshake::fields(writer, handshake);
  if (!writer.ok()) return fail(Fault::proxy, "{}: {}", Handshake::name, writer.why());
  if (looks_like_an_old_ping(body.size())) {
    // The intent is the last byte. Every reader of VarInts takes the over-long form, vanilla's
    // included.
    body.back() |= 0x80;
    body.push_back(0x00);
  }
  ByteBuffer out;
  append_frame(out, body);
  return out;
}

Result<ByteBuffer> encode_login_start(const LoginStart& login_start, Version version) {
  return encode_frame(LoginStart::id, login_start, version);
}

}  // namespace drawbridge::mc
