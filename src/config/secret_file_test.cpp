#include "config/secret_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SecretFile : public ::testing::Test {
 protected:
  void write(std::string_view text, fs::perms rights = fs::perms::owner_read) const {
    std::ofstream(file, std::ios::binary) << text;
    fs::permissions(file, rights);
  }
  [[nodiscard]] std::string error() const {
    const auto secret = read_secret(file);
    return secret ? "" : secret.error().what;
  }

  ScratchFolder folder;
  fs::path file = folder.path() / "forwarding.secret";
};

TEST_F(SecretFile, a_missing_one_is_made_for_its_owner_alone) {
  const auto made = read_or_make_secret(file);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_TRUE(made->is_new);
  EXPECT_EQ(made->value.size(), 32U);
  EXPECT_TRUE(std::ranges::all_of(made->value, [](unsigned char c) { return std::isalnum(c); }));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const auto again = read_or_make_secret(file);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->value, made->value);
  EXPECT_THAT(again->warnings, IsEmpty());
}

TEST_F(SecretFile, no_two_are_the_same) {
  const auto one = read_or_make_secret(file);
  fs::remove(file);
  const auto two = read_or_make_secret(file);
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->value, two->value);
}

TEST_F(SecretFile, rights_do_not_depend_on_the_umask) {
  const mode_t before = umask(0);
  const auto made = read_or_make_secret(file);
  umask(before);
  ASSERT_TRUE(made);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SecretFile, a_final_line_end_does_not_count) {
  for (const std::string_view text :
       {"0123456789abcdef", "0123456789abcdef\n", "0123456789abcdef\r\n"}) {
    fs::remove(file);
    write(text);
    const auto secret = read_secret(file);
    ASSERT_TRUE(secret) << secret.error().what;
    EXPECT_EQ(secret->value, "0123456789abcdef");
  }
}

TEST_F(SecretFile, twelve_characters_as_velocity_makes_are_taken_without_a_word) {
  write("aB3dE6gH9jK2");
  const auto secret = read_secret(file);
  ASSERT_TRUE(secret);
  EXPECT_THAT(secret->warnings, IsEmpty());
}

TEST_F(SecretFile, a_short_one_is_taken_with_a_warning) {
  write("swordfish");
  const auto secret = read_secret(file);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->value, "swordfish");
  EXPECT_THAT(secret->warnings, ElementsAre(HasSubstr("9 characters")));
}

TEST_F(SecretFile, loose_rights_are_taken_with_a_warning_that_does_not_tell_the_secret) {
  write("0123456789abcdef", fs::perms::owner_read | fs::perms::others_read);
  const auto secret = read_secret(file);
  ASSERT_TRUE(secret);
  ASSERT_THAT(secret->warnings, ElementsAre(HasSubstr("chmod 600")));
  EXPECT_THAT(secret->warnings[0], HasSubstr("0404"));
  EXPECT_EQ(secret->warnings[0].find(secret->value), std::string::npos);
}

TEST_F(SecretFile, what_cannot_be_a_secret_is_an_error_that_says_why) {
  EXPECT_THAT(error(), HasSubstr("not there"));
  write("");
  EXPECT_THAT(error(), HasSubstr("empty"));
  fs::remove(file);
  write("\n");
  EXPECT_THAT(error(), HasSubstr("empty"));
  fs::remove(file);
  write("two\nlines\n");
  EXPECT_THAT(error(), HasSubstr("one line"));
  fs::remove(file);
  write("\xFF\xFE secret");
  EXPECT_THAT(error(), HasSubstr("one line"));
  fs::remove(file);
  write(std::string(5000, 'x'));
  EXPECT_THAT(error(), HasSubstr("larger than 4 KiB"));
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_THAT(error(), HasSubstr("no plain file"));
}

TEST_F(SecretFile, a_named_pipe_makes_nobody_wait) {
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(error(), HasSubstr("no plain file"));
}

TEST_F(SecretFile, a_link_to_nowhere_is_not_written_through) {
  fs::create_symlink(folder.path() / "elsewhere", file);
  EXPECT_FALSE(read_or_make_secret(file));
  EXPECT_FALSE(fs::exists(folder.path() / "elsewhere"));
}

TEST_F(SecretFile, a_folder_that_is_not_there_is_an_error) {
  const auto made = read_or_make_secret(folder.path() / "no" / "secret");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().what, HasSubstr("cannot be written"));
}

}  // namespace
}  // namespace drawbridge::config
