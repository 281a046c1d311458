#include "kit/session_server.hpp"

#include <fmt/format.h>
#include <poll.h>

namespace drawbridge::kit {

namespace {

// One byte at a time is enough for some hundred bytes; false at the end, or when told to stop.
bool read_head(Wire& wire, const std::atomic<bool>& stopping, std::string& head) {
  head.clear();
  while (!head.ends_with("\r\n\r\n")) {
    pollfd one{.fd = wire.fd(), .events = POLLIN, .revents = 0};
    while (poll(&one, 1, 10) == 0)
      if (stopping) return false;
    const ByteBuffer byte = wire.receive(1);
    if (byte.empty()) return false;
    head += static_cast<char>(byte[0]);
  }
  return true;
}

std::string parameter(const std::string& target, const std::string& name) {
  const auto at = target.find(name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 1;
  return target.substr(begin, target.find('&', begin) - begin);
}

}  // namespace

Uuid account_uuid(std::string_view player) {
  Uuid out = offline_uuid(fmt::format("account of {}", player));
  out.bytes[6] = static_cast<Byte>((out.bytes[6] & 0x0F) | 0x40);
  return out;
}

SessionServer::SessionServer() : accepting_([this] { accept_all(); }) {}

SessionServer::~SessionServer() {
  stopping_ = true;
  accepting_.join();
  for (std::thread& thread : serving_) thread.join();
}

std::string SessionServer::url() const {
  return fmt::format("http://{}/session/minecraft/hasJoined", harbour_.address());
}

void SessionServer::join(std::string_view player, std::string_view hash,
                         std::string_view properties) {
  const std::scoped_lock lock(mutex_);
  joined_[fmt::format("{} {}", player, hash)] =
      fmt::format(R"({{"id":"{}","name":"{}","properties":{}}})", account_uuid(player).undashed(),
                  player, properties);
}

void SessionServer::answer_next(std::vector<std::string> answers) {
  const std::scoped_lock lock(mutex_);
  answers_ = std::move(answers);
}

std::string SessionServer::http(int status, std::string_view body) {
  return fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

std::vector<std::string> SessionServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void SessionServer::accept_all() {
  while (!stopping_) {
    Wire wire = harbour_.accept(milliseconds(10));
    if (!wire.open()) continue;
    const std::scoped_lock lock(mutex_);
    serving_.emplace_back(
        [this, held = std::make_shared<Wire>(std::move(wire))] { serve(std::move(*held)); });
  }
}

void SessionServer::serve(Wire wire) {
  std::string head;
  while (read_head(wire, stopping_, head)) {
    const auto begin = head.find(' ') + 1;
    const std::string answer = answer_to(head.substr(begin, head.find(' ', begin) - begin));
    if (answer.empty()) return;
    if (answer == hang) {
      read_head(wire, stopping_, head);
      return;
    }
    if (!wire.send(answer)) return;
  }
}

std::string SessionServer::answer_to(const std::string& target) {
  const std::scoped_lock lock(mutex_);
  requests_.push_back(target);
  if (!answers_.empty()) {
    std::string answer = answers_.front();
    answers_.erase(answers_.begin());
    return answer;
  }
  const auto found =
      joined_.find(parameter(target, "username") + " " + parameter(target, "serverId"));
  return found == joined_.end() ? "HTTP/1.1 204 x\r\n\r\n" : http(200, found->second);
}

}  // namespace drawbridge::kit
