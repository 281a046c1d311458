#include "config/plain_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "config/test_files.hpp"

namespace drawbridge::config {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::size_t most = 1024;
constexpr mode_t rights_of_new = 0640;

class PlainFiles : public ::testing::Test {
 protected:
  [[nodiscard]] mode_t rights() const {
    struct stat about{};
    return stat(file.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
  }
  // Files in the folder: no draft may stay behind.
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
  }
  [[nodiscard]] std::string error() const {
    const auto read = read_plain_file(file, most);
    return read ? "" : read.error().what;
  }

  ScratchFolder folder;
  fs::path file = folder.path() / "a.txt";
};

TEST_F(PlainFiles, a_missing_one_has_no_text_and_is_no_error) {
  const auto read = read_plain_file(file, most);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->exists());
  folder.write("a.txt", "");
  const auto empty = read_plain_file(file, most);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->exists());
}

TEST_F(PlainFiles, what_is_no_file_or_too_large_is_an_error) {
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(error(), HasSubstr("no plain file")) << "and nobody waited for a writer";
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_THAT(error(), HasSubstr("no plain file"));
  fs::remove(file);
  folder.write("a.txt", std::string(most, 'x'));
  EXPECT_THAT(error(), "");
  folder.write("a.txt", std::string(most + 1, 'x'));
  EXPECT_THAT(error(), HasSubstr("larger than 1 KiB"));
}

TEST_F(PlainFiles, a_new_file_has_the_rights_that_were_asked_for) {
  const mode_t before = umask(0077);
  EXPECT_TRUE(replace_file(file, "one", rights_of_new));
  umask(before);
  EXPECT_EQ(rights(), rights_of_new);
  EXPECT_EQ(file_text(file), "one");
  EXPECT_EQ(entries(), 1);
}

TEST_F(PlainFiles, rights_stay_and_links_are_followed) {
  folder.write("real/a.txt", "one");
  fs::create_symlink("real/a.txt", file);
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  EXPECT_TRUE(replace_file(file, "two", rights_of_new));
  EXPECT_TRUE(fs::is_symlink(file));
  EXPECT_EQ(file_text(folder.path() / "real/a.txt"), "two");
  EXPECT_EQ(rights(), 0600U);
}

TEST_F(PlainFiles, what_cannot_be_written_leaves_nothing_behind) {
  EXPECT_THAT(replace_file(folder.path() / "no/a.txt", "x", rights_of_new).error().what,
              HasSubstr("cannot be written"));
  fs::create_directory(file);
  EXPECT_THAT(replace_file(file, "x", rights_of_new).error().what, HasSubstr("cannot be replaced"));
  EXPECT_EQ(entries(), 1);
}

TEST_F(PlainFiles, of_many_that_make_a_file_one_wins_and_nobody_reads_half_of_it) {
  const std::string text(most, 'x');
  std::vector<std::thread> threads;
  std::vector<int> made(8), whole(8);
  for (std::size_t i = 0; i < made.size(); ++i)
    threads.emplace_back([&, i] {
      made[i] = create_file(file, text, rights_of_new).value_or(false) ? 1 : 0;
      const auto read = read_plain_file(file, most);
      whole[i] = read && read->text == text ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::ranges::count(made, 1), 1);
  EXPECT_EQ(std::ranges::count(whole, 1), 8);
  EXPECT_EQ(entries(), 1);
}

TEST_F(PlainFiles, an_edit_in_between_is_not_overwritten) {
  folder.write("a.txt", "one");
  int calls = 0;
  const auto add = [&](const PlainFile& old) -> Result<std::optional<std::string>> {
    if (++calls == 1) folder.write("a.txt", "one, by hand");
    return old.text + ", two";
  };
  EXPECT_TRUE(edit_file(file, most, rights_of_new, add));
  EXPECT_EQ(file_text(file), "one, by hand, two");
  EXPECT_EQ(calls, 2);
}

TEST_F(PlainFiles, an_edit_may_change_nothing_or_fail) {
  folder.write("a.txt", "one");
  const FileStamp before = read_plain_file(file, most)->stamp;
  using Out = Result<std::optional<std::string>>;
  EXPECT_TRUE(
      edit_file(file, most, rights_of_new, [](const PlainFile&) -> Out { return std::nullopt; }));
  EXPECT_FALSE(edit_file(file, most, rights_of_new,
                         [](const PlainFile&) -> Out { return fail(Fault::proxy, "no"); }));
  EXPECT_EQ(read_plain_file(file, most)->stamp, before);
}

}  // namespace
}  // namespace drawbridge::config
