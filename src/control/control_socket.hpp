// The Unix socket over which commands (`drawbridge status`, `reload`, `stop`) reach a running
// proxy. A client sends one line and reads the answer to its end, which a stream (`ctl logs -f`)
// has only when one of the two goes. Only the proxy's own user and root may connect (rights 0600,
// and the peer's credentials are checked).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/control_thread.hpp"

namespace drawbridge::control {

class ControlSocket {
  struct State;

 public:
  static constexpr std::size_t max_request = 4096;
  static constexpr std::size_t max_clients = 8;  // more wait in the kernel's queue
  static constexpr std::size_t max_streams = 4;  // beside them; more are refused

  // On the control thread; what it returns is the answer.
  using Handler = std::function<std::string(std::string_view request)>;
  // An answer without an end: what there is to say since it was asked last, which is done as soon
  // as the client has read what was said before. Whatever it keeps meanwhile is its own to bound.
  using Stream = std::function<std::string()>;
  // Asked before the handler; an empty one: the request is none for a stream.
  using Streams = std::function<Stream(std::string_view request)>;

  // Control context, as all that follows.
  ControlSocket(ControlThread& control, std::filesystem::path path, Handler handler,
                Streams streams = {});
  ~ControlSocket();  // removes the socket
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // A socket that nobody listens on any more is replaced. Errors: somebody else listens there,
  // another file has that name, no rights.
  Result<> open();

 private:
  std::shared_ptr<State> state_;
};

// For the other end. Whether nobody listens there: no such file, or one that a proxy left behind.
// False as well where that cannot be told (no rights).
bool is_control_socket_dead(const std::filesystem::path& path);
// Sends one line, returns the whole answer. Blocks, at most `patience`. An
// error: nobody answers there.
Result<std::string> ask_control_socket(const std::filesystem::path& path, std::string_view request,
                                       Duration patience = seconds(10));
// Sends one line, and hands on what comes until the other end closes (true), or the descriptor
// `interrupted` can be read (false). Blocks. An error: nobody answers there.
Result<bool> follow_control_socket(const std::filesystem::path& path, std::string_view request,
                                   int interrupted,
                                   const std::function<void(std::string_view text)>& take);

}  // namespace drawbridge::control
