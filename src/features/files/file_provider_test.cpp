#include "features/files/file_provider.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

namespace drawbridge::features::files {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string pattern = fs::temp_directory_path() / "drawbridge-files-XXXXXX";
    root_ = mkdtemp(pattern.data());
    folder_ = root_ / "servers";
    fs::create_directory(folder_);
  }
  ~FilesTest() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  void replace(const std::string& name, const std::string& text) const {
    write("draft", text);
    fs::rename(folder_ / "draft", folder_ / name);
  }
  // "a.toml=text" or "a.toml gone", in order.
  static std::vector<std::string> told(const FileBatch& batch) {
    std::vector<std::string> out;
    for (const FileChange& change : batch.changes) {
      out.push_back(change.path.filename().string() +
                    (change.bytes ? "=" + *change.bytes : " gone"));
    }
    return out;
  }
  static std::vector<std::string> faulty(const FileBatch& batch) {
    std::vector<std::string> out;
    for (const FileFault& fault : batch.faults) out.push_back(fault.path.filename().string());
    return out;
  }
  // Scans until files are old enough for their stamps to be trusted.
  static void settle(FolderSnapshot& snapshot) {
    for (std::uint64_t before = ~std::uint64_t{0}; before != snapshot.reads();) {
      before = snapshot.reads();
      EXPECT_TRUE(snapshot.scan().empty());
    }
  }
  using Told = std::vector<std::string>;

  fs::path root_, folder_;
};

TEST_F(FilesTest, ReadsServerFilesOfTheTopLevelOnly) {
  write("b.toml", "B");
  write("a.toml", "A");
  write("empty.toml", "");
  write("notes.txt", "x");
  write("a.toml.bak", "x");
  write(".hidden.toml", "x");
  fs::create_directory(folder_ / "folder.toml");
  fs::create_directory(folder_ / "below");
  write("below/c.toml", "x");
  fs::create_symlink("nowhere", folder_ / "dangling.toml");
  write("real", "L");
  fs::create_symlink("real", folder_ / "link.toml");
  mkfifo((folder_ / "pipe.toml").c_str(), 0600);
  FolderSnapshot snapshot(folder_);
  const FileBatch batch = snapshot.scan();
  EXPECT_EQ(told(batch), (Told{"a.toml=A", "b.toml=B", "empty.toml=", "link.toml=L"}));
  EXPECT_TRUE(batch.faults.empty());
  EXPECT_EQ(batch.changes[0].path, folder_ / "a.toml");
  EXPECT_EQ(snapshot.size(), 4U);
}

TEST_F(FilesTest, TellsWhatChangedAndNothingElse) {
  for (const char* name : {"a.toml", "b.toml", "c.toml", "d.toml"}) write(name, "1");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(snapshot.scan().changes.size(), 4U);
  EXPECT_TRUE(snapshot.scan().empty());
  write("b.toml", "2");
  fs::remove(folder_ / "c.toml");
  replace("d.toml", "4");
  write("aa.toml", "new");
  EXPECT_EQ(told(snapshot.scan()), (Told{"aa.toml=new", "b.toml=2", "c.toml gone", "d.toml=4"}));
  EXPECT_TRUE(snapshot.scan().empty());
  write("c.toml", "1");
  EXPECT_EQ(told(snapshot.scan()), Told{"c.toml=1"});
}

TEST_F(FilesTest, SameBytesAreNoChange) {
  write("a.toml", "1");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(snapshot.scan().changes.size(), 1U);
  replace("a.toml", "1");
  chmod((folder_ / "a.toml").c_str(), 0640);
  utimes((folder_ / "a.toml").c_str(), nullptr);
  EXPECT_TRUE(snapshot.scan().empty());
}

TEST_F(FilesTest, SeesAnEditThatKeepsSizeAndTime) {
  write("a.toml", "1");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(told(snapshot.scan()), Told{"a.toml=1"});
  settle(snapshot);
  struct stat before{};
  stat((folder_ / "a.toml").c_str(), &before);
  write("a.toml", "2");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  utimensat(AT_FDCWD, (folder_ / "a.toml").c_str(), times, 0);
  EXPECT_EQ(told(snapshot.scan()), Told{"a.toml=2"});
}

TEST_F(FilesTest, SeesEditsFasterThanTheClockOfTheFileSystem) {
  FolderSnapshot snapshot(folder_);
  for (int i = 0; i < 200; ++i) {
    write("a.toml", std::to_string(i % 10));
    EXPECT_EQ(told(snapshot.scan()), Told{"a.toml=" + std::to_string(i % 10)});
  }
}

TEST_F(FilesTest, FileWrittenJustNowIsReadAgain) {
  // Its stamp cannot be trusted yet, on kernels with coarse stamps. On a busy machine it may be old
  // by the time that it is read, hence the tries.
  FolderSnapshot snapshot(folder_);
  bool again = false;
  for (const TimePoint end = Clock::now() + seconds{20}; !again && Clock::now() < end;) {
    write("a.toml", "1");
    (void)snapshot.scan();
    const std::uint64_t before = snapshot.reads();
    (void)snapshot.scan();
    again = snapshot.reads() > before;
  }
  EXPECT_TRUE(again);
}

TEST_F(FilesTest, OneEditAmongThousandsReadsOneFile) {
  for (int i = 0; i < 2'000; ++i) write("server" + std::to_string(i) + ".toml", std::to_string(i));
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(snapshot.scan().changes.size(), 2'000U);
  settle(snapshot);
  const std::uint64_t before = snapshot.reads();
  write("server777.toml", "edited");
  EXPECT_EQ(told(snapshot.scan()), Told{"server777.toml=edited"});
  EXPECT_EQ(snapshot.reads(), before + 1);
}

TEST_F(FilesTest, FolderThatIsMissingHasNoFiles) {
  write("a.toml", "1");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(snapshot.scan().changes.size(), 1U);
  fs::remove_all(folder_);
  EXPECT_EQ(told(snapshot.scan()), Told{"a.toml gone"});
  EXPECT_TRUE(snapshot.scan().empty());
  fs::create_directory(folder_);
  write("b.toml", "2");
  EXPECT_EQ(told(snapshot.scan()), Told{"b.toml=2"});
}

TEST_F(FilesTest, TooLargeFileIsAFaultAndKeepsWhatWas) {
  write("a.toml", "1");
  write("b.toml", "1");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(snapshot.scan().changes.size(), 2U);
  EXPECT_FALSE(snapshot.has_faults());
  fs::resize_file(folder_ / "a.toml", FolderSnapshot::max_file_size + 1);
  const FileBatch batch = snapshot.scan();
  EXPECT_TRUE(batch.changes.empty());
  EXPECT_EQ(faulty(batch), Told{"a.toml"});
  EXPECT_TRUE(snapshot.has_faults());
  EXPECT_TRUE(snapshot.scan().empty()) << "told once";
  write("a.toml", "1");
  EXPECT_TRUE(snapshot.scan().empty()) << "the same bytes as before";
  EXPECT_FALSE(snapshot.has_faults());
  fs::resize_file(folder_ / "b.toml", FolderSnapshot::max_file_size + 1);
  EXPECT_EQ(faulty(snapshot.scan()), Told{"b.toml"});
  fs::remove(folder_ / "b.toml");
  EXPECT_EQ(told(snapshot.scan()), Told{"b.toml gone"});
}

TEST_F(FilesTest, LinksInACircleAreAFault) {
  fs::create_symlink("b.toml", folder_ / "a.toml");
  fs::create_symlink("a.toml", folder_ / "b.toml");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(faulty(snapshot.scan()), (Told{"a.toml", "b.toml"}));
}

TEST_F(FilesTest, UnreadableFileAndFolderKeepWhatWas) {
  if (geteuid() == 0) {
    // Root reads everything: be somebody else for this test, who owns the folder.
    ASSERT_EQ(chown(root_.c_str(), 65534, 65534), 0);
    ASSERT_EQ(chown(folder_.c_str(), 65534, 65534), 0);
    ASSERT_EQ(seteuid(65534), 0);
  }
  write("a.toml", "1");
  FolderSnapshot snapshot(folder_);
  EXPECT_EQ(told(snapshot.scan()), Told{"a.toml=1"});
  write("a.toml", "2");
  chmod((folder_ / "a.toml").c_str(), 0);
  EXPECT_EQ(faulty(snapshot.scan()), Told{"a.toml"});
  chmod(folder_.c_str(), 0);
  const FileBatch batch = snapshot.scan();
  EXPECT_TRUE(batch.changes.empty());
  EXPECT_EQ(faulty(batch), Told{"servers"});
  chmod(folder_.c_str(), 0700);
  chmod((folder_ / "a.toml").c_str(), 0600);
  EXPECT_EQ(told(snapshot.scan()), Told{"a.toml=2"});
  if (getuid() == 0) {
    ASSERT_EQ(seteuid(0), 0);
  }
}

class ProviderTest : public FilesTest {
 protected:
  ProviderTest() : watch_(control_, quick()), provider_(make_provider()) {}
  ~ProviderTest() override {
    control_.stop();
    control_.join();
  }
  static control::FileWatchOptions quick() {
    control::FileWatchOptions options;
    options.quiet = milliseconds{20};
    options.at_most = milliseconds{200};
    return options;
  }
  FileProvider make_provider() {
    return FileProvider(control_, watch_, folder_, [this](FileBatch batch) {
      EXPECT_TRUE(control_.is_current());
      EXPECT_FALSE(batch.empty());
      const std::lock_guard lock(mutex_);
      for (std::string& line : told(batch)) told_.push_back(std::move(line));
      changed_.notify_all();
    });
  }
  bool is_told(const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{20}, [&] {
      return std::find(told_.begin(), told_.end(), line) != told_.end();
    });
  }

  control::ControlThread control_;
  control::FileWatch watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Told told_;
  FileProvider provider_;
};

TEST_F(ProviderTest, FollowsTheFolder) {
  write("a.toml", "1");
  EXPECT_EQ(told(provider_.start()), Told{"a.toml=1"});
  write("b.toml", "2");  // between loading and the start of the thread
  control_.start();
  EXPECT_TRUE(is_told("b.toml=2"));
  replace("a.toml", "3");
  EXPECT_TRUE(is_told("a.toml=3"));
  fs::remove(folder_ / "a.toml");
  EXPECT_TRUE(is_told("a.toml gone"));
}

TEST_F(ProviderTest, FolderMayBeMissingAtStart) {
  fs::remove(folder_);
  EXPECT_TRUE(provider_.start().empty());
  control_.start();
  fs::create_directory(folder_);
  write("a.toml", "1");
  EXPECT_TRUE(is_told("a.toml=1"));
  write("a.toml", "2");
  EXPECT_TRUE(is_told("a.toml=2"));
}

TEST_F(ProviderTest, RescanIsNotToldTwice) {
  EXPECT_TRUE(provider_.start().empty());
  write("a.toml", "1");
  EXPECT_EQ(told(provider_.rescan()), Told{"a.toml=1"});
  control_.start();
  write("b.toml", "2");
  EXPECT_TRUE(is_told("b.toml=2"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(told_, Told{"b.toml=2"});
}

TEST_F(ProviderTest, AConfigMapSwapIsOneFolderChange) {
  fs::create_directory(folder_ / "..1");
  fs::create_directory(folder_ / "..2");
  write("..1/a.toml", "1");
  write("..2/a.toml", "2");
  fs::create_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/a.toml", folder_ / "a.toml");
  EXPECT_EQ(told(provider_.start()), Told{"a.toml=1"});
  control_.start();
  fs::create_symlink("..2", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  EXPECT_TRUE(is_told("a.toml=2"));
}

}  // namespace
}  // namespace drawbridge::features::files
