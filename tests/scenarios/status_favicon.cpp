// Server icons from a file, as base64 and as a data URL; what clients would not show is left out
// and said.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/strings.hpp"
#include "kit/fake_server.hpp"
#include "kit/signpost.hpp"

namespace drawbridge::kit {
namespace {

// A PNG as far as anybody looks who does not decode it: header, no pixels, end.
std::string png(Byte width, Byte height) {
  std::string out = "\x89PNG\r\n\x1A\n";
  const auto chunk = [&out](std::string_view type, const std::string& data) {
    out += std::string(3, '\0') + static_cast<char>(data.size());
    out += type;
    out += data + "CRC.";
  };
  chunk("IHDR", std::string(3, '\0') + static_cast<char>(width) + std::string(3, '\0') +
                    static_cast<char>(height) + std::string("\x08\x06\0\0\0", 5));
  chunk("IDAT", "x");
  chunk("IEND", "");
  return out;
}

std::string favicon(ProxyRig& rig, std::string_view host) {
  FakeClient client(rig.endpoint());
  const auto answer = client.status(host);
  if (!answer) return "(no answer)";
  const auto facts = mc::read_status(*answer);
  return facts ? facts->favicon : "(no status)";
}

std::string with_icon(std::string_view icon) {
  return signpost("[\"play.example\"]", "hi",
                  fmt::format("motd.unreachable.favicon = \"{}\"", icon));
}

TEST(StatusFavicon, from_base64_a_data_url_and_a_file) {
  const std::string base64 = to_base64(as_bytes(png(64, 64)));
  const std::string url = "data:image/png;base64," + base64;
  TempFolder pictures;
  pictures.write("icon.png", png(64, 64));
  for (const std::string& icon : {base64, url, (pictures.path() / "icon.png").string()}) {
    ProxyRig rig({.global = {}, .servers = {{"lobby", with_icon(icon)}}});
    EXPECT_EQ(favicon(rig, "play.example"), url);
  }
}

TEST(StatusFavicon, a_path_starts_at_the_folder_of_its_file) {
  ProxyRig rig({.global = {}, .servers = {}});
  rig.folder().write("servers/icons/i.png", png(64, 64));
  rig.write_server("lobby", with_icon("icons/i.png"));
  EXPECT_EQ(favicon(rig, "play.example"),
            "data:image/png;base64," + to_base64(as_bytes(png(64, 64))));
}

TEST(StatusFavicon, for_unknown_hosts_from_the_default_motd) {
  const std::string base64 = to_base64(as_bytes(png(64, 64)));
  ProxyRig rig(
      {.global = fmt::format("[default_motd.online]\ntext = \"x\"\nfavicon = \"{}\"", base64),
       .servers = {}});
  EXPECT_EQ(favicon(rig, "nobody.example"), "data:image/png;base64," + base64);
}

// A picture that clients do not show must not take the server down with it.
TEST(StatusFavicon, what_is_no_64x64_png_is_left_out_with_a_line_in_the_log) {
  TempFolder pictures;
  pictures.write("wide.png", png(65, 64));
  pictures.write("text.png", "this is no picture");
  for (const std::string_view name : {"wide.png", "text.png", "missing.png"}) {
    ProxyRig rig(
        {.global = {}, .servers = {{"lobby", with_icon((pictures.path() / name).string())}}});
    const std::string got = favicon(rig, "play.example");
    EXPECT_TRUE(got.empty() || got == "(no answer)" || got == "(no status)" ||
                !got.starts_with("data:"))
        << name;
    EXPECT_EQ(where(rig, "play.example"), "hi") << name;
    EXPECT_GE(rig.log_lines({"favicon"}), 1U) << name;
  }
}

// What the backend shows is laid over only where something was configured.
TEST(StatusFavicon, motd_online_replaces_the_backends_icon) {
  const std::string ours = "data:image/png;base64," + to_base64(as_bytes(png(64, 64)));
  FakeServer backend;
  ProxyRig rig({.global = {},
                .servers = {{"lobby", server_file("play.example", backend.address(),
                                                  fmt::format("[motd.online]\ntext = \"on\"\n"
                                                              "favicon = \"{}\"",
                                                              ours))}}});
  FakeClient client(rig.endpoint());
  client.wire.send(status_bytes("play.example"));
  Wire at_backend = backend.accept();
  ASSERT_TRUE(FakeServer::read_hello(at_backend));
  at_backend.send(mc::status_response_frame(
      R"({"description":"up","favicon":"data:image/png;base64,AAAA","players":{"max":1,"online":0}})"));
  const auto body = client.wire.receive_frame();
  ASSERT_TRUE(body);
  const auto facts = mc::read_status(mc::read_status_response(*body).value());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->favicon, ours);
}

}  // namespace
}  // namespace drawbridge::kit
