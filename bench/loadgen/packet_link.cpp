#include "packet_link.hpp"

#include <libdeflate.h>
#include <openssl/evp.h>

#include "args.hpp"

namespace drawbridge::bench {

namespace {

constexpr std::size_t largest_packet = 1 << 21;

struct FreeCodec {
  void operator()(libdeflate_compressor* codec) const { libdeflate_free_compressor(codec); }
  void operator()(libdeflate_decompressor* codec) const { libdeflate_free_decompressor(codec); }
};

std::string deflated(std::string_view plain) {
  static const std::unique_ptr<libdeflate_compressor, FreeCodec> codec(
      libdeflate_alloc_compressor(1));
  std::string out(libdeflate_zlib_compress_bound(codec.get(), plain.size()), '\0');
  out.resize(
      libdeflate_zlib_compress(codec.get(), plain.data(), plain.size(), out.data(), out.size()));
  if (out.empty()) die("a packet could not be compressed");
  return out;
}

std::string_view inflated(std::string_view compressed, std::size_t size) {
  static const std::unique_ptr<libdeflate_decompressor, FreeCodec> codec(
      libdeflate_alloc_decompressor());
  static std::string out(largest_packet, '\0');
  if (size > out.size() ||
      libdeflate_zlib_decompress(codec.get(), compressed.data(), compressed.size(), out.data(),
                                 size, nullptr) != LIBDEFLATE_SUCCESS) {
    die("a compressed packet was damaged");
  }
  return {out.data(), size};
}

}  // namespace

void put_varint(std::string& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7F) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::optional<std::uint32_t> take_varint(std::string_view& bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 5 && i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

void put_string(std::string& out, std::string_view text) {
  put_varint(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

void PacketLink::FreeCipher::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

PacketLink::Cipher PacketLink::make_cipher(std::string_view secret, bool encrypting) {
  Cipher context(EVP_CIPHER_CTX_new());
  const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
  if (secret.size() != secret_size || !context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_128_cfb8(), nullptr, key, key, encrypting ? 1 : 0) !=
          1) {
    die("no cipher can be made");
  }
  return context;
}

void PacketLink::encrypt_with(std::string_view secret) {
  encrypt_ = make_cipher(secret, true);
  decrypt_ = make_cipher(secret, false);
}

void PacketLink::run(evp_cipher_ctx_st* cipher, char* bytes, std::size_t size) {
  auto* raw = reinterpret_cast<unsigned char*>(bytes);
  int done = 0;
  if (EVP_CipherUpdate(cipher, raw, &done, raw, static_cast<int>(size)) != 1) die("cipher failed");
}

void PacketLink::put(std::string& out, std::string_view packet) {
  const std::size_t begin = out.size();
  const auto size = static_cast<std::uint32_t>(packet.size());
  if (threshold_ < 0) {
    put_varint(out, size);
    out.append(packet);
  } else if (packet.size() < static_cast<std::size_t>(threshold_)) {
    put_varint(out, size + 1);
    out.push_back('\0');
    out.append(packet);
  } else {
    std::string body;
    put_varint(body, size);
    body += deflated(packet);
    put_varint(out, static_cast<std::uint32_t>(body.size()));
    out += body;
  }
  if (encrypt_) run(encrypt_.get(), out.data() + begin, out.size() - begin);
}

void PacketLink::received(char* bytes, std::size_t size) {
  if (decrypt_) run(decrypt_.get(), bytes, size);
  pending_.erase(0, taken_);
  taken_ = 0;
  pending_.append(bytes, size);
}

std::optional<std::string_view> PacketLink::next() {
  std::string_view rest = std::string_view(pending_).substr(taken_);
  const auto length = take_varint(rest);
  if (!length || rest.size() < *length) {
    if (length && *length > largest_packet) die("a frame of {} bytes came", *length);
    return std::nullopt;
  }
  std::string_view body = rest.substr(0, *length);
  taken_ = pending_.size() - rest.size() + *length;
  if (body.empty()) die("an empty frame came");
  if (threshold_ < 0) return body;
  const auto declared = take_varint(body);
  const auto threshold = static_cast<std::size_t>(threshold_);
  if (!declared || (*declared == 0 ? body.size() >= threshold : *declared < threshold)) {
    die("a frame came that a threshold of {} does not allow", threshold_);
  }
  return *declared == 0 ? body : inflated(body, *declared);
}

}  // namespace drawbridge::bench
