#include "core/bans/ban_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

namespace drawbridge::core {
namespace {

namespace fs = std::filesystem;

Ban wish(const std::string& name) {
  Ban out;
  out.target = *BanTarget::parse(name);
  out.created_at = 1'790'000'000;
  return out;
}

class BanFileTest : public ::testing::Test {
 protected:
  BanFileTest() {
    std::string name = (fs::temp_directory_path() / "drawbridge-bans-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    folder = name;
  }
  ~BanFileTest() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  [[nodiscard]] fs::path path() const { return folder / "bans.json"; }
  void write(std::string_view text) const { std::ofstream(path(), std::ios::binary) << text; }
  [[nodiscard]] std::string text() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void add(BanFile& file, const std::string& name) {
    const auto done = file.edit([&](BanDocument& document) {
      document.add(wish(name), true);
      return true;
    });
    EXPECT_TRUE(done) << done.error().what;
  }
  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> out;
    const auto read = BanFile(path()).read();
    EXPECT_TRUE(read) << read.error().what;
    if (!read) return out;
    EXPECT_EQ(read->corrupt, "");
    for (const Ban& ban : read->document.bans()) out.insert(ban.target.value);
    return out;
  }
  fs::path folder;
};

TEST_F(BanFileTest, AMissingFileIsEmptyAndIsMade) {
  BanFile file(path());
  const auto read = file.read();
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->exists);
  add(file, "Steve");
  EXPECT_EQ(names(), std::set<std::string>{"Steve"});
}

TEST_F(BanFileTest, AnEditThatChangesNothingWritesNothing) {
  write(R"({"bans": []})");
  BanFile file(path());
  EXPECT_TRUE(file.edit([](BanDocument&) { return false; }));
  EXPECT_EQ(text(), R"({"bans": []})");
}

TEST_F(BanFileTest, CorruptFilesAreToldAndNeverOverwritten) {
  write("{ corrupt");
  BanFile file(path());
  const auto read = file.read();
  ASSERT_TRUE(read);
  EXPECT_NE(read->corrupt, "");
  EXPECT_FALSE(file.edit([](BanDocument& document) {
    document.add(wish("Steve"), true);
    return true;
  }));
  EXPECT_EQ(text(), "{ corrupt");
  const auto aside = file.set_aside();
  ASSERT_TRUE(aside);
  EXPECT_EQ(aside->filename(), "bans.json.bak");
  write("{ corrupt again");
  const auto second = file.set_aside();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->filename(), "bans.json.bak.2") << "an older one is kept";
  EXPECT_FALSE(fs::exists(path()));
}

TEST_F(BanFileTest, RightsStayAndLinksAreFollowed) {
  fs::create_directory(folder / "real");
  std::ofstream(folder / "real/bans.json") << R"({"bans": []})";
  ASSERT_EQ(chmod((folder / "real/bans.json").c_str(), 0600), 0);
  fs::create_symlink("real/bans.json", path());
  BanFile file(path());
  add(file, "Steve");
  EXPECT_TRUE(fs::is_symlink(path()));
  struct stat about{};
  ASSERT_EQ(stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(names(), std::set<std::string>{"Steve"});
}

// An editor takes no lock: it saves between our reading and our writing.
TEST_F(BanFileTest, AnEditByHandInBetweenIsMergedAndNotOverwritten) {
  BanFile file(path());
  add(file, "First");
  int calls = 0;
  const auto done = file.edit([&](BanDocument& document) {
    if (++calls == 1) {
      BanDocument by_hand = std::move(BanFile(path()).read()->document);
      by_hand.add(wish("ByHand"), false);
      write(by_hand.text());
    }
    document.add(wish("Second"), true);
    return true;
  });
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(names(), (std::set<std::string>{"First", "ByHand", "Second"}));
}

TEST_F(BanFileTest, ManyWritersLoseNothing) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      BanFile file(path());
      for (int i = 0; i < 8; ++i) add(file, "p" + std::to_string(t) + "_" + std::to_string(i));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(names().size(), 32U);
  std::set<std::string> ids;
  for (const Ban& ban : BanFile(path()).read()->document.bans()) ids.insert(ban.id);
  EXPECT_EQ(ids.size(), 32U) << "an id was used twice";
}

TEST_F(BanFileTest, ALockThatIsNotGivenBackIsAnErrorAndNoHang) {
  BanFile file(path());
  add(file, "Steve");
  std::atomic<bool> inside = false;
  std::atomic<bool> done = false;
  std::thread holder([&] {
    BanFile other(path());
    EXPECT_TRUE(other.edit([&](BanDocument&) {
      inside = true;
      while (!done) std::this_thread::yield();
      return false;
    }));
  });
  while (!inside) std::this_thread::yield();
  file.patience = milliseconds(20);
  const auto refused = file.edit([](BanDocument&) { return true; });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("locked"), std::string::npos);
  done = true;
  holder.join();
}

// Killed at any moment, a writer leaves a whole file, and no lock behind.
TEST_F(BanFileTest, AWriterThatIsKilledLeavesTheOldFileOrTheNew) {
  {
    BanFile file(path());
    const auto begun = file.edit([](BanDocument& document) {
      for (int i = 0; i < 200; ++i) document.add(wish("old" + std::to_string(i)), true);
      return true;
    });
    ASSERT_TRUE(begun) << begun.error().what;
  }
  std::size_t before = names().size();
  for (int round = 0; round < 12; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      BanFile file(path());
      for (int i = 0;; ++i) {
        if (i == round % 5 && ::write(ready[1], "x", 1) != 1) _exit(1);
        const auto name = "r" + std::to_string(round) + "_" + std::to_string(i);
        const auto done = file.edit([&](BanDocument& document) {
          document.add(wish(name), true);
          return true;
        });
        if (!done) _exit(1);
      }
    }
    char one = 0;
    ASSERT_EQ(::read(ready[0], &one, 1), 1);
    for (int i = 0; i < round * 20'000; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    const std::size_t after = names().size();
    EXPECT_GE(after, before);
    before = after;
  }
  BanFile file(path());
  add(file, "last");
  EXPECT_TRUE(names().contains("last"));
}

}  // namespace
}  // namespace drawbridge::core
