// How often a backend is asked: once for everybody who asks at the same time, once a ttl for each
// server and version of the client, and once a negative_ttl while it does not answer.
#include <gtest/gtest.h>

#include "kit/door.hpp"

namespace drawbridge::kit {
namespace {

constexpr std::string_view answer_json =
    R"({"version":{"name":"x","protocol":769},"players":{"max":9,"online":1},"description":"up"})";

std::string words_of(const std::optional<std::string>& json) {
  if (!json) return "(no answer)";
  const auto facts = mc::read_status(*json);
  return facts ? mc::to_plain(facts->description) : "(no status)";
}

TEST(StatusCache, within_its_ttl_an_answer_is_used_again) {
  StatusServer backend{std::string(answer_json)};
  ProxyRig rig({.global = "status_cache.ttl = \"1h\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  for (int i = 0; i < 5; ++i) {
    FakeClient client(rig.endpoint());
    EXPECT_EQ(client.status("play.example"), answer_json);
  }
  EXPECT_EQ(backend.pings(), 1);
}

TEST(StatusCache, with_a_ttl_of_0_every_ping_asks) {
  StatusServer backend{std::string(answer_json)};
  ProxyRig rig({.global = "status_cache.ttl = \"0s\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  for (int i = 0; i < 3; ++i) {
    FakeClient client(rig.endpoint());
    EXPECT_EQ(client.status("play.example"), answer_json);
  }
  EXPECT_EQ(backend.pings(), 3);
}

TEST(StatusCache, each_version_of_the_game_has_an_answer_of_its_own) {
  StatusServer backend{std::string(answer_json)};
  ProxyRig rig({.global = "status_cache.ttl = \"1h\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  for (int round = 0; round < 2; ++round) {
    for (const mc::Version version : {mc::v1_8, mc::v1_16_4, mc::v1_21_4}) {
      FakeClient client(rig.endpoint());
      EXPECT_TRUE(client.status("play.example", version));
    }
  }
  EXPECT_EQ(backend.pings(), 3);
}

TEST(StatusCache, versions_that_nobody_plays_cost_one_request_together) {
  StatusServer backend{std::string(answer_json)};
  ProxyRig rig({.global = "status_cache.ttl = \"1h\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  for (int invented = 200'000; invented < 200'020; ++invented) {
    FakeClient client(rig.endpoint());
    EXPECT_TRUE(client.status("play.example", mc::Version{invented}));
  }
  EXPECT_EQ(backend.pings(), 1);
}

// The ping that the backend gets is the client's: its version, its host.
TEST(StatusCache, the_backend_is_asked_as_the_client_asked) {
  Door door("*.example");
  FakeClient client = door.client();
  client.wire.send(status_bytes("some.example", mc::v1_12_2));
  Wire backend = door.backend.accept();
  const auto arrived = FakeServer::read_hello(backend);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.version, mc::v1_12_2);
  EXPECT_EQ(arrived->hello.host, "some.example");
  EXPECT_TRUE(arrived->hello.wants_status());
}

TEST(StatusCache, whoever_asks_at_the_same_time_shares_one_request) {
  Door door("play.example", {.server = {}, .global = "status_cache.ttl = \"1h\""});
  std::vector<FakeClient> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(door.client());
    clients.back().wire.send(status_bytes("play.example"));
  }
  Wire backend = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(backend));
  EXPECT_FALSE(door.backend.accept(milliseconds(50)).open()) << "a second request";
  backend.send(mc::status_response_frame(answer_json));
  for (FakeClient& client : clients) {
    const auto body = client.wire.receive_frame();
    ASSERT_TRUE(body);
    EXPECT_EQ(mc::read_status_response(*body), answer_json);
  }
  EXPECT_FALSE(door.backend.accept(Duration{}).open());
}

// In the closest peer a dead backend is dialled by one ping after the other, each with the whole
// time-out.
TEST(StatusCache, peers_fault_20_a_failure_is_remembered_for_negative_ttl) {
  FakeServer backend;
  ProxyRig rig({.global = "status_cache.negative_ttl = \"60s\"",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  FakeClient first(rig.endpoint());
  first.wire.send(status_bytes("play.example"));
  backend.accept().close();
  EXPECT_TRUE(first.wire.receive_frame());
  for (int i = 0; i < 5; ++i) {
    FakeClient client(rig.endpoint());
    EXPECT_TRUE(client.status("play.example"));
  }
  EXPECT_FALSE(backend.accept(Duration{}).open()) << "the backend was dialled again";
}

TEST(StatusCache, with_a_negative_ttl_of_0_the_next_ping_tries_again) {
  Door door("play.example", {.server = {}, .global = "status_cache.negative_ttl = \"0s\""});
  for (int i = 0; i < 2; ++i) {
    FakeClient client = door.client();
    client.wire.send(status_bytes("play.example"));
    Wire backend = door.backend.accept();
    ASSERT_TRUE(backend.open());
    backend.close();
    EXPECT_TRUE(client.wire.receive_frame());
  }
}

// The one whose ping went to the backend leaves; those who wait with it are answered all the same.
TEST(StatusCache, the_first_to_ask_may_leave) {
  Door door;
  FakeClient first = door.client();
  first.wire.send(status_bytes("play.example"));
  Wire backend = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(backend));
  FakeClient second = door.client();
  second.wire.send(status_bytes("play.example"));
  first.wire.reset();
  backend.send(mc::status_response_frame(answer_json));
  const auto body = second.wire.receive_frame();
  ASSERT_TRUE(body);
  EXPECT_EQ(mc::read_status_response(*body), answer_json);
}

TEST(StatusCache, a_changed_server_file_is_seen_at_once_and_others_keep_their_answers) {
  StatusServer one{std::string(answer_json)}, other{std::string(answer_json)};
  ProxyRig rig({.global = "status_cache.ttl = \"1h\"",
                .servers = {{"one", server_file("one.example", one.address())},
                            {"other", server_file("other.example", other.address())}}});
  const auto ping = [&](std::string_view host) {
    FakeClient client(rig.endpoint());
    return words_of(client.status(host));
  };
  EXPECT_EQ(ping("one.example"), "up");
  EXPECT_EQ(ping("other.example"), "up");
  rig.write_server("one",
                   server_file("one.example", one.address(), "motd.online.text = \"changed\""));
  EXPECT_EQ(ping("one.example"), "changed");
  EXPECT_EQ(ping("other.example"), "up");
  EXPECT_EQ(other.pings(), 1);
}

// A backend that takes connections and says nothing would else cost a descriptor for every version
// that a stranger names.
TEST(StatusCache, a_silent_backend_is_asked_so_many_times_at_once) {
  FakeServer silent;
  ProxyRig rig({.global = "limits.setup_timeout = \"60s\"\n",
                .servers = {{"lobby", server_file("play.example", silent.address(),
                                                  "[motd.unreachable]\ntext = \"not there\"")}}});
  std::vector<FakeClient> clients;
  const auto ask = [&](int version) {
    clients.emplace_back(rig.endpoint());
    ASSERT_TRUE(clients.back().wire.send(status_bytes("play.example", mc::Version{version})));
  };
  std::vector<Wire> asked;
  for (const int version :
       {5,   47,  107, 108, 109, 110, 210, 315, 316, 335, 338, 340, 393, 401, 404, 477,
        480, 485, 490, 498, 573, 575, 578, 735, 736, 751, 753, 754, 755, 756, 757, 758}) {
    ask(version);
    asked.push_back(silent.accept());
    ASSERT_TRUE(asked.back().open()) << version;
  }
  FakeClient late(rig.endpoint());
  EXPECT_EQ(words_of(late.status("play.example", mc::v1_21_4)), "not there");
  EXPECT_FALSE(silent.accept(Duration::zero()).open());
  // One that is done makes room for another.
  asked.front().close();
  EXPECT_TRUE(eventually([&] {
    FakeClient again(rig.endpoint());
    again.wire.send(status_bytes("play.example", mc::v1_21));
    return silent.accept(milliseconds(50)).open();
  }));
}

}  // namespace
}  // namespace drawbridge::kit
