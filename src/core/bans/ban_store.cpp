#include "core/bans/ban_store.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace drawbridge::core {

namespace {

// A ban shall hold within a second of being written.
constexpr control::FileWatchOptions quick = {
    .quiet = milliseconds(30), .at_most = milliseconds(300), .max_paths = 16};
constexpr Duration lock_patience = seconds(1);

}  // namespace

BanStore::BanStore(control::ControlThread& control, OnChange on_change)
    : control_(control), on_change_(std::move(on_change)), watch_(control, quick) {}

Result<> BanStore::configure(const config::Ban& settings) {
  settings_ = settings;
  const bool ours = settings.provider == "builtin";
  if (!ours && file_) {
    handle_.release();
    file_.reset();
    purge_timer_.cancel();
    hand_on({});
  }
  if (!ours) return {};
  if (!file_) {
    file_ = std::make_unique<BanFile>(settings.file);
    file_->patience = lock_patience;
    // First watched, then read: nothing is lost in between.
    handle_ = watch_.watch_file(settings.file, [this](const control::ChangedPaths&) { reload(); });
    auto begun = begin();
    if (!begun) {  // the next reload tries again
      handle_.release();
      file_.reset();
      return begun;
    }
  }
  schedule_purge();
  return {};
}

Result<> BanStore::begin() {
  auto read = file_->read();
  if (!read) return std::unexpected(std::move(read.error()));
  if (read->corrupt.empty()) {
    take_over(*std::move(read));
    return {};
  }
  // The file is kept for whoever can repair it.
  const std::string what = file_->path().native() + " " + read->corrupt;
  auto aside = file_->set_aside();
  if (!aside) return fail(Fault::proxy, "{}; and {}", what, aside.error().what);
  log::error("bans", "the ban file was corrupt and was moved away; nobody is banned",
             {{"reason", what}, {"moved_to", aside->native()}});
  hand_on({});
  return {};
}

void BanStore::reload() {
  if (!file_) return;
  auto read = file_->read();
  if (read && read->corrupt.empty()) return take_over(*std::move(read));
  // Perhaps an editor is not done yet.
  complain((read ? file_->path().native() + " " + read->corrupt : read.error().what) +
           "; the bans that were read before still hold");
}

void BanStore::complain(const std::string& problem) {
  if (problem == last_problem_) return;
  last_problem_ = problem;
  if (!problem.empty()) log::error("bans", problem);
}

void BanStore::take_over(BanFileRead read) {
  std::string problems;
  for (const std::string& problem : read.document.problems())
    problems += (problems.empty() ? file_->path().native() + ": " : "; ") + problem;
  complain(problems);
  if (read.document.made_up_ids()) {
    auto written = file_->edit([](BanDocument& document) { return document.made_up_ids(); });
    if (!written)
      log::warn("bans", "ids could not be written down", {{"reason", written.error().what}});
    auto again = file_->read();
    if (again && again->corrupt.empty()) read = *std::move(again);
  }
  hand_on(read.document.bans());
}

void BanStore::hand_on(std::vector<Ban> bans) {
  const std::size_t before = list_ ? list_->bans().size() : 0;
  if (bans.size() != before)
    log::info("bans", "bans read", {{"bans", bans.size()}, {"before", before}});
  list_ = std::make_shared<const BanList>(std::move(bans));
  on_change_(list_);
}

void BanStore::schedule_purge() {
  purge_timer_ = control_.after(settings_.purge_interval, [this] {
    purge();
    schedule_purge();
  });
}

void BanStore::purge() {
  const UnixSeconds now = unix_now();
  const bool any = list_ && std::ranges::any_of(list_->bans(),
                                                [&](const Ban& ban) { return !ban.holds_at(now); });
  if (!any) return;
  auto done = file_->edit([&](BanDocument& document) {
    return !document.purge(now, settings_.enable_audit_log).empty();
  });
  if (!done) {
    complain(done.error().what);
    return;
  }
  reload();
}

}  // namespace drawbridge::core
