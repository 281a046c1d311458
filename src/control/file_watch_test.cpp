// Long because there are many ways to replace a file, and one harness that sees all of them.
#include "control/file_watch.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>
#include <string>

namespace drawbridge::control {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() {
    std::string pattern = fs::temp_directory_path() / "drawbridge-watch-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    options_.quiet = milliseconds{20};
    options_.at_most = milliseconds{200};
  }
  ~FileWatchTest() override {
    end();
    fs::remove_all(folder_);
  }

  void begin() {
    watch_ = std::make_unique<FileWatch>(control_, options_);
    control_.start();
  }
  void end() {
    control_.run_and_wait([this] {
      handle_.release();
      watch_.reset();
    });
    control_.stop();
    control_.join();
    handle_.release();
    watch_.reset();
  }
  void watch_folder(const fs::path& path) {
    control_.run_and_wait([&] {
      handle_ = watch_->watch_folder(path, [this](const ChangedPaths& paths) { record(paths); });
    });
  }
  void watch_file(const fs::path& path) {
    control_.run_and_wait([&] {
      handle_ = watch_->watch_file(path, [this](const ChangedPaths& paths) { record(paths); });
    });
  }
  void record(const ChangedPaths& paths) {
    const std::lock_guard lock(mutex_);
    ++batches_;
    last_batch_ = Clock::now();
    if (paths.empty()) anything_ = true;
    seen_.insert(seen_.end(), paths.begin(), paths.end());
    changed_.notify_all();
  }
  // Whether `path` was reported since the last call of forget().
  bool reported(const fs::path& path) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{20}, [&] {
      return std::find(seen_.begin(), seen_.end(), path) != seen_.end();
    });
  }
  bool reported_anything() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{20}, [&] { return anything_; });
  }
  ChangedPaths seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  // Waits until no batch is being gathered any more, then forgets what was reported: a sentinel
  // file of its own is watched and changed after all that happened before.
  void forget() {
    const fs::path sentinel = folder_ / ("sentinel-" + std::to_string(++sentinels_));
    std::promise<void> settled;
    FileWatch::Handle handle;
    control_.run_and_wait([&] {
      handle = watch_->watch_file(sentinel, [&](const ChangedPaths&) {
        handle.release();
        settled.set_value();
      });
    });
    std::ofstream(sentinel) << "x";
    ASSERT_EQ(settled.get_future().wait_for(seconds{20}), std::future_status::ready);
    control_.run_and_wait([] {});
    const std::lock_guard lock(mutex_);
    seen_.clear();
    anything_ = false;
    batches_ = 0;
  }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  static void replace(const fs::path& path, const std::string& text) {
    const fs::path draft = path.parent_path() / ".draft";
    write(draft, text);
    fs::rename(draft, path);
  }
  // Watches that the kernel holds for our inotify descriptor.
  static std::size_t kernel_watches() {
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (fs::read_symlink(entry.path(), gone) != "anon_inode:inotify") continue;
      std::ifstream info("/proc/self/fdinfo/" + entry.path().filename().string());
      std::size_t watches = 0;
      for (std::string line; std::getline(info, line);) {
        watches += line.starts_with("inotify ") ? 1U : 0U;
      }
      return watches;
    }
    return 0;
  }

  fs::path folder_;
  FileWatchOptions options_;
  ControlThread control_;
  std::unique_ptr<FileWatch> watch_;
  FileWatch::Handle handle_;

  std::mutex mutex_;
  std::condition_variable changed_;
  ChangedPaths seen_;
  bool anything_ = false;
  int batches_ = 0;
  TimePoint last_batch_;
  int sentinels_ = 0;
};

TEST_F(FileWatchTest, ReportsEachKindOfChangeInAFolder) {
  const fs::path servers = folder_ / "servers";
  fs::create_directory(servers);
  write(servers / "old.toml", "1");
  begin();
  watch_folder(servers);
  write(servers / "new.toml", "1");
  EXPECT_TRUE(reported(servers / "new.toml"));
  forget();
  write(servers / "old.toml", "2");
  EXPECT_TRUE(reported(servers / "old.toml"));
  forget();
  replace(servers / "old.toml", "3");
  EXPECT_TRUE(reported(servers / "old.toml"));
  forget();
  fs::remove(servers / "old.toml");
  EXPECT_TRUE(reported(servers / "old.toml"));
  forget();
  fs::rename(servers / "new.toml", folder_ / "elsewhere");
  EXPECT_TRUE(reported(servers / "new.toml"));
}

TEST_F(FileWatchTest, FolderMayAppearLaterWithAllItsParents) {
  const fs::path servers = folder_ / "a" / "b" / "servers";
  begin();
  watch_folder(servers);
  fs::create_directory(folder_ / "a");
  fs::create_directory(folder_ / "a" / "b");
  fs::create_directory(servers);
  EXPECT_TRUE(reported(servers));
  forget();
  write(servers / "x.toml", "1");
  EXPECT_TRUE(reported(servers / "x.toml"));
}

TEST_F(FileWatchTest, FolderMayAppearWhileTheThreadIsBusy) {
  // All of it happens before the first event is looked at.
  const fs::path servers = folder_ / "a" / "servers";
  begin();
  watch_folder(servers);
  control_.run_and_wait([&] {
    fs::create_directories(servers);
    write(servers / "x.toml", "1");
  });
  EXPECT_TRUE(reported(servers));
  forget();
  write(servers / "x.toml", "2");
  EXPECT_TRUE(reported(servers / "x.toml"));
}

TEST_F(FileWatchTest, FolderMayBeRemovedAndMadeAnew) {
  const fs::path servers = folder_ / "servers";
  fs::create_directory(servers);
  begin();
  watch_folder(servers);
  fs::remove_all(servers);
  EXPECT_TRUE(reported(servers));
  forget();
  fs::create_directory(servers);
  EXPECT_TRUE(reported(servers));
  forget();
  write(servers / "x.toml", "1");
  EXPECT_TRUE(reported(servers / "x.toml"));
}

TEST_F(FileWatchTest, FolderMayBeSwappedForAnother) {
  const fs::path servers = folder_ / "servers";
  fs::create_directory(servers);
  fs::create_directory(folder_ / "next");
  begin();
  watch_folder(servers);
  fs::rename(servers, folder_ / "before");
  fs::rename(folder_ / "next", servers);
  EXPECT_TRUE(reported(servers));
  forget();
  write(folder_ / "before" / "old.toml", "1");  // no longer ours
  write(servers / "x.toml", "1");
  EXPECT_TRUE(reported(servers / "x.toml"));
  EXPECT_EQ(seen(), ChangedPaths{servers / "x.toml"});
}

TEST_F(FileWatchTest, FolderMayBeALinkThatMoves) {
  fs::create_directory(folder_ / "v1");
  fs::create_directory(folder_ / "v2");
  const fs::path servers = folder_ / "servers";
  fs::create_symlink("v1", servers);
  begin();
  watch_folder(servers);
  write(folder_ / "v1" / "x.toml", "1");
  EXPECT_TRUE(reported(servers / "x.toml"));
  forget();
  fs::create_symlink(folder_ / "v2", folder_ / "link.new");
  fs::rename(folder_ / "link.new", servers);
  EXPECT_TRUE(reported(servers));
  forget();
  write(folder_ / "v2" / "y.toml", "1");
  EXPECT_TRUE(reported(servers / "y.toml"));
}

TEST_F(FileWatchTest, EntriesThatAreLinksAreFollowed) {
  const fs::path servers = folder_ / "servers";
  fs::create_directory(servers);
  fs::create_directory(folder_ / "repository");
  write(folder_ / "repository" / "a.toml", "1");
  write(folder_ / "repository" / "b.toml", "1");
  fs::create_symlink("../repository/a.toml", servers / "a.toml");
  begin();
  watch_folder(servers);
  write(folder_ / "repository" / "a.toml", "2");
  EXPECT_TRUE(reported(servers / "a.toml"));
  forget();
  fs::create_symlink("../repository/b.toml", servers / "b.toml");
  EXPECT_TRUE(reported(servers / "b.toml"));
  forget();
  replace(folder_ / "repository" / "b.toml", "2");
  EXPECT_TRUE(reported(servers / "b.toml"));
}

// A config map volume: entries are links through `..data`, which is swapped by renaming a link.
class ConfigMapTest : public FileWatchTest {
 protected:
  ConfigMapTest() : volume_(folder_ / "volume") {
    fs::create_directory(volume_);
    publish("..2024_01", "1");
    fs::create_symlink("..data/drawbridge.toml", volume_ / "drawbridge.toml");
  }
  void publish(const std::string& version, const std::string& text) {
    fs::create_directory(volume_ / version);
    write(volume_ / version / "drawbridge.toml", text);
    fs::create_symlink(version, volume_ / "..data_tmp");
    fs::rename(volume_ / "..data_tmp", volume_ / "..data");
  }
  fs::path volume_;
};

TEST_F(ConfigMapTest, SwapIsSeenByAFileWatch) {
  begin();
  watch_file(volume_ / "drawbridge.toml");
  for (int i = 2; i < 5; ++i) {
    publish("..2024_0" + std::to_string(i), std::to_string(i));
    EXPECT_TRUE(reported(volume_ / "drawbridge.toml")) << i;
    fs::remove_all(volume_ / ("..2024_0" + std::to_string(i - 1)));
    forget();
  }
}

TEST_F(ConfigMapTest, SwapIsSeenByAFolderWatch) {
  begin();
  watch_folder(volume_);
  publish("..2024_02", "2");
  EXPECT_TRUE(reported(volume_ / "drawbridge.toml"));
}

TEST_F(FileWatchTest, ReportsEachKindOfChangeOfAFile) {
  const fs::path file = folder_ / "drawbridge.toml";
  begin();
  watch_file(file);  // missing
  write(file, "1");
  EXPECT_TRUE(reported(file));
  forget();
  write(file, "2");  // in place
  EXPECT_TRUE(reported(file));
  forget();
  replace(file, "3");  // as editors do
  EXPECT_TRUE(reported(file));
  forget();
  write(file, "4");  // in place, of the new inode
  EXPECT_TRUE(reported(file));
  forget();
  fs::remove(file);
  EXPECT_TRUE(reported(file));
  forget();
  fs::rename(folder_ / "sentinel-1", file);
  EXPECT_TRUE(reported(file));
}

TEST_F(FileWatchTest, NeighboursAndRightsAreNoChange) {
  const fs::path file = folder_ / "drawbridge.toml";
  const fs::path servers = folder_ / "servers";
  fs::create_directory(servers);
  write(servers / "a.toml", "1");
  write(file, "1");
  begin();
  FileWatch::Handle other;
  control_.run_and_wait([&] {
    other = watch_->watch_folder(servers, [this](const ChangedPaths& paths) { record(paths); });
  });
  watch_file(file);
  write(folder_ / "drawbridge.log", "line\n");
  chmod(file.c_str(), 0600);
  chmod((servers / "a.toml").c_str(), 0600);
  utimes((servers / "a.toml").c_str(), nullptr);
  write(servers / "b.toml", "1");
  write(file, "2");
  EXPECT_TRUE(reported(file));
  EXPECT_TRUE(reported(servers / "b.toml"));
  for (const fs::path& path : seen())
    EXPECT_TRUE(path == file || path == servers / "b.toml") << path;
  control_.run_and_wait([&] { other.release(); });
}

TEST_F(FileWatchTest, CallsNotBeforeItIsQuiet) {
  options_.quiet = milliseconds{50};
  options_.at_most = hours{1};
  begin();
  watch_folder(folder_);
  TimePoint last;
  for (int i = 0; i < 20; ++i) {
    last = Clock::now();
    write(folder_ / "x.toml", std::to_string(i));
    control_.run_and_wait([] {});
  }
  ASSERT_TRUE(reported(folder_ / "x.toml"));
  const std::lock_guard lock(mutex_);
  EXPECT_GE(last_batch_ - last, milliseconds{50});
}

TEST_F(FileWatchTest, CallsAtTheLatestWhenItIsNeverQuiet) {
  options_.quiet = hours{1};
  options_.at_most = milliseconds{20};
  begin();
  watch_folder(folder_);
  write(folder_ / "x.toml", "1");
  EXPECT_TRUE(reported(folder_ / "x.toml"));
}

TEST_F(FileWatchTest, ManyPathsAreReportedAsAnything) {
  options_.max_paths = 10;
  options_.quiet = milliseconds{100};
  begin();
  watch_folder(folder_);
  control_.run_and_wait([&] {
    for (int i = 0; i < 30; ++i) write(folder_ / std::to_string(i), "1");
  });
  EXPECT_TRUE(reported_anything());
}

TEST_F(FileWatchTest, OverflowOfTheQueueIsReportedAsAnything) {
  std::size_t queue = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
  if (queue == 0 || queue > 200'000) GTEST_SKIP() << "the queue of this kernel is too long to fill";
  begin();
  watch_folder(folder_);
  control_.run_and_wait([&] {
    write(folder_ / "0", "");
    for (std::size_t i = 0; i < queue; ++i) {  // two events each
      fs::rename(folder_ / std::to_string(i % 2), folder_ / std::to_string((i + 1) % 2));
    }
  });
  EXPECT_TRUE(reported_anything());
  forget();
  write(folder_ / "x.toml", "1");
  EXPECT_TRUE(reported(folder_ / "x.toml"));
}

TEST_F(FileWatchTest, ReleasedWatchIsSilentAndLeavesNothingBehind) {
  begin();
  watch_folder(folder_ / "servers");
  EXPECT_GT(kernel_watches(), 0U);
  control_.run_and_wait([&] {
    fs::create_directory(folder_ / "servers");
    handle_.release();
  });
  EXPECT_EQ(kernel_watches(), 0U);
  forget();
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(kernel_watches(), 0U);
}

TEST_F(FileWatchTest, KernelWatchesDoNotPileUp) {
  const fs::path file = folder_ / "drawbridge.toml";
  write(file, "0");
  begin();
  watch_file(file);
  const std::size_t before = kernel_watches();
  for (int i = 0; i < 20; ++i) {
    replace(file, std::to_string(i));
    ASSERT_TRUE(reported(file));
    forget();
  }
  EXPECT_EQ(kernel_watches(), before);
}

TEST_F(FileWatchTest, CallbackMayDestroyItsWatch) {
  begin();
  std::promise<void> called;
  control_.run_and_wait([&] {
    handle_ = watch_->watch_folder(folder_, [&](const ChangedPaths&) {
      handle_.release();
      watch_.reset();
      called.set_value();
    });
  });
  write(folder_ / "x.toml", "1");
  EXPECT_EQ(called.get_future().wait_for(seconds{20}), std::future_status::ready);
}

TEST_F(FileWatchTest, LinksThatLeadInCirclesEnd) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  begin();
  watch_file(folder_ / "a");
  fs::remove(folder_ / "b");
  write(folder_ / "b", "1");
  EXPECT_TRUE(reported(folder_ / "a"));
}

}  // namespace
}  // namespace drawbridge::control
