// The few Minecraft packets that a load needs: what a 1.21.4 client sends before it plays or to
// read a server's status, and what a server answers. Written without the proxy's own codec, so that
// both are checked against each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drawbridge::bench {

inline constexpr int protocol_version = 769;  // 1.21.4

// handshake (intent login) and login_start of player `index`, in one piece.
std::string login_hello(std::string_view host, std::uint16_t port, int index);
// handshake (intent status) and status request.
std::string status_hello(std::string_view host, std::uint16_t port);
std::string status_answer(std::string_view json);
std::string ping(std::uint64_t token);

// The fields of `login`, the packet that puts a client into a world.
void put_world(std::string& out);

// The player whose login_start this packet (id and fields) is. Ends the program when it is none.
int player_of(std::string_view login_start);

struct Hello {
  int intent = 0;            // 1 status, 2 login, 3 transfer
  int player = -1;           // from the name in login_start; -1 for a status
  std::size_t consumed = 0;  // bytes of both frames
};

// Reads a handshake and the frame behind it from the start of `bytes`. Nothing: more bytes are
// needed. Ends the program when they are no hello of this generator, because then the relay under
// test has damaged the stream.
std::optional<Hello> parse_hello(std::string_view bytes);

// Length of the whole frame at the start of `bytes` (prefix included), or nothing while the prefix
// is incomplete.
std::optional<std::size_t> frame_size(std::string_view bytes);

}  // namespace drawbridge::bench
