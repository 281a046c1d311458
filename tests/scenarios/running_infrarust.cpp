// A folder of Infrarust 2 is started as it is.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "kit/fake_client.hpp"
#include "kit/program.hpp"

namespace drawbridge::kit {
namespace {

namespace fs = std::filesystem;

TEST(RunningInfrarust, a_whole_folder_boots_and_answers_under_its_own_name) {
  const TempFolder folder;
  fs::copy(fs::path(DRAWBRIDGE_ROOT) / "tests/golden/infrarust", folder.path(),
           fs::copy_options::recursive);
  // Only the port is another one, as somebody would try it beside the running Infrarust.
  Program program(DRAWBRIDGE_PROGRAM,
                  {.arguments = {"run", "--bind", "127.0.0.1:0"}, .folder = folder.path()});
  ASSERT_TRUE(program.logged({"configuration read", "infrarust.toml"}));
  ASSERT_TRUE(program.logged({"INFO ready"})) << program.errors();
  EXPECT_TRUE(program.lines({"ERROR"}).empty()) << program.errors();
  FakeClient client(program.endpoint());
  const auto answer = client.status("nobody.example");
  ASSERT_TRUE(answer.has_value());
  EXPECT_NE(answer->find("unknown address"), std::string::npos) << "default_motd of that file";
  EXPECT_NE(answer->find("Infrarust"), std::string::npos);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace drawbridge::kit
