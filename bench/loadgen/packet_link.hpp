// One end of a Minecraft connection as a client or a server plays it: frames, compression from a
// threshold on, and the cipher. Written with OpenSSL and libdeflate alone, without the proxy's own
// codec, so that both are checked against each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_cipher_ctx_st;

namespace drawbridge::bench {

inline constexpr std::size_t secret_size = 16;

void put_varint(std::string& out, std::uint32_t value);
// Advances `bytes` past a VarInt of at most five bytes; nothing when it is cut short.
std::optional<std::uint32_t> take_varint(std::string_view& bytes);
void put_string(std::string& out, std::string_view text);

class PacketLink {
 public:
  // From the next packet on, both ways. Negative: no compression at all.
  void compress_from(int threshold) { threshold_ = threshold; }
  // From the next byte on, both ways. `secret` has secret_size bytes.
  void encrypt_with(std::string_view secret);
  [[nodiscard]] bool encrypted() const { return encrypt_ != nullptr; }

  // Appends one packet (id and fields) to `out` as it goes to the socket.
  void put(std::string& out, std::string_view packet);
  // Takes what the socket brought; `bytes` are decrypted in place.
  void received(char* bytes, std::size_t size);
  // The next whole packet, valid until the next call of any function. Ends the program when a frame
  // has not the form that the threshold asks for, because then the relay under test has broken it.
  std::optional<std::string_view> next();

 private:
  struct FreeCipher {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Cipher = std::unique_ptr<evp_cipher_ctx_st, FreeCipher>;

  static Cipher make_cipher(std::string_view secret, bool encrypting);
  static void run(evp_cipher_ctx_st* cipher, char* bytes, std::size_t size);

  int threshold_ = -1;
  Cipher encrypt_, decrypt_;
  std::string pending_;  // received, decrypted, from `taken_` on not yet handed out
  std::size_t taken_ = 0;
};

}  // namespace drawbridge::bench
