// A session server on loopback, real HTTP, one thread a connection. A client that wants to be
// vouched for says so with join(); every hasJoined request is then answered from that, or as the
// test says.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/uuid.hpp"
#include "kit/wire.hpp"

namespace drawbridge::kit {

// The UUID that this session server gives an account, so that it is not the offline one.
Uuid account_uuid(std::string_view player);

class SessionServer {
 public:
  SessionServer();
  ~SessionServer();
  SessionServer(const SessionServer&) = delete;
  SessionServer& operator=(const SessionServer&) = delete;

  // For auth.session_url.
  [[nodiscard]] std::string url() const;
  // A line of drawbridge.toml.
  [[nodiscard]] std::string config() const { return "auth.session_url = \"" + url() + "\"\n"; }

  // The account has told that it logs in on the link with this hash. `properties`: JSON.
  void join(
      std::string_view player, std::string_view hash,
      std::string_view properties = R"([{"name":"textures","value":"dGV4","signature":"c2ln"}])");
  // Whole answers for the next requests, in order, instead of the true one; "" closes the
  // connection, "hang" keeps it open without a word.
  void answer_next(std::vector<std::string> answers);
  static constexpr std::string_view hang = "hang";
  // An answer with this status and body.
  static std::string http(int status, std::string_view body = {});

  // What was asked: path and query, in order.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void accept_all();
  void serve(Wire wire);
  std::string answer_to(const std::string& target);

  Harbour harbour_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;                   // guards all below
  std::map<std::string, std::string> joined_;  // "name hash" > JSON
  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

}  // namespace drawbridge::kit
