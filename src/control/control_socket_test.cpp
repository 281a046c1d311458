#include "control/control_socket.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

namespace drawbridge::control {
namespace {

namespace fs = std::filesystem;

class ControlSocketTest : public ::testing::Test {
 protected:
  ControlSocketTest() {
    std::string name = (fs::temp_directory_path() / "drawbridge-control-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    folder = name;
    path = folder / "socket";
  }
  ~ControlSocketTest() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path folder, path;
};

TEST_F(ControlSocketTest, AnswersOneLineAndRemovesItself) {
  ControlThread control;
  std::optional<ControlSocket> socket(std::in_place, control, path, [](std::string_view request) {
    return "you said " + std::string(request);
  });
  ASSERT_TRUE(socket->open());
  struct stat about{};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  control.start();
  std::vector<std::thread> askers;
  for (int i = 0; i < 12; ++i)
    askers.emplace_back(
        [this] { EXPECT_EQ(*ask_control_socket(path, "status"), "you said status"); });
  for (std::thread& asker : askers) asker.join();
  control.run_and_wait([&] { socket.reset(); });
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(ask_control_socket(path, "status"));
  control.stop();
  control.join();
}

// An attack on the descriptors is when an operator has questions.
TEST_F(ControlSocketTest, AnswersAgainWhenThereAreDescriptorsAgain) {
  ControlThread control;
  std::optional<ControlSocket> socket(std::in_place, control, path,
                                      [](std::string_view) { return std::string("here"); });
  ASSERT_TRUE(socket->open());
  control.start();
  ASSERT_EQ(*ask_control_socket(path, "status"), "here");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = dup(0);
  // Room for the asker's own end and nothing else.
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next) + 1, .rlim_max = before.rlim_max};
  close(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  EXPECT_FALSE(ask_control_socket(path, "status", milliseconds(300)));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  const auto answer = ask_control_socket(path, "status");
  EXPECT_TRUE(answer && *answer == "here");
  control.run_and_wait([&] { socket.reset(); });
  control.stop();
  control.join();
}

TEST_F(ControlSocketTest, ASocketThatIsLeftOverIsReplacedAndOthersAreNot) {
  ControlThread control;
  const auto nothing = [](std::string_view) { return std::string("x"); };
  {
    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(left);
  }
  ControlSocket first(control, path, nothing);
  EXPECT_TRUE(first.open());
  ControlSocket second(control, path, nothing);
  const auto refused = second.open();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("another proxy"), std::string::npos);
  const fs::path file = folder / "file";
  std::ofstream(file) << "x";
  ControlSocket third(control, file, nothing);
  EXPECT_FALSE(third.open());
  EXPECT_TRUE(fs::is_regular_file(file));
}

TEST_F(ControlSocketTest, AClientThatSaysTooMuchIsCutOff) {
  ControlThread control;
  std::optional<ControlSocket> socket(std::in_place, control, path,
                                      [](std::string_view) { return std::string("answer"); });
  ASSERT_TRUE(socket->open());
  control.start();
  EXPECT_FALSE(ask_control_socket(path, std::string(3 * ControlSocket::max_request, 'x')));
  EXPECT_TRUE(ask_control_socket(path, "short"));
  control.run_and_wait([&] { socket.reset(); });
  control.stop();
  control.join();
}

// --- Streams ---

class ControlStream : public ControlSocketTest {
 protected:
  // Each look at a stream adds a KiB; `flood` never stops.
  void SetUp() override {
    ASSERT_TRUE(socket.open());
    control.start();
  }
  ControlSocket::Stream stream_for(std::string_view request) {
    if (!request.starts_with("flood")) return {};
    return [this] {
      ++looks;
      return std::string(1024, 'x');
    };
  }
  ControlThread control;
  std::atomic<int> looks = 0;
  ControlSocket socket{control, path, [](std::string_view) { return std::string("short"); },
                       [this](std::string_view request) { return stream_for(request); }};
};

// A client that has said this and reads nothing.
int say_only(const fs::path& path, const std::string& line) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(write(fd, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  return fd;
}

TEST_F(ControlStream, OfClientsThatDoNotReadHoldNobodyUp) {
  std::vector<int> silent;
  for (std::size_t i = 0; i < ControlSocket::max_streams; ++i)
    silent.push_back(say_only(path, "flood\n"));
  // Their sockets fill up, and then nothing is asked of the streams any more.
  int before = -1;
  while (before != looks) {
    before = looks;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(*ask_control_socket(path, "status"), "short");
  }
  EXPECT_LT(looks, 4096);
  const auto refused = ask_control_socket(path, "flood");
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->starts_with("2\nerror: too many"));
  // Who goes makes room.
  close(silent.back());
  silent.pop_back();
  std::optional<std::string> got;
  const int never = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  while (!got || got->starts_with('2')) {
    got.reset();
    const auto done = follow_control_socket(path, "flood", never, [&](std::string_view text) {
      got = std::string(text);
      const std::uint64_t one = 1;
      EXPECT_EQ(write(never, &one, sizeof one), 8);
    });
    ASSERT_TRUE(done);
    std::uint64_t count = 0;
    EXPECT_EQ(read(never, &count, sizeof count), 8);
  }
  EXPECT_TRUE(got->starts_with('x'));
  close(never);
  for (const int fd : silent) close(fd);
}

}  // namespace
}  // namespace drawbridge::control
