#include "core/desk.hpp"

#include "config/load.hpp"
#include "control/control_thread.hpp"
#include "control/http_client.hpp"
#include "core/world.hpp"
#include "net/testing.hpp"

namespace drawbridge::core {
namespace {

using net::testing::next_of;
using net::testing::RunningWorker;
using net::testing::tcp_pair;

// A desk on a running worker.
class DeskTest : public ::testing::Test {
 protected:
  ~DeskTest() override { worker.reset(); }

  static WorldPtr world_of(std::string_view text) {
    config::Loaded loaded = config::load_global(text, "drawbridge.toml");
    EXPECT_TRUE(loaded.config) << text;
    static GateMemory memory;
    return make_world(std::make_shared<const config::GlobalConfig>(
                          std::move(loaded.config).value_or(config::GlobalConfig{})),
                      {}, {}, memory, {.generation = 1});
  }
  void use(std::string_view text) {
    worker->call([&] { desk->set_world(world_of(text)); });
    worker->settle();
  }

  control::ControlThread control;
  control::Resolver resolver{control};
  control::HttpClient http{control, resolver};
  Services services{resolver, http};
  std::unique_ptr<RunningWorker> worker = std::make_unique<RunningWorker>();
  std::unique_ptr<Desk> desk = std::make_unique<Desk>(**worker, services);
};

TEST_F(DeskTest, the_key_coalesce_reaches_the_worker) {
  const auto in_use = [&] { return worker->call([&] { return (*worker)->coalesce(); }); };
  use("coalesce = 'auto'");
  EXPECT_EQ(in_use().mode, net::Coalesce::Mode::automatic);
  use("coalesce = '2ms'");
  EXPECT_EQ(in_use().mode, net::Coalesce::Mode::fixed);
  EXPECT_EQ(in_use().slot, milliseconds(2));
  use("coalesce = 'off'");
  EXPECT_EQ(in_use().mode, net::Coalesce::Mode::off);
}

// It has demanded PROXY headers, perhaps from trusted balancers alone.
TEST_F(DeskTest, who_arrives_by_a_listener_that_a_reload_took_away_is_closed) {
  use("bind = '127.0.0.1:1'\nlimits.setup_timeout = '1m'");  // so that no deadline closes it
  net::testing::Pair pair = tcp_pair();
  const auto listener = std::make_shared<ListenerKey>();
  listener->bind = "127.0.0.1:2";
  listener->reads_headers = true;
  worker->call([&] {
    desk->accept(std::move(pair.far),
                 {.peer = {IpAddress::v4(0x7F000001), 1}, .listener = listener, .at = {}});
  });
  EXPECT_EQ(next_of(pair.near.get()), 'e');
  EXPECT_EQ(services.connections, 0U);
}

}  // namespace
}  // namespace drawbridge::core
