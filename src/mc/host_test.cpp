#include "mc/host.hpp"

#include <gtest/gtest.h>

namespace drawbridge::mc {
namespace {

using namespace std::string_literals;

std::string replayed(const std::string& field) {
  const Host host = parse_host(field).value();
  const std::string out = host_for_replay(host.sent_name, host);
  EXPECT_EQ(host.was_stripped, out != field) << field;
  return out;
}

TEST(Host, names_are_folded_for_routing) {
  EXPECT_EQ(parse_host("Play.Example.COM")->name, "play.example.com");
  EXPECT_EQ(parse_host("play.example.com.")->name, "play.example.com");
  EXPECT_EQ(parse_host("")->name, "");
  EXPECT_EQ(parse_host(".")->name, "");
  EXPECT_EQ(parse_host("Play.Example.COM.")->sent_name, "Play.Example.COM.");
  EXPECT_EQ(parse_host("with_underscore.example")->name, "with_underscore.example");
}

TEST(Host, non_ascii_names_become_xn) {
  // The usual example of RFC 5891's successors: "buecher" with an umlaut.
  EXPECT_EQ(parse_host("B\xC3\xBC"
                       "cher.example")
                ->name,
            "xn--bcher-kva.example");
  EXPECT_EQ(normal_host_name("b\xC3\x9C"
                             "cher.EXAMPLE."),
            "xn--bcher-kva.example");
  EXPECT_EQ(parse_host("XN--BCHER-KVA.example")->name, "xn--bcher-kva.example");
  // Bytes that are no name stay as they are, and match nothing.
  EXPECT_EQ(parse_host("\xFF\xFE.Example")->name, "\xFF\xFE.example");
}

TEST(Host, a_real_ip_tail_is_left_out_of_the_name_and_kept_in_replay) {
  const std::string field = "play.example.com.///198.51.100.7:51413///1700000000///c2ln";
  const Host host = parse_host(field).value();
  EXPECT_TRUE(host.has_real_ip_tail);
  EXPECT_EQ(host.name, "play.example.com");
  EXPECT_EQ(replayed(field), field);
  EXPECT_FALSE(parse_host("play.example.com")->has_real_ip_tail);
}

TEST(Host, lengths_are_capped) {
  EXPECT_TRUE(parse_host(std::string(255, 'a')).has_value());
  EXPECT_FALSE(parse_host(std::string(256, 'a')).has_value());
  EXPECT_TRUE(parse_host("a///" + std::string(509, 'x')).has_value());
  EXPECT_FALSE(parse_host("a///" + std::string(510, 'x')).has_value());
}

TEST(Host, infrarust_2_an_address_and_uuid_behind_the_name_never_get_through) {
  const std::string uuid = "069a79f444e94726a5befca90e38aaf5";
  EXPECT_EQ(replayed("host\0"s + "10.0.0.1\0"s + uuid), "host");
  EXPECT_EQ(replayed("host\0"s + "10.0.0.1\0"s + uuid + "\0"s + "[{\"name\":\"textures\"}]"),
            "host");
  EXPECT_EQ(replayed("host\0FML2\0"s + "10.0.0.1\0"s + uuid), "host\0FML2\0"s);
  EXPECT_EQ(replayed("host\0"s + "10.0.0.1\0"s + uuid + "\0FML2\0"s), "host\0FML2\0"s);
  EXPECT_EQ(replayed("host\0"s), "host");
  EXPECT_EQ(replayed("\0"s + "10.0.0.1\0"s + uuid), "");
}

TEST(Host, mod_markers_keep_their_exact_form) {
  for (const std::string& field : {"host\0FML\0"s, "host\0FML2\0"s, "host\0FML3\0"s, "host\0FORGE"s,
                                   "host\0FORGE12"s, "FORGE.example.com"s}) {
    EXPECT_EQ(replayed(field), field);
  }
  EXPECT_EQ(replayed("host\0FORGE\0rest"s), "host\0FORGE"s);
}

TEST(Host, what_only_resembles_a_marker_is_stripped) {
  for (const std::string& field :
       {"host\0FMLX\0"s, "host\0fml2\0"s, "host\0FORGE.example"s, "host\0 FML\0"s,
        "host\0FML1234567890\0"s, "host\0Floodgate^x"s}) {
    EXPECT_EQ(replayed(field), "host") << field;
  }
}

TEST(Host, one_marker_and_one_floodgate_part_at_most) {
  const std::string floodgate = "^Floodgate^" + std::string(2000, 'A');
  EXPECT_EQ(replayed("host\0"s + floodgate), "host\0"s + floodgate);
  EXPECT_EQ(replayed("host\0"s + floodgate + "\0FML2\0"s), "host\0"s + floodgate + "\0FML2\0"s);
  EXPECT_EQ(replayed("host\0FML2\0"s + floodgate), "host\0FML2\0"s + floodgate);
  EXPECT_EQ(replayed("host\0"s + floodgate + "\0"s + floodgate), "host\0"s + floodgate);
  EXPECT_EQ(replayed("host\0FML\0FML2\0FORGE"s), "host\0FML\0"s);
  EXPECT_EQ(replayed("host\0^Floodgate^"s + std::string(2048, 'A')), "host");
}

TEST(Host, a_rewritten_name_carries_the_kept_parts_and_no_nul) {
  const Host host = parse_host("Play.example.com.///x\0FML2\0"s).value();
  EXPECT_EQ(host_for_replay("backend.internal", host), "backend.internal\0FML2\0"s);
  EXPECT_EQ(host_for_replay("backend\0spoof"s, host), "backend\0FML2\0"s);
}

}  // namespace
}  // namespace drawbridge::mc
