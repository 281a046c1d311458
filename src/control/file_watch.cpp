// One inotify descriptor for all watches. Each watched path is walked from the root, as the kernel
// would, through symbolic links; every folder that the walk looks into gets an inotify watch for
// the one name that leads on ("step"), and the end of the walk one for its content. After any
// change to a step the walk is done again.
//
// The order in a walk is: watch the folder, then look the name up. So whatever the look-up does not
// see raises an event. A little over 400 lines: the walk and what it watches are one state.
#include "control/file_watch.hpp"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "control/loop.hpp"

namespace drawbridge::control {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t names_mask =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
// Not IN_ATTRIB: rights and times change nothing that is read here.
constexpr std::uint32_t bytes_mask = IN_MODIFY | IN_CLOSE_WRITE;

constexpr int max_links = 40;  // as the kernel (path_resolution(7))

enum class Kind : std::uint8_t { file, folder };

// Why a target has an interest in an inotify watch.
enum class Role : std::uint8_t {
  step,     // a folder on the way, for one name
  content,  // the watched folder itself, for all names
  bytes,    // a file's own inode, for its content
};

struct Interest {
  std::uint64_t target = 0;
  Role role = Role::step;
  std::string name;  // of a step
  fs::path reports;  // the path that has changed when this one fires (content: the folder)
};

struct Target {
  fs::path path;      // as the caller wrote it
  fs::path absolute;  // the same, not resolved
  Kind kind = Kind::file;
  FileWatch::OnChange on_change;

  // The batch that is being gathered.
  std::set<fs::path> changed;
  bool anything = false;
  bool gathering = false;
  TimePoint first, last;
  Timer timer;
};

}  // namespace

struct FileWatch::State : std::enable_shared_from_this<State> {
  State(ControlThread& c, FileWatchOptions o) : control(c), options(o), stream(c.loop().io) {}

  ControlThread& control;
  const FileWatchOptions options;
  asio::posix::stream_descriptor stream;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::shared_ptr<Target>> targets;
  std::unordered_map<int, std::vector<Interest>> watches;  // by inotify's watch descriptor
  bool limit_logged = false;

  void open();
  std::uint64_t add(const fs::path& path, Kind kind, OnChange on_change);
  void remove(std::uint64_t id);

  void wait();
  void read_events();
  void handle(const inotify_event& event, std::string_view name, std::set<std::uint64_t>& rewalk);
  void note(Target& target, std::uint64_t id, const fs::path& path);
  void note_anything(Target& target, std::uint64_t id);
  void gather(Target& target, std::uint64_t id);
  void timer_fired(std::uint64_t id);

  void walk(std::uint64_t id);
  std::optional<fs::path> walk_path(std::uint64_t id, const fs::path& absolute,
                                    const fs::path& reports, std::set<int>& used);
  void walk_links(std::uint64_t id, const Target& target, const fs::path& real,
                  std::set<int>& used);
  bool watch(const fs::path& real, std::uint32_t mask, Interest interest, std::set<int>& used);
  void drop_unused(std::uint64_t id, const std::set<int>& used);
};

// --- Descriptor and targets

void FileWatch::State::open() {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    log::error("files", "cannot watch files, changes need SIGHUP",
               {{"error", std::strerror(errno)}, {"limit", "fs.inotify.max_user_instances"}});
    return;
  }
  stream.assign(fd);
  wait();
}

std::uint64_t FileWatch::State::add(const fs::path& path, Kind kind, OnChange on_change) {
  const std::uint64_t id = ++last_id;
  auto target = std::make_shared<Target>();
  target->path = path;
  std::error_code no_working_folder;
  target->absolute = fs::absolute(path, no_working_folder);
  target->kind = kind;
  target->on_change = std::move(on_change);
  targets.emplace(id, std::move(target));
  walk(id);
  return id;
}

void FileWatch::State::remove(std::uint64_t id) {
  const auto found = targets.find(id);
  if (found == targets.end()) return;
  found->second->timer.cancel();
  const auto last_reference = std::move(found->second);  // may own a handle itself
  targets.erase(found);
  drop_unused(id, {});
}

// --- Events

void FileWatch::State::wait() {
  stream.async_wait(asio::posix::stream_descriptor::wait_read,
                    [weak = weak_from_this()](boost::system::error_code error) {
                      const auto alive = weak.lock();
                      if (!alive || error) return;
                      alive->read_events();
                      alive->wait();
                    });
}

void FileWatch::State::read_events() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  std::set<std::uint64_t> rewalk;
  // At most 64 buffers a turn: a folder that is written to without end must not hold the thread.
  for (int turn = 0; turn < 64; ++turn) {
    const ssize_t n = ::read(stream.native_handle(), buffer.data(), buffer.size());
    if (n <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      handle(event, {name, event.len > 0 ? strnlen(name, event.len) : 0}, rewalk);
      at += sizeof event + event.len;
    }
  }
  for (const std::uint64_t id : rewalk) walk(id);
}

void FileWatch::State::handle(const inotify_event& event, std::string_view name,
                              std::set<std::uint64_t>& rewalk) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    log::warn("files", "too many changes at once, everything is read again");
    for (const auto& [id, target] : targets) {
      note_anything(*target, id);
      rewalk.insert(id);
    }
    return;
  }
  const auto found = watches.find(event.wd);
  if (found == watches.end()) return;  // of a watch that has been removed
  const bool about_itself =
      (event.mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0;
  for (const Interest& interest : found->second) {
    Target& target = *targets.at(interest.target);
    if (about_itself || (interest.role == Role::step && interest.name == name)) {
      rewalk.insert(interest.target);
      note(target, interest.target, interest.reports);
    } else if (interest.role == Role::content && !name.empty()) {
      note(target, interest.target, interest.reports / name);
    } else if (interest.role == Role::bytes && (event.mask & bytes_mask) != 0) {
      note(target, interest.target, interest.reports);
    }
  }
  if ((event.mask & IN_IGNORED) != 0) watches.erase(found);
}

// --- Batches

void FileWatch::State::note(Target& target, std::uint64_t id, const fs::path& path) {
  if (!target.anything) target.changed.insert(path);
  if (target.changed.size() > options.max_paths) {
    target.changed.clear();
    target.anything = true;
  }
  gather(target, id);
}

void FileWatch::State::note_anything(Target& target, std::uint64_t id) {
  target.changed.clear();
  target.anything = true;
  gather(target, id);
}

void FileWatch::State::gather(Target& target, std::uint64_t id) {
  target.last = Clock::now();
  if (std::exchange(target.gathering, true)) return;
  target.first = target.last;
  target.timer =
      control.after(std::min(options.quiet, options.at_most), [this, id] { timer_fired(id); });
}

void FileWatch::State::timer_fired(std::uint64_t id) {
  const auto target = targets.at(id);
  // The timer is not moved by each event; it looks at its end whether it has to run on.
  const TimePoint due = std::min(target->last + options.quiet, target->first + options.at_most);
  const TimePoint now = Clock::now();
  if (now < due) {
    target->timer = control.after(due - now, [this, id] { timer_fired(id); });
    return;
  }
  target->gathering = false;
  ChangedPaths changed;
  if (!std::exchange(target->anything, false)) {
    changed.assign(target->changed.begin(), target->changed.end());
  }
  target->changed.clear();
  // Links inside a folder may have come or gone.
  if (target->kind == Kind::folder) walk(id);
  target->on_change(changed);  // may remove any target, and this object
}

// --- Walking

namespace {

std::deque<std::string> parts_of(const fs::path& path) {
  std::deque<std::string> parts;
  for (const fs::path& part : path.relative_path()) {
    if (!part.empty() && part != ".") parts.push_back(part.string());
  }
  return parts;
}

bool is_link(const fs::path& path, std::string& leads_to) {
  std::array<char, 4096> text;
  const ssize_t n = readlink(path.c_str(), text.data(), text.size());
  if (n < 0) return false;
  leads_to.assign(text.data(), static_cast<std::size_t>(n));
  return true;
}

}  // namespace

// The end of the way, all links resolved, or nothing where it stops at a name that is missing.
std::optional<fs::path> FileWatch::State::walk_path(std::uint64_t id, const fs::path& absolute,
                                                    const fs::path& reports, std::set<int>& used) {
  fs::path here = "/";
  std::deque<std::string> parts = parts_of(absolute);
  int links = 0;
  while (!parts.empty()) {
    const std::string name = std::move(parts.front());
    parts.pop_front();
    if (name == "..") {
      here = here.parent_path();
      continue;
    }
    watch(here, names_mask | IN_ONLYDIR, {id, Role::step, name, reports}, used);
    const fs::path next = here / name;
    std::string leads_to;
    if (is_link(next, leads_to)) {
      if (++links > max_links) return std::nullopt;
      const auto further = parts_of(leads_to);
      parts.insert(parts.begin(), further.begin(), further.end());
      if (leads_to.starts_with('/')) here = "/";
      continue;
    }
    struct stat status{};
    if (lstat(next.c_str(), &status) != 0) return std::nullopt;
    if (!parts.empty() && !S_ISDIR(status.st_mode)) return std::nullopt;
    here = next;
  }
  return here;
}

void FileWatch::State::walk(std::uint64_t id) {
  const auto found = targets.find(id);
  if (found == targets.end() || !stream.is_open()) return;
  const Target& target = *found->second;
  std::set<int> used;
  // Old interests go first: the walk adds them anew, to the same watches where nothing has changed.
  for (auto& [wd, interests] : watches) {
    std::erase_if(interests, [id](const Interest& i) { return i.target == id; });
  }
  const auto real = walk_path(id, target.absolute, target.path, used);
  if (real && target.kind == Kind::file) {
    watch(*real, bytes_mask, {id, Role::bytes, {}, target.path}, used);
  } else if (real) {
    if (watch(*real, names_mask | bytes_mask | IN_ONLYDIR, {id, Role::content, {}, target.path},
              used)) {
      walk_links(id, target, *real, used);
    }
  }
  drop_unused(id, used);
}

// Entries of a watched folder that are links: their ends are files elsewhere.
void FileWatch::State::walk_links(std::uint64_t id, const Target& target, const fs::path& real,
                                  std::set<int>& used) {
  DIR* folder = opendir(real.c_str());
  if (folder == nullptr) return;
  std::size_t links = 0;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) continue;
    std::string leads_to;
    if (!is_link(real / entry->d_name, leads_to)) continue;
    if (++links > options.max_paths) break;
    const fs::path reports = target.path / entry->d_name;
    const auto end = walk_path(id, real / entry->d_name, reports, used);
    struct stat status{};
    if (end && stat(end->c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      watch(*end, bytes_mask, {id, Role::bytes, {}, reports}, used);
    }
  }
  closedir(folder);
}

bool FileWatch::State::watch(const fs::path& real, std::uint32_t mask, Interest interest,
                             std::set<int>& used) {
  // IN_MASK_ADD: the same folder may serve several targets in several roles.
  const int wd = inotify_add_watch(stream.native_handle(), real.c_str(), mask | IN_MASK_ADD);
  if (wd < 0) {
    if (errno == ENOSPC && !std::exchange(limit_logged, true)) {
      log::warn("files", "not everything can be watched, some changes need SIGHUP",
                {{"path", real.string()}, {"limit", "fs.inotify.max_user_watches"}});
    }
    return false;
  }
  used.insert(wd);
  watches[wd].push_back(std::move(interest));
  return true;
}

void FileWatch::State::drop_unused(std::uint64_t id, const std::set<int>& used) {
  for (auto at = watches.begin(); at != watches.end();) {
    if (!used.contains(at->first)) {
      std::erase_if(at->second, [id](const Interest& i) { return i.target == id; });
    }
    if (at->second.empty()) {
      inotify_rm_watch(stream.native_handle(), at->first);
      at = watches.erase(at);
    } else {
      ++at;
    }
  }
}

// --- FileWatch

FileWatch::FileWatch(ControlThread& control, FileWatchOptions options)
    : state_(std::make_shared<State>(control, options)) {
  state_->open();
}

FileWatch::~FileWatch() {
  for (const auto& [id, target] : state_->targets) target->timer.cancel();
  std::exchange(state_->targets, {}).clear();
  state_->watches.clear();
  if (state_->stream.is_open()) state_->stream.close();
}

FileWatch::Handle FileWatch::watch_folder(const fs::path& folder, OnChange on_change) {
  return {state_, state_->add(folder, Kind::folder, std::move(on_change))};
}

FileWatch::Handle FileWatch::watch_file(const fs::path& file, OnChange on_change) {
  return {state_, state_->add(file, Kind::file, std::move(on_change))};
}

FileWatch::Handle& FileWatch::Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
    id_ = other.id_;
  }
  return *this;
}

void FileWatch::Handle::release() {
  if (const auto state = std::exchange(state_, {}).lock()) state->remove(id_);
}

}  // namespace drawbridge::control
