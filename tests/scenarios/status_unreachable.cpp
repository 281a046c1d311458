// What the server list shows while a backend does not answer: the words of motd.unreachable, no
// players, and of what was last known the picture, the version and the mods. Never "online".
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kit/door.hpp"
#include "kit/signpost.hpp"
#include "mc/frame.hpp"

namespace drawbridge::kit {
namespace {

namespace json = boost::json;

constexpr std::string_view healthy =
    R"({"version":{"name":"Paper 1.20.1","protocol":763},)"
    R"("players":{"max":40,"online":2,"sample":[{"name":"Steve","id":"x"}]},"description":"up",)"
    R"("favicon":"data:image/png;base64,AAAA","forgeData":{"mods":[{"modId":"create"}]}})";

json::object status(ProxyRig& rig, std::string_view host = "play.example") {
  FakeClient client(rig.endpoint());
  const auto answer = client.status(host, mc::v1_20);
  return answer ? json::parse(*answer).as_object() : json::object{};
}

std::string words(const json::object& answer) {
  const auto facts = mc::read_status(json::serialize(answer));
  return facts ? mc::to_plain(facts->description) : "(no status)";
}

constexpr std::string_view impatient =
    "status_cache.ttl = \"0s\"\nstatus_cache.negative_ttl = \"0s\"\n";

TEST(StatusUnreachable, what_was_last_known_stays_without_players) {
  StatusServer backend{std::string(healthy)};
  ProxyRig rig({.global = std::string(impatient),
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "motd.unreachable.text = \"back soon\"")}}});
  EXPECT_EQ(status(rig), json::parse(healthy).as_object());
  backend.stop();
  const json::object down = status(rig);
  ASSERT_TRUE(down.contains("players"));
  EXPECT_EQ(words(down), "back soon");
  EXPECT_EQ(down.at("favicon"), "data:image/png;base64,AAAA");
  EXPECT_EQ(down.at("version").at("name"), "Paper 1.20.1");
  EXPECT_EQ(down.at("version").at("protocol"), 763);
  EXPECT_EQ(down.at("players").at("online"), 0);
  EXPECT_EQ(down.at("players").at("max"), 40);
  EXPECT_FALSE(down.at("players").as_object().contains("sample"));
  EXPECT_EQ(down.at("forgeData"), json::parse(healthy).at("forgeData"));
  // And again, so that the failure's answer is not what is kept.
  EXPECT_EQ(status(rig), down);
}

TEST(StatusUnreachable, nothing_is_kept_where_that_was_switched_off) {
  StatusServer backend{std::string(healthy)};
  ProxyRig rig({.global = std::string(impatient) + "status_cache.stale_while_error = false",
                .servers = {{"lobby", server_file("play.example", backend.address())}}});
  EXPECT_EQ(status(rig), json::parse(healthy).as_object());
  backend.stop();
  const json::object down = status(rig);
  ASSERT_TRUE(down.contains("players"));
  EXPECT_FALSE(down.contains("favicon"));
  EXPECT_FALSE(down.contains("forgeData"));
  EXPECT_NE(down.at("version").at("name"), "Paper 1.20.1");
}

// Without the key it would be half a minute.
TEST(StatusUnreachable, a_backend_that_never_answers_is_given_up_after_timeouts_read) {
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "timeouts.read = \"100ms\"\n"
                                                  "motd.unreachable.text = \"back soon\"")}}});
  FakeClient client(rig.endpoint());
  client.wire.send(status_bytes("play.example", mc::v1_20));
  Wire question = backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(question).has_value());
  EXPECT_TRUE(question.ends());
  const auto frame = client.wire.receive_frame();
  ASSERT_TRUE(frame.has_value());
  EXPECT_NE(as_text(*frame).find("back soon"), std::string_view::npos);
}

TEST(StatusUnreachable, own_favicon_and_version_beat_the_last_known) {
  StatusServer backend{std::string(healthy)};
  ProxyRig rig({.global = std::string(impatient),
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "[motd.unreachable]\ntext = \"back soon\"\n"
                                                  "version_name = \"asleep\"\nmax_players = 3")}}});
  EXPECT_FALSE(status(rig).empty());
  backend.stop();
  const json::object down = status(rig);
  EXPECT_EQ(down.at("version").at("name"), "asleep");
  EXPECT_EQ(down.at("players").at("max"), 3);
  EXPECT_EQ(down.at("favicon"), "data:image/png;base64,AAAA");
}

// The closest peer shows the online MOTD for backends that are not there.
TEST(StatusUnreachable, peers_fault_20_motd_online_is_never_said_for_a_dead_backend) {
  StatusServer backend{std::string(healthy)};
  ProxyRig rig({.global = std::string(impatient) + "[default_motd.online]\ntext = \"DEFAULT ON\"",
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  "motd.online.text = \"ONLINE\"")},
                            {"dead", server_file("dead.example", "127.0.0.1:1",
                                                 "motd.online.text = \"ONLINE\"")}}});
  EXPECT_EQ(words(status(rig)), "ONLINE");
  backend.stop();
  for (const std::string_view host : {"play.example", "dead.example"}) {
    const std::string said = words(status(rig, host));
    EXPECT_EQ(said.find("ON"), std::string::npos) << said;
    EXPECT_FALSE(said.empty());
  }
}

TEST(StatusUnreachable, own_words_then_the_default_then_built_in_ones) {
  ProxyRig rig({.global = "default_motd.unreachable.text = \"default: {server} is away\"",
                .servers = {{"a", signpost("[\"a.example\"]", "own: {server}")},
                            {"b", server_file("b.example", "127.0.0.1:1")}}});
  EXPECT_EQ(where(rig, "a.example"), "own: a");
  EXPECT_EQ(where(rig, "b.example"), "default: b is away");
  ProxyRig plain({.global = {}, .servers = {{"b", server_file("b.example", "127.0.0.1:1")}}});
  const std::string built_in = where(plain, "b.example");
  EXPECT_NE(built_in.find("b cannot be reached"), std::string::npos) << built_in;
}

TEST(StatusUnreachable, a_backend_that_comes_back_is_shown_again) {
  Door door("play.example", {.server = {}, .global = std::string(impatient)});
  const auto ask = [&](bool healthy_now) {
    FakeClient client = door.client();
    client.wire.send(status_bytes("play.example", mc::v1_20));
    Wire backend = door.backend.accept();
    if (healthy_now) {
      EXPECT_TRUE(FakeServer::read_hello(backend));
      backend.send(mc::status_response_frame(healthy));
    } else {
      backend.close();
    }
    const auto body = client.wire.receive_frame();
    const auto answer = body ? mc::read_status_response(*body) : std::string_view{};
    return answer ? words(json::parse(*answer).as_object()) : "(no answer)";
  };
  EXPECT_EQ(ask(true), "up");
  EXPECT_NE(ask(false), "up");
  EXPECT_EQ(ask(true), "up");
}

// --- Backends that are there and say nothing, or nonsense ---

TEST(StatusUnreachable, a_backend_that_never_answers_costs_no_client_its_answer) {
  // Whatever the client's deadline is, the answer comes before it.
  for (const std::string_view setup_timeout : {"1s", "2s"}) {
    Door door("play.example",
              {.server = "motd.unreachable.text = \"silent\"",
               .global = fmt::format("limits.setup_timeout = \"{}\"", setup_timeout)});
    FakeClient client = door.client();
    client.wire.send(status_bytes("play.example"));
    Wire backend = door.backend.accept();
    ASSERT_TRUE(FakeServer::read_hello(backend)) << "it was asked";
    const auto body = client.wire.receive_frame();
    ASSERT_TRUE(body) << setup_timeout;
    const auto answer = mc::read_status_response(*body);
    ASSERT_TRUE(answer);
    EXPECT_EQ(words(json::parse(*answer).as_object()), "silent");
    EXPECT_EQ(client.ping(9), 9) << "and there is time for the latency packet";
  }
}

// A short deadline for clients does not mean that healthy backends have no time to answer.
TEST(StatusUnreachable, a_backend_that_takes_a_moment_is_waited_for) {
  Door door("play.example", {.server = {}, .global = "limits.setup_timeout = \"1s\""});
  FakeClient client = door.client();
  client.wire.send(status_bytes("play.example", mc::v1_20));
  Wire backend = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(backend));
  EXPECT_TRUE(client.wire.stays_quiet(milliseconds(100)));
  backend.send(mc::status_response_frame(healthy));
  const auto body = client.wire.receive_frame();
  ASSERT_TRUE(body);
  EXPECT_EQ(mc::read_status_response(*body), healthy);
}

TEST(StatusUnreachable, while_a_backend_hangs_what_was_last_known_is_shown) {
  Door door("play.example", {.server = "motd.unreachable.text = \"hanging\"",
                             .global = std::string(impatient) + "limits.setup_timeout = \"1s\""});
  FakeClient before = door.client();
  before.wire.send(status_bytes("play.example", mc::v1_20));
  Wire healthy_one = door.backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(healthy_one));
  healthy_one.send(mc::status_response_frame(healthy));
  ASSERT_TRUE(before.wire.receive_frame());
  // From now on it accepts (the kernel does) and says nothing.
  FakeClient client = door.client();
  const auto answer = client.status("play.example", mc::v1_20);
  ASSERT_TRUE(answer);
  const json::object got = json::parse(*answer).as_object();
  EXPECT_EQ(words(got), "hanging");
  ASSERT_TRUE(got.contains("favicon"));
  EXPECT_EQ(got.at("favicon"), "data:image/png;base64,AAAA");
  EXPECT_EQ(got.at("players").at("online"), 0);
}

TEST(StatusUnreachable, nonsense_from_a_backend_is_no_answer) {
  const auto frame = [](const ByteBuffer& body) {
    ByteBuffer out;
    mc::append_frame(out, body);
    return out;
  };
  const std::vector<std::pair<std::string_view, ByteBuffer>> nonsense{
      {"not a frame", ByteBuffer(64, 0xFF)},
      {"HTTP",
       [] {
         const ByteView text = as_bytes(
             "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
             "Content-Length: 0\r\nConnection: close\r\n\r\n");
         return ByteBuffer(text.begin(), text.end());
       }()},
      {"another packet", frame({0x05, 0x01, 'x'})},
      {"no JSON", mc::status_response_frame("{\"description\":")},
      {"JSON of another kind", mc::status_response_frame("[1,2,3]")},
      {"a string longer than its frame", frame({0x00, 0x7F, 'x'})},
      {"a frame beyond any status", ByteBuffer{0xFF, 0xFF, 0x7F, 0x00, 0x01}},
      {"nesting without end",
       mc::status_response_frame(std::string(5000, '[') + std::string(5000, ']'))},
      {"half an answer", {0x7F, 0x00, 0x7D, '{'}},
  };
  for (const auto& [name, bytes] : nonsense) {
    Door door("play.example", {.server = "motd.unreachable.text = \"confused\"", .global = {}});
    FakeClient client = door.client();
    client.wire.send(status_bytes("play.example"));
    Wire backend = door.backend.accept();
    ASSERT_TRUE(FakeServer::read_hello(backend));
    backend.send(bytes);
    if (name == "half an answer") backend.close();
    const auto body = client.wire.receive_frame();
    ASSERT_TRUE(body) << name;
    const auto answer = mc::read_status_response(*body);
    ASSERT_TRUE(answer) << name;
    EXPECT_EQ(words(json::parse(*answer).as_object()), "confused") << name;
  }
}

TEST(StatusUnreachable, who_failed_a_moment_ago_is_not_waited_for_again) {
  Door door("play.example", {.server = "motd.unreachable.text = \"off\"\ntimeouts.read = \"3s\"",
                             .global = "status_cache.negative_ttl = \"0s\""});
  const auto ask = [&](FakeClient& client) {
    client.wire.send(status_bytes("play.example"));
    return door.backend.accept();
  };
  FakeClient first = door.client();
  Wire refused = ask(first);
  refused.close();
  ASSERT_TRUE(first.wire.receive_frame());
  FakeClient second = door.client();
  Wire silent = ask(second);
  ASSERT_TRUE(FakeServer::read_hello(silent));
  const auto body = second.wire.receive_frame();
  ASSERT_TRUE(body);
  EXPECT_EQ(words(json::parse(*mc::read_status_response(*body)).as_object()), "off");
  // The fetch still waits for its answer: the player did not.
  EXPECT_FALSE(silent.closes(milliseconds(1)));
}

TEST(StatusUnreachable, no_stranger_chooses_the_name_that_the_backend_is_asked_under) {
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"one",
                             "domains = [\"*.example\", \"play.example\"]\n"
                             "addresses = [\"" +
                                 backend.address() + "\"]"}}});
  FakeClient client(rig.endpoint());
  client.wire.send(status_bytes("nonsense.example"));
  Wire asked = backend.accept();
  const auto arrived = FakeServer::read_hello(asked);
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrived->hello.host, "play.example");
}

}  // namespace
}  // namespace drawbridge::kit
