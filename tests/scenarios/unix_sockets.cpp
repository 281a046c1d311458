// Unix sockets, on the way in and on the way out.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>

#include "kit/player.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

Wire connect_unix(const std::filesystem::path& path) {
  net::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return Wire(std::move(fd));
}

class UnixHarbour {
 public:
  explicit UnixHarbour(const std::filesystem::path& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = address_of(path);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_.get(), 16), 0);
  }
  [[nodiscard]] Wire accept() const {
    return Wire(net::Fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

 private:
  net::Fd fd_;
};

unsigned rights_of(const std::filesystem::path& path) {
  struct stat file{};
  return lstat(path.c_str(), &file) == 0 ? file.st_mode & 0777 : 0;
}

const std::string listener = "[[listener]]\nbind = \"unix:door.sock\"\n";

ByteBuffer joined(std::string_view header, const ByteBuffer& then) {
  ByteBuffer out(header.begin(), header.end());
  out.insert(out.end(), then.begin(), then.end());
  return out;
}

TEST(UnixSockets, a_backend_may_be_one) {
  const TempFolder folder;
  const UnixHarbour harbour(folder.path() / "mc.sock");
  ProxyRig rig(
      {.global = {},
       .servers = {{"lobby",
                    server_file("play.example", "unix:" + (folder.path() / "mc.sock").string())}}});
  FakeClient client(rig.endpoint());
  ASSERT_TRUE(client.log_in("play.example", "Steve"));
  Wire server = harbour.accept();
  ASSERT_TRUE(FakeServer::read_hello(server).has_value());
  const ByteBuffer down{1, 2, 3};
  EXPECT_TRUE(server.send(down));
  EXPECT_EQ(client.wire.receive(3), down);
  client.wire.close();
  EXPECT_TRUE(server.ends());
}

TEST(UnixSockets, one_can_be_listened_on_beside_a_port) {
  FakeServer backend;
  ProxyRig both(
      {.global = listener, .servers = {{"lobby", server_file("play.example", backend.address())}}});
  EXPECT_TRUE(Player(both.endpoint(), backend).plays());
  Wire client = connect_unix(both.folder().path() / "door.sock");
  ASSERT_TRUE(client.send(login_bytes("play.example", "Alex")));
  Wire server = backend.accept();
  const auto arrived = FakeServer::read_hello(server);
  ASSERT_TRUE(arrived.has_value());
  EXPECT_EQ(arrived->hello.player, "Alex");
  client.close();
  EXPECT_TRUE(server.ends());
  server.close();
  EXPECT_TRUE(both.logged({"left", "player=Alex", "client=unix"}));
}

// A balancer on this machine: everybody who may open the socket is believed.
TEST(UnixSockets, a_header_there_is_believed_without_a_list) {
  FakeServer backend;
  ProxyRig rig({.global = listener + "receive_proxy_protocol = true\n",
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "send_proxy_protocol = \"v1\"")}}});
  Wire client = connect_unix(rig.folder().path() / "door.sock");
  ASSERT_TRUE(client.send(joined("PROXY TCP4 203.0.113.7 198.51.100.1 4000 25565\r\n",
                                 login_bytes("play.example", "Alex"))));
  Wire server = backend.accept();
  EXPECT_EQ(as_text(server.receive(27)).substr(0, 27), "PROXY TCP4 203.0.113.7 0.0.");
}

TEST(UnixSockets, without_a_header_the_backend_hears_that_nobody_knows_the_source) {
  FakeServer backend;
  ProxyRig rig({.global = listener,
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "send_proxy_protocol = \"v1\"")}}});
  Wire client = connect_unix(rig.folder().path() / "door.sock");
  ASSERT_TRUE(client.send(login_bytes("play.example", "Alex")));
  Wire server = backend.accept();
  EXPECT_EQ(as_text(server.receive(15)), "PROXY UNKNOWN\r\n");
}

TEST(UnixSockets, rights_are_set_and_follow_a_reload) {
  ProxyRig rig({.global = listener + "mode = \"0600\"", .servers = {}});
  const auto path = rig.folder().path() / "door.sock";
  EXPECT_EQ(rights_of(path), 0600U);
  rig.write_global(listener + "mode = \"0666\"");
  EXPECT_EQ(rights_of(path), 0666U);
}

TEST(UnixSockets, a_stale_file_is_replaced_and_the_own_one_goes_at_the_end) {
  ProxyRig rig({.global = listener, .servers = {}, .start = false});
  const auto path = rig.folder().path() / "door.sock";
  {
    const UnixHarbour gone(path);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(rig.daemon().start(), 0);
  EXPECT_TRUE(connect_unix(path).open());
  rig.write_global("");
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(path); }));
}

TEST(UnixSockets, another_file_or_a_served_socket_is_left_alone) {
  ProxyRig rig({.global = listener, .servers = {}, .start = false});
  const auto path = rig.folder().path() / "door.sock";
  std::ofstream(path) << "precious";
  EXPECT_EQ(rig.daemon().start(), 1);
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
  EXPECT_TRUE(rig.logged({"cannot listen", "no socket"}));

  ProxyRig other({.global = listener, .servers = {}, .start = false});
  const auto served = other.folder().path() / "door.sock";
  const UnixHarbour harbour(served);
  EXPECT_EQ(other.daemon().start(), 1);
  EXPECT_TRUE(other.logged({"cannot listen", "another program listens on it"}));
  EXPECT_TRUE(connect_unix(served).open());
}

// Everybody on this machine would else share the allowance of one source, and a list of addresses
// would shut all of them out.
TEST(UnixSockets, limits_and_filters_of_addresses_pass_over_those_who_have_none) {
  FakeServer backend;
  ProxyRig rig(
      {.global = "protect = \"public\"\n[ip_filter]\nwhitelist = [\"203.0.113.0/24\"]\n" + listener,
       .servers = {{"lobby", server_file("play.example", backend.address())}}});
  std::vector<Wire> others;
  for (int i = 0; i < 40; ++i) others.push_back(connect_unix(rig.folder().path() / "door.sock"));
  Wire client = connect_unix(rig.folder().path() / "door.sock");
  ASSERT_TRUE(client.send(login_bytes("play.example", "Alex")));
  Wire server = backend.accept();
  EXPECT_TRUE(FakeServer::read_hello(server).has_value());
  // By a port the list holds.
  FakeClient stranger(rig.endpoint());
  ASSERT_TRUE(stranger.log_in("play.example", "Steve"));
  EXPECT_TRUE(stranger.kicked());
}

// Nothing says that two who come this way are the same player.
TEST(UnixSockets, nobody_there_takes_the_place_of_a_player_of_the_same_name) {
  FakeServer backend;
  ProxyRig rig({.global = listener,
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "proxy_mode = \"offline\"")}}});
  FakeClient first(rig.endpoint());
  first.wire = connect_unix(rig.folder().path() / "door.sock");
  ASSERT_TRUE(first.log_in("play.example", "Steve"));
  Wire server = backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(server).has_value());
  FakeClient second(rig.endpoint());
  second.wire = connect_unix(rig.folder().path() / "door.sock");
  ASSERT_TRUE(second.log_in("play.example", "Steve"));
  EXPECT_TRUE(second.kicked());
  EXPECT_FALSE(first.wire.ends(Duration::zero()));
}

}  // namespace
}  // namespace drawbridge::kit
