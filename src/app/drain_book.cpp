#include "app/drain_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace drawbridge::app {

DrainBook::DrainBook(control::FileWatch& watch, std::filesystem::path file,
                     core::BackendPools& pools)
    : file_(std::move(file)),
      pools_(pools),
      watch_(watch.watch_file(file_, [this](const control::ChangedPaths&) { read(); })) {
  read();
}

void DrainBook::read() {
  const auto read = core::load_drains(file_);
  if (!read) {
    log::error("balance", "drained addresses stay as they are", {{"reason", read.error().what}});
    return;
  }
  for (const std::string& problem : read->problems)
    log::error("balance", "a line is left out", {{"file", file_.string()}, {"reason", problem}});
  list_ = read->list;
  pools_.set_drained(list_);
  tell();
}

void DrainBook::set_world(core::WorldPtr world) {
  world_ = std::move(world);
  tell();
}

// Empty: it is there.
std::string DrainBook::why_not(const core::DrainedAddress& one) const {
  const core::Server* server = world_->find(one.server);
  if (server == nullptr)
    return fmt::format("there is no server {} (yet)", escaped_for_log(one.server, 64));
  const auto addresses = server->pool->addresses();
  const bool known = std::ranges::any_of(
      addresses, [&](const auto& address) { return address.text == one.address; });
  if (known) return {};
  return fmt::format("{} has no address {} (yet)", one.server, escaped_for_log(one.address, 256));
}

// What is different from the last time.
void DrainBook::tell() {
  if (!world_) return;
  std::set<std::string> wrong;
  core::DrainList drained;
  for (const core::DrainedAddress& one : list_) {
    if (std::string why = why_not(one); !why.empty())
      wrong.insert(std::move(why));
    else
      drained.insert(one);
  }
  for (const core::DrainedAddress& one : drained)
    if (!drained_.contains(one))
      log::info("balance", "address drained", {{"server", one.server}, {"address", one.address}});
  for (const core::DrainedAddress& one : drained_)
    if (!list_.contains(one))
      log::info("balance", "address no longer drained",
                {{"server", one.server}, {"address", one.address}});
  for (const std::string& why : wrong)
    if (!wrong_.contains(why))
      log::warn("balance", "a line drains nothing", {{"file", file_.string()}, {"reason", why}});
  drained_ = std::move(drained);
  wrong_ = std::move(wrong);
}

Result<> DrainBook::change(const std::string& server, const std::string& address, bool drained) {
  auto saved = core::change_drains(file_, {.server = server, .address = address}, drained);
  if (saved) read();
  return saved;
}

}  // namespace drawbridge::app
