#include "kit/proxy_rig.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/log.hpp"

namespace drawbridge::kit {

namespace fs = std::filesystem;

namespace {

// One rig a test, so one collected log a process is enough; the log's sink is a plain function.
struct CollectedLog {
  std::mutex mutex;
  std::vector<std::string> lines;
};
CollectedLog& collected() {
  static CollectedLog log;
  return log;
}
void collect(log::Level, std::string_view line) {
  const std::scoped_lock lock(collected().mutex);
  collected().lines.emplace_back(line);
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "drawbridge-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TempFolder::write(const fs::path& name, std::string_view text) const {
  const fs::path target = path_ / name;
  fs::create_directories(target.parent_path());
  const fs::path draft = target.string() + ".new";
  std::ofstream(draft, std::ios::binary) << text;
  fs::rename(draft, target);
}

void TempFolder::remove(const fs::path& name) const {
  fs::remove(path_ / name);
}

app::DaemonOptions ProxyRig::options() const {
  return {.config = folder_.path() / "drawbridge.toml",
          .overlays = {},
          .strict = false,
          .watch = watch_,
          .resolver = resolver_,
          .http = http_,
          .service_manager = {}};
}

void ProxyRig::restart() {
  daemon_.reset();
  daemon_ = std::make_unique<app::Daemon>(options());
  start_code_ = daemon_->start();
}

ProxyRig::ProxyRig(Settings settings)
    : bind_(settings.bind),
      resolver_(std::move(settings.resolver)),
      http_(std::move(settings.http)),
      watch_(settings.watch) {
  {
    const std::scoped_lock lock(collected().mutex);
    collected().lines.clear();
  }
  log::set_sink(&collect);
  EXPECT_TRUE(log::set_filter("debug"));
  folder_.write("drawbridge.toml", fmt::format("bind = \"{}\"\n{}\n", bind_, settings.global));
  for (const auto& [name, text] : settings.servers)
    folder_.write("servers/" + name + ".toml", text);
  daemon_ = std::make_unique<app::Daemon>(options());
  if (settings.start) start_code_ = daemon_->start();
}

ProxyRig::~ProxyRig() {
  daemon_.reset();
  log::set_sink(nullptr);
  if (::testing::Test::HasFailure())
    fmt::print(stderr, "--- log of the proxy ---\n{}", whole_log());
}

Endpoint ProxyRig::endpoint() {
  const auto addresses = daemon_->addresses();
  EXPECT_FALSE(addresses.empty());
  return addresses.empty() ? Endpoint{} : addresses.front();
}

void ProxyRig::await_change(const std::function<void()>& change) {
  const std::uint64_t before = daemon_->generation();
  change();
  EXPECT_TRUE(eventually([&] { return daemon_->generation() > before; })) << "no new world";
  daemon_->settle();
}

bool ProxyRig::changed_servers(std::string_view change) {
  const bool was_logged = logged({"servers changed", change});
  daemon_->settle();
  return was_logged;
}

void ProxyRig::write_server(const std::string& name, std::string_view text) {
  await_change([&] { folder_.write("servers/" + name + ".toml", text); });
}

void ProxyRig::remove_server(const std::string& name) {
  await_change([&] { folder_.remove("servers/" + name + ".toml"); });
}

void ProxyRig::write_global(std::string_view more) {
  await_change(
      [&] { folder_.write("drawbridge.toml", fmt::format("bind = \"{}\"\n{}\n", bind_, more)); });
}

void ProxyRig::bind_elsewhere(std::string bind) {
  bind_ = std::move(bind);
  write_global("");
}

std::size_t ProxyRig::log_lines(std::initializer_list<std::string_view> parts) const {
  const std::scoped_lock lock(collected().mutex);
  return static_cast<std::size_t>(
      std::ranges::count_if(collected().lines, [&](const std::string& line) {
        return std::ranges::all_of(
            parts, [&](std::string_view part) { return line.find(part) != std::string::npos; });
      }));
}

bool ProxyRig::logged(std::initializer_list<std::string_view> parts) const {
  return eventually([&] { return log_lines(parts) > 0; });
}

std::string ProxyRig::whole_log() const {
  const std::scoped_lock lock(collected().mutex);
  std::string out;
  for (const std::string& line : collected().lines) out += line + "\n";
  return out;
}

std::string server_file(std::string_view domain, const std::string& address,
                        std::string_view more) {
  return fmt::format("domains = [\"{}\"]\naddresses = [\"{}\"]\n{}\n", domain, address, more);
}

}  // namespace drawbridge::kit
