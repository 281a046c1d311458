#include "app/ping.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "base/result.hpp"
#include "base/strings.hpp"
#include "mc/frame.hpp"
#include "mc/handshake.hpp"
#include "mc/status.hpp"
#include "net/fd.hpp"
#include "net/io_error.hpp"
#include "net/proxy_protocol.hpp"

namespace drawbridge::app {

namespace {

constexpr std::uint16_t default_port = 25565;

struct Target {
  std::string host;
  std::uint16_t port = default_port;
};

std::optional<Target> parse_target(std::string_view text) {
  Target out;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (text.empty()) return out;
    if (text[0] != ':') return std::nullopt;
  } else {
    const auto colon = text.find(':');
    const bool bare_v6 =
        colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos;
    out.host = bare_v6 ? text : text.substr(0, colon);
    if (bare_v6 || colon == std::string_view::npos)
      return out.host.empty() ? std::nullopt : std::optional(out);
    text.remove_prefix(colon);
  }
  const auto port = parse_int<std::uint16_t>(text.substr(1));
  if (!port || *port == 0 || out.host.empty()) return std::nullopt;
  out.port = *port;
  return out;
}

// A connected blocking socket whose reads and writes end at the deadline.
class Line {
 public:
  explicit Line(TimePoint deadline) : deadline_(deadline) {}

  Result<> connect(const Target& target) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error =
        getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found);
    if (error != 0) return fail(Fault::backend, "{}: {}", target.host, gai_strerror(error));
    std::string last = "no address";
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
      fd_ = net::Fd(socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      int code = ::connect(fd_.get(), at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
      if (code == EINPROGRESS) {
        code = wait(POLLOUT) ? 0 : ETIMEDOUT;
        socklen_t size = sizeof code;
        if (code == 0) getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
      }
      if (code == 0) {
        freeaddrinfo(found);
        return {};
      }
      last = net::IoError::from_errno(code, Fault::backend).text();
    }
    freeaddrinfo(found);
    return fail(Fault::backend, "{}", last);
  }

  Result<> send(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(n));
      } else if (errno != EAGAIN || !wait(POLLOUT)) {
        return fail(Fault::backend, "the connection was lost while sending");
      }
    }
    return {};
  }

  // Appends what comes; an error at the end of the stream or of the time.
  Result<> receive(ByteBuffer& into) {
    std::array<Byte, 4096> chunk;
    for (;;) {
      const ssize_t n = recv(fd_.get(), chunk.data(), chunk.size(), 0);
      if (n > 0) {
        into.insert(into.end(), chunk.begin(), chunk.begin() + n);
        return {};
      }
      if (n == 0) return fail(Fault::backend, "closed without an answer");
      if (errno != EAGAIN)
        return fail(Fault::backend, "{}", net::IoError::from_errno(errno, Fault::backend).text());
      if (!wait(POLLIN)) return fail(Fault::backend, "no answer in time");
    }
  }

 private:
  bool wait(short events) const {
    pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now()).count();
    return left > 0 && poll(&entry, 1, static_cast<int>(left)) == 1;
  }

  TimePoint deadline_;
  net::Fd fd_;
};

struct Answer {
  mc::StatusFacts facts;
  std::optional<Duration> round_trip;  // of the latency packet
};

Result<ByteBuffer> receive_frame(Line& line, ByteBuffer& buffer) {
  for (;;) {
    auto frame = mc::next_frame(buffer, mc::max_status_response_body, Fault::backend);
    if (!frame) return std::unexpected(std::move(frame.error()));
    if (frame->has_value()) {
      ByteBuffer body((*frame)->body.begin(), (*frame)->body.end());
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>((*frame)->size));
      return body;
    }
    if (auto more = line.receive(buffer); !more) return std::unexpected(std::move(more.error()));
  }
}

Result<Answer> ask_modern(Line& line, const std::string& host, std::uint16_t port) {
  auto hello = mc::encode_handshake(
      {.version = mc::newest_known, .host = host, .port = port, .intent = mc::Intent::status});
  if (!hello) return std::unexpected(std::move(hello.error()));
  const ByteBuffer request = mc::status_request_frame();
  hello->insert(hello->end(), request.begin(), request.end());
  if (auto sent = line.send(*hello); !sent) return std::unexpected(std::move(sent.error()));
  ByteBuffer buffer;
  auto body = receive_frame(line, buffer);
  if (!body) return std::unexpected(std::move(body.error()));
  const auto json = mc::read_status_response(*body);
  if (!json) return std::unexpected(json.error());
  auto facts = mc::read_status(*json);
  if (!facts) return std::unexpected(std::move(facts.error()));
  Answer answer{std::move(*facts), {}};
  const TimePoint before = Clock::now();
  // A server that does not answer the latency packet has still answered the ping.
  if (line.send(mc::ping_frame(before.time_since_epoch().count())))
    if (receive_frame(line, buffer)) answer.round_trip = Clock::now() - before;
  return answer;
}

Result<Answer> ask_legacy(Line& line, const std::string& host, std::uint16_t port) {
  if (auto sent = line.send(mc::legacy_ping_request(host, port)); !sent)
    return std::unexpected(std::move(sent.error()));
  ByteBuffer buffer;
  for (;;) {
    auto facts = mc::read_legacy_status(buffer);
    if (!facts) return std::unexpected(std::move(facts.error()));
    if (facts->has_value()) return Answer{std::move(**facts), {}};
    if (auto more = line.receive(buffer); !more) return std::unexpected(std::move(more.error()));
  }
}

std::string describe(const Answer& answer, Duration took) {
  const mc::StatusFacts& facts = answer.facts;
  std::string motd;
  for (const std::string_view line : split(mc::to_plain(facts.description), '\n'))
    motd += fmt::format("  {}\n", escaped_for_log(trimmed(line)));
  const Duration shown = answer.round_trip.value_or(took);
  return fmt::format(
      "{}version  {} (protocol {})\nplayers  {} of {}\nfavicon  {}\ntime     {:.1f} ms\n", motd,
      escaped_for_log(facts.version_name), facts.protocol, facts.online, facts.max,
      facts.favicon.empty() ? "no" : "yes",
      std::chrono::duration<double, std::milli>(shown).count());
}

}  // namespace

PingReport ping(const PingOptions& options) {
  const auto target = parse_target(options.target);
  if (!target)
    return {fmt::format("\"{}\" is not HOST, HOST:PORT or [IPv6]:PORT\n", options.target), 2};
  const TimePoint began = Clock::now();
  Line line(began + options.timeout);
  const std::string host = options.host.empty() ? target->host : options.host;
  auto connected = line.connect(*target);
  if (connected && options.proxy_protocol)
    connected = line.send(net::own_proxy_header(net::ProxyForm::v2));
  Result<Answer> answer = std::unexpected(Error{});
  if (!connected)
    answer = std::unexpected(std::move(connected.error()));
  else
    answer = options.legacy ? ask_legacy(line, host, target->port)
                            : ask_modern(line, host, target->port);
  if (!answer)
    return {fmt::format("no answer from {}: {}\n", options.target, answer.error().what), 4};
  return {describe(*answer, Clock::now() - began), 0};
}

}  // namespace drawbridge::app
