#include "kit/fake_server.hpp"

#include "mc/status.hpp"

namespace drawbridge::kit {

std::optional<Arrived> FakeServer::read_hello(Wire& wire) {
  Arrived out;
  mc::HelloParser parser;
  for (;;) {
    auto hello = parser.feed(out.bytes);
    if (!hello) return std::nullopt;
    if (hello->has_value()) {
      out.hello = std::move(**hello);
      return out;
    }
    const ByteBuffer one = wire.receive(1);
    if (one.empty()) return std::nullopt;
    out.bytes.push_back(one[0]);
  }
}

StatusServer::StatusServer(std::string json)
    : json_(std::move(json)), thread_([this] { serve(); }) {}

StatusServer::~StatusServer() {
  stop();
}

void StatusServer::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  harbour_.close();
}

void StatusServer::serve() {
  while (!stopping_) {
    Wire wire = harbour_.accept(milliseconds(20));
    if (!wire.open()) continue;
    const auto arrived = FakeServer::read_hello(wire);
    if (!arrived || !arrived->hello.wants_status()) continue;
    ++pings_;
    wire.send(mc::status_response_frame(json_));
  }
}

}  // namespace drawbridge::kit
