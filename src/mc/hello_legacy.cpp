#include "mc/hello_legacy.hpp"

#include "base/strings.hpp"
#include "mc/reader.hpp"
#include "mc/utf16.hpp"

namespace drawbridge::mc {
namespace {

constexpr std::size_t max_name = 16;
constexpr std::size_t max_host_name_units = 255;
constexpr std::size_t max_port_text = 5;
constexpr std::string_view ping_channel = "MC|PingHost";

// Unlike Reader it tells "not all here yet" from "wrong".
class OldReader {
 public:
  OldReader(ByteView in, std::size_t at) : in_(in), at_(at) {}

  [[nodiscard]] bool is_short() const { return short_; }
  [[nodiscard]] bool is_wrong() const { return wrong_; }
  [[nodiscard]] std::size_t position() const { return at_; }

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const Byte byte : take(bytes)) value = value << 8 | byte;
    return value;
  }
  std::string string(std::size_t max_units) {
    const std::uint32_t units = number(2);
    if (units > max_units) wrong_ = true;  // also the negative ones
    return utf8_from_utf16be(take(std::size_t{units} * 2));
  }

 private:
  ByteView take(std::size_t bytes) {
    if (wrong_ || short_) return {};
    if (in_.size() - at_ < bytes) {
      short_ = true;
      return {};
    }
    at_ += bytes;
    return in_.subspan(at_ - bytes, bytes);
  }

  ByteView in_;
  std::size_t at_;
  bool short_ = false;
  bool wrong_ = false;
};

std::uint16_t port_or_0(std::uint32_t port) {
  return port <= 0xFFFF ? static_cast<std::uint16_t>(port) : std::uint16_t{0};
}

// 1.2: "name;host:port"; 1.1 and older: the name alone.
void read_joined(std::string_view text, Hello& hello) {
  const auto semicolon = text.find(';');
  hello.player = text.substr(0, semicolon);
  if (semicolon == std::string_view::npos) return;
  std::string_view host = text.substr(semicolon + 1);
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos) {
    hello.port = parse_int<std::uint16_t>(host.substr(colon + 1)).value_or(0);
    host = host.substr(0, colon);
  }
  hello.host = host;
}

}  // namespace

Result<std::optional<Hello>> read_legacy_ping(ByteView all, Hello& so_far) {
  so_far = Hello{};
  so_far.kind = HelloKind::legacy_ping;
  so_far.legacy_ping = all.size() == 1   ? LegacyPing::beta
                       : all.size() == 2 ? LegacyPing::v1_4
                                         : LegacyPing::v1_6;
  so_far.size = all.size();
  if (all.size() < 3) return std::nullopt;

  OldReader reader(all, 3);
  const std::string channel = reader.string(ping_channel.size());
  reader.number(2);  // how much follows: the fields below say it again
  const auto protocol = static_cast<std::uint8_t>(reader.number(1));
  std::string host = reader.string(max_host_name_units);
  const std::uint32_t port = reader.number(4);
  const bool other_channel = !channel.empty() && channel != ping_channel;
  if (reader.is_wrong() || other_channel) return fail(Fault::client, "bad ping of a 1.6 client");
  if (reader.is_short()) return std::nullopt;

  so_far.legacy_protocol = protocol;
  so_far.host = std::move(host);
  so_far.port = port_or_0(port);
  so_far.size = reader.position();
  return so_far;
}

Result<std::optional<Hello>> read_legacy_login(ByteView all) {
  if (all.size() < 2) return std::nullopt;
  Hello hello;
  hello.kind = HelloKind::legacy_login;

  constexpr Byte first_with_protocol =
      39;  // 1.3; before it this byte is the high one of a short length
  const Byte second = all[1];
  OldReader reader(all, second >= first_with_protocol ? 2 : 1);
  if (second >= first_with_protocol) {
    hello.legacy_protocol = second;
    hello.player = reader.string(max_name);
    hello.host = reader.string(max_host_name_units);
    hello.port = port_or_0(reader.number(4));
  } else {
    const std::string joined =
        reader.string(max_name + 1 + max_host_name_units + 1 + max_port_text);
    read_joined(joined, hello);
    if (utf16_length(hello.player) > max_name)
      return fail(Fault::client, "bad login of a 1.2 client");
  }
  if (reader.is_wrong()) return fail(Fault::client, "bad login of a client from before 1.7");
  if (reader.is_short()) return std::nullopt;

  const Result<> checked = check_player_name(hello.player);
  if (!checked) return std::unexpected(checked.error());
  hello.size = reader.position();
  return hello;
}

}  // namespace drawbridge::mc
