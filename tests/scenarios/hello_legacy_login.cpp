// Log-ins of clients from before 1.7: told apart by their layouts, routed by their host, relayed as
// they came.
#include <gtest/gtest.h>

#include "kit/fake_client.hpp"
#include "kit/fake_server.hpp"
#include "kit/proxy_rig.hpp"

namespace drawbridge::kit {
namespace {

void append_string(ByteBuffer& out, std::string_view text) {
  out.push_back(0);
  out.push_back(static_cast<Byte>(text.size()));
  for (const char c : text) {
    out.push_back(0);
    out.push_back(static_cast<Byte>(c));
  }
}

// 1.3 to 1.6: protocol, name, host, port.
ByteBuffer login_with_protocol(Byte protocol, std::string_view host) {
  ByteBuffer out{0x02, protocol};
  append_string(out, "Steve");
  append_string(out, host);
  const ByteBuffer port{0x00, 0x00, 0x63, 0xDD};
  out.insert(out.end(), port.begin(), port.end());
  return out;
}

// 1.2: one string with all of it. Older ones: only the name.
ByteBuffer login_of_one_string(std::string_view text) {
  ByteBuffer out{0x02};
  append_string(out, text);
  return out;
}

class HelloLegacyLogin : public ::testing::Test {
 protected:
  HelloLegacyLogin()
      : rig({.global = "default_server = \"default\"",
             .servers = {{"named", server_file("play.example", named.address())},
                         {"default", server_file("default.example", other.address())}}}) {}
  void expect_at(FakeServer& server, const ByteBuffer& login) {
    FakeClient client(rig.endpoint());
    client.wire.send(login);
    Wire backend = server.accept();
    ASSERT_TRUE(backend.open());
    EXPECT_EQ(backend.receive(login.size()), login);
    EXPECT_TRUE(backend.send("\x02kept"));
    EXPECT_EQ(as_text(client.wire.receive(5)), "\x02kept");
  }
  FakeServer named;
  FakeServer other;
  ProxyRig rig;
};

TEST_F(HelloLegacyLogin, from_1_3_to_1_6_is_led_by_its_host) {
  for (const Byte protocol : {Byte{39}, Byte{47}, Byte{61}, Byte{78}}) {
    expect_at(named, login_with_protocol(protocol, "play.example"));
    expect_at(other, login_with_protocol(protocol, "elsewhere.example"));
  }
}

TEST_F(HelloLegacyLogin, of_1_2_is_led_by_the_host_in_its_one_string) {
  expect_at(named, login_of_one_string("Steve;play.example:25565"));
  expect_at(other, login_of_one_string("Steve;elsewhere.example:25565"));
}

TEST_F(HelloLegacyLogin, without_a_host_is_led_to_the_default_server) {
  expect_at(other, login_of_one_string("Steve"));
}

}  // namespace
}  // namespace drawbridge::kit
