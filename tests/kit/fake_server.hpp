// Backends. FakeServer does what the test says, one connection at a time; StatusServer answers
// pings on a thread.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "kit/wire.hpp"
#include "mc/hello.hpp"

namespace drawbridge::kit {

// What arrived at a backend: the hello, and the raw bytes it was read from (with all that came
// along).
struct Arrived {
  mc::Hello hello;
  ByteBuffer bytes;
};

class FakeServer {
 public:
  // The next connection.
  Wire accept(Duration limit = patience) { return harbour_.accept(limit); }
  // Reads a whole hello from a connection, as a vanilla server would.
  static std::optional<Arrived> read_hello(Wire& wire);
  [[nodiscard]] std::string address() const { return harbour_.address(); }
  // From now on connections are refused.
  void close() { harbour_.close(); }

 private:
  Harbour harbour_;
};

// A backend that answers every status ping with one JSON, like a healthy server; log-ins are
// closed.
class StatusServer {
 public:
  explicit StatusServer(std::string json);
  ~StatusServer();
  [[nodiscard]] std::string address() const { return harbour_.address(); }
  [[nodiscard]] int pings() const { return pings_; }
  // Stops answering and refuses connections.
  void stop();

 private:
  void serve();
  std::string json_;
  Harbour harbour_;
  std::atomic<int> pings_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace drawbridge::kit
