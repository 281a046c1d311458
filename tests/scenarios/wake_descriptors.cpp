// A child that is being started holds copies of all our descriptors until its exec. What we close
// meanwhile must not go on raising events: the objects that would get them are gone.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "kit/door.hpp"
#include "kit/login_client.hpp"

namespace drawbridge::kit {
namespace {

// What stands in the epoll sets of this process.
std::size_t watched() {
  std::size_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) out += line.starts_with("tfd:") ? 1 : 0;
  }
  return out;
}

// The listening sockets are there once the workers have been told of them.
std::size_t watched_without_players(Door& door) {
  door.rig.daemon().settle();
  return watched();
}

// Copies of every socket that is open, as a child has them. Made by bare system calls: to
// ThreadSanitizer a descriptor of another thread, in use there, is a race.
class Copies {
 public:
  Copies() {
    std::vector<int> open;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;  // the iterator's own
      if (std::filesystem::read_symlink(entry.path(), gone).native().starts_with("socket:"))
        open.push_back(std::stoi(entry.path().filename().string()));
    }
    for (const int fd : open) copies_.push_back(static_cast<int>(syscall(SYS_dup, fd)));
  }
  ~Copies() {
    for (const int fd : copies_) close(fd);
  }
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;

 private:
  std::vector<int> copies_;
};

// With copies around, only this ends a connection.
void hang_up(const Wire& wire) {
  shutdown(wire.fd(), SHUT_RDWR);
}

bool all_gone(Door& door, std::size_t before) {
  return eventually(
      [&] { return door.rig.daemon().proxy().connections() == 0 && watched() == before; });
}

TEST(WakeDescriptors, a_relayed_players_sockets_are_forgotten) {
  Door door;
  const std::size_t before = watched_without_players(door);
  FakeClient player = door.client();
  player.log_in("play.example", "Steve");
  const Wire backend = door.backend.accept();
  ASSERT_TRUE(eventually([&] { return watched() >= before + 2; }));
  const Copies child;
  hang_up(player.wire);
  hang_up(backend);
  EXPECT_TRUE(all_gone(door, before)) << watched() - before << " are still watched";
}

TEST(WakeDescriptors, an_intercepted_players_sockets_are_forgotten) {
  Door door("play.example", {.server = "proxy_mode = \"offline\"", .global = {}});
  const std::size_t before = watched_without_players(door);
  LoginClient player(door.rig.endpoint(), {});
  LoginBackend backend(door.backend.accept());
  std::thread letting_in([&] { backend.let_in(); });
  EXPECT_TRUE(player.log_in().in);
  letting_in.join();
  ASSERT_TRUE(eventually([&] { return watched() >= before + 2; }));
  const Copies child;
  hang_up(player.link.wire);
  hang_up(backend.link.wire);
  EXPECT_TRUE(all_gone(door, before)) << watched() - before << " are still watched";
}

TEST(WakeDescriptors, a_strangers_socket_is_forgotten) {
  Door door;
  const std::size_t before = watched_without_players(door);
  FakeClient stranger = door.client();
  stranger.wire.send(ByteBuffer{0x10});
  ASSERT_TRUE(eventually([&] { return watched() == before + 1; }));
  const Copies child;
  hang_up(stranger.wire);
  EXPECT_TRUE(all_gone(door, before)) << watched() - before << " are still watched";
}

TEST(WakeDescriptors, a_players_socket_in_the_limbo_is_forgotten) {
  Door door("play.example", {.server = "limbo = true", .global = {}});
  const std::size_t before = watched_without_players(door);
  LoginClient player(door.rig.endpoint(), {});
  EXPECT_TRUE(player.log_in().in);
  ASSERT_TRUE(eventually([&] { return watched() >= before + 1; }));
  const Copies child;
  hang_up(player.link.wire);
  EXPECT_TRUE(all_gone(door, before)) << watched() - before << " are still watched";
}

}  // namespace
}  // namespace drawbridge::kit
