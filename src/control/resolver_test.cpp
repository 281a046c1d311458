// Long because every case needs the same name server on loopback and the same control thread.
#include "control/resolver.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include "control/loopback_name_server.hpp"

namespace drawbridge::control {
namespace {

using Manner = LoopbackNameServer::Manner;

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

// Polls, because what it waits for (another thread's cache) has no bell to ring.
template <typename F>
bool eventually(F condition) {
  const TimePoint end = Clock::now() + seconds{20};
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds{1});
  }
  return true;
}

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    options_.servers = {server_.endpoint()};
    options_.hosts_file = "/nonexistent/hosts";
    options_.keep_warm = Duration::zero();
    // What must not matter to a test is far away; a test that times something out brings it near.
    options_.lookup_timeout = minutes{1};
    options_.query_timeout = minutes{1};
  }
  ~ResolverTest() override { end(); }

  Resolver& begin() {
    resolver_ = std::make_unique<Resolver>(control_, options_);
    control_.start();
    return *resolver_;
  }
  void end() {
    control_.run_and_wait([this] { resolver_.reset(); });
    control_.stop();
    control_.join();
    resolver_.reset();
  }
  std::future<Result<ResolvedAddresses>> ask(const std::string& name, std::uint16_t port = 25565) {
    auto promise = std::make_shared<std::promise<Result<ResolvedAddresses>>>();
    resolver_->resolve(name, port, [promise](Result<ResolvedAddresses> result) {
      promise->set_value(std::move(result));
    });
    return promise->get_future();
  }
  static Result<ResolvedAddresses> wait(std::future<Result<ResolvedAddresses>> future) {
    if (future.wait_for(seconds{20}) != std::future_status::ready) {
      return fail(Fault::proxy, "the callback did not come");
    }
    return future.get();
  }
  Result<ResolvedAddresses> resolve(const std::string& name) { return wait(ask(name)); }

  LoopbackNameServer server_;
  ControlThread control_;
  ResolverOptions options_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, AnswersBothFamiliesIpv4First) {
  server_.set("mc.example.org",
              {.addresses = {ip("2001:db8::7"), ip("192.0.2.9"), ip("192.0.2.4")}});
  begin();
  EXPECT_EQ(resolver_->cached("mc.example.org"), std::nullopt);
  const auto result = wait(ask("mc.example.org", 4711));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->endpoints,
            (std::vector<Endpoint>{
                {ip("192.0.2.9"), 4711}, {ip("192.0.2.4"), 4711}, {ip("2001:db8::7"), 4711}}));
  EXPECT_FALSE(result->stale);
  EXPECT_EQ(resolver_->cached("mc.example.org"),
            (std::vector{ip("192.0.2.9"), ip("192.0.2.4"), ip("2001:db8::7")}));
}

TEST_F(ResolverTest, OneFamilyAloneIsEnough) {
  server_.set("six.example.org", {.addresses = {ip("2001:db8::7")}});
  server_.set("four.example.org", {.addresses = {ip("192.0.2.4")}, .v6 = Manner::no_such_name});
  begin();
  EXPECT_EQ(resolve("six.example.org")->endpoints.size(), 1U);
  EXPECT_EQ(resolve("four.example.org")->endpoints.size(), 1U);
}

TEST_F(ResolverTest, HonoursTimeToLiveWithinBounds) {
  server_.set("long.example.org", {.addresses = {ip("192.0.2.1")}, .ttl = 86400});
  server_.set("plain.example.org", {.addresses = {ip("192.0.2.1")}, .ttl = 90});
  server_.set("zero.example.org", {.addresses = {ip("192.0.2.1")}, .ttl = 0});
  server_.set("alias.example.org", {.addresses = {ip("192.0.2.1")},
                                    .ttl = 200,
                                    .alias_of = "target.example.org",
                                    .alias_ttl = 30});
  begin();
  const auto lifetime = [&](const std::string& name) {
    const TimePoint asked = Clock::now();
    const auto result = resolve(name);
    EXPECT_TRUE(result) << result.error().what;
    return std::pair(result->valid_until - asked, result->valid_until - Clock::now());
  };
  // The end of life lies between "asked + ttl" and "answered + ttl".
  const auto check = [&](const std::string& name, Duration ttl) {
    const auto [since_asked, since_answered] = lifetime(name);
    EXPECT_GE(since_asked, ttl) << name;
    EXPECT_LE(since_answered, ttl) << name;
  };
  check("long.example.org", minutes{5});
  check("plain.example.org", seconds{90});
  check("zero.example.org", seconds{1});
  check("alias.example.org", seconds{30});
}

TEST_F(ResolverTest, AsksOnceForManyAndNotAgainWhileFresh) {
  server_.set("mc.example.org",
              {.addresses = {ip("192.0.2.9")}, .v4 = Manner::silent, .v6 = Manner::silent});
  begin();
  std::vector<std::future<Result<ResolvedAddresses>>> waiting;
  for (std::uint16_t i = 0; i < 50; ++i) {
    waiting.push_back(ask(i % 2 == 0 ? "mc.example.org" : "MC.Example.ORG", i));
  }
  control_.run_and_wait([] {});
  ASSERT_TRUE(server_.wait_for_questions("mc.example.org", 2));
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});
  server_.answer_kept();
  for (std::uint16_t i = 0; i < 50; ++i) {
    const auto result = wait(std::move(waiting[i]));
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->endpoints, (std::vector<Endpoint>{{ip("192.0.2.9"), i}}));
  }
  ASSERT_TRUE(resolve("mc.example.org"));
  EXPECT_EQ(server_.questions(), 2U);
}

TEST_F(ResolverTest, LastAddressStaysWhileNobodyAnswers) {
  options_.min_ttl = options_.max_ttl = milliseconds{1};
  options_.stale_wait = milliseconds{5};
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});
  begin();
  ASSERT_TRUE(resolve("mc.example.org"));
  server_.set("mc.example.org", {.addresses = {}, .v4 = Manner::silent, .v6 = Manner::silent});
  // The cache answers by itself, and asks again on the side.
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(resolver_->cached("mc.example.org"), std::vector{ip("192.0.2.9")});
    return server_.questions("mc.example.org") >= 4;
  }));
  // Who insists on an answer gets the old one, long before the look-up's minute is over.
  const auto old = resolve("mc.example.org");
  ASSERT_TRUE(old) << old.error().what;
  EXPECT_TRUE(old->stale);
  EXPECT_EQ(old->endpoints.front().address, ip("192.0.2.9"));
  EXPECT_EQ(server_.questions("mc.example.org"), 4U);
  // The server speaks again, of a new address.
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.10")}});
  server_.answer_kept();
  EXPECT_TRUE(eventually(
      [&] { return resolver_->cached("mc.example.org") == std::vector{ip("192.0.2.10")}; }));
}

TEST_F(ResolverTest, LastAddressStaysWhenTheNameIsGone) {
  options_.min_ttl = options_.max_ttl = milliseconds{1};
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});
  begin();
  ASSERT_TRUE(resolve("mc.example.org"));
  server_.set("mc.example.org", {.v4 = Manner::no_such_name, .v6 = Manner::no_such_name});
  ASSERT_TRUE(eventually([&] {
    const auto result = resolve("mc.example.org");
    EXPECT_TRUE(result) << result.error().what;
    return result && result->stale;
  }));
  EXPECT_EQ(resolver_->cached("mc.example.org"), std::vector{ip("192.0.2.9")});
}

TEST_F(ResolverTest, TimesOutAndSaysSo) {
  options_.lookup_timeout = milliseconds{20};
  server_.set("mute.example.org", {.v4 = Manner::silent, .v6 = Manner::silent});
  begin();
  const auto result = resolve("mute.example.org");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what,
            "cannot resolve mute.example.org: no answer from the name servers");
  EXPECT_EQ(result.error().fault, Fault::backend);
  EXPECT_EQ(resolver_->cached("mute.example.org"), std::nullopt);
  // An answer that comes after all still serves the next player.
  ASSERT_TRUE(server_.wait_for_questions("mute.example.org", 2));
  server_.set("mute.example.org", {.addresses = {ip("192.0.2.9")}});
  ASSERT_EQ(server_.answer_kept(), 2U);
  EXPECT_TRUE(eventually([&] { return resolver_->cached("mute.example.org").has_value(); }));
}

TEST_F(ResolverTest, AskedAgainWhenAQuestionIsLost) {
  options_.query_timeout = milliseconds{20};
  server_.set("mc.example.org",
              {.addresses = {ip("192.0.2.9")}, .v4 = Manner::silent, .v6 = Manner::silent});
  begin();
  auto pending = ask("mc.example.org");
  ASSERT_TRUE(server_.wait_for_questions("mc.example.org", 2));
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});  // the lost ones stay lost
  const auto result = wait(std::move(pending));
  ASSERT_TRUE(result) << result.error().what;
}

TEST_F(ResolverTest, RemembersThatANameDoesNotExist) {
  options_.first_negative_ttl = options_.max_negative_ttl = minutes{1};
  begin();
  const auto result = resolve("nobody.example.org");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "cannot resolve nobody.example.org: the name does not exist");
  EXPECT_FALSE(resolve("nobody.example.org"));
  EXPECT_EQ(server_.questions(), 2U);
}

TEST_F(ResolverTest, ForgetsAfterAWhileThatANameDoesNotExist) {
  options_.first_negative_ttl = options_.max_negative_ttl = milliseconds{1};
  begin();
  ASSERT_FALSE(resolve("late.example.org"));
  server_.set("late.example.org", {.addresses = {ip("192.0.2.9")}});
  EXPECT_TRUE(eventually([&] { return resolve("late.example.org").has_value(); }));
}

TEST_F(ResolverTest, ANameServerThatDropsOneFamilyDelaysNobody) {
  server_.set("mc.example.org",
              {.addresses = {ip("192.0.2.9"), ip("2001:db8::7")}, .v6 = Manner::silent});
  begin();
  const auto result = resolve("mc.example.org");  // within the patience, the query's is a minute
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->endpoints.size(), 1U);
  // The missing half is added when it comes.
  ASSERT_TRUE(server_.wait_for_questions("mc.example.org", 2));
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9"), ip("2001:db8::7")}});
  ASSERT_EQ(server_.answer_kept(), 1U);
  EXPECT_TRUE(eventually([&] {
    return resolver_->cached("mc.example.org") == std::vector{ip("192.0.2.9"), ip("2001:db8::7")};
  }));
}

TEST_F(ResolverTest, GarbageAndServerFailuresAreErrors) {
  options_.query_timeout = milliseconds{1};
  server_.set("garbage.example.org", {.v4 = Manner::garbage, .v6 = Manner::garbage});
  server_.set("broken.example.org", {.v4 = Manner::server_failure, .v6 = Manner::server_failure});
  begin();
  const auto garbage = resolve("garbage.example.org");
  ASSERT_FALSE(garbage);
  EXPECT_NE(garbage.error().what, "the callback did not come");
  const auto broken = resolve("broken.example.org");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().what, "the callback did not come");
}

TEST_F(ResolverTest, ANameInUseFollowsItsAddressWithoutBeingAskedFor) {
  options_.min_ttl = options_.max_ttl = milliseconds{1};
  options_.keep_warm = minutes{10};
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});
  begin();
  ASSERT_TRUE(resolve("mc.example.org"));
  const std::size_t before = server_.questions();
  ASSERT_TRUE(server_.wait_for_questions("mc.example.org", before + 6));
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.10")}});
  // Two full rounds later (the first may have been under way) the very first use sees the new one.
  const std::size_t then = server_.questions();
  ASSERT_TRUE(server_.wait_for_questions("mc.example.org", then + 6));
  EXPECT_EQ(resolver_->cached("mc.example.org"), std::vector{ip("192.0.2.10")});
}

TEST_F(ResolverTest, LiteralsAndLoopbackNamesAskNobody) {
  begin();
  EXPECT_EQ(resolve("192.0.2.1")->endpoints, (std::vector<Endpoint>{{ip("192.0.2.1"), 25565}}));
  EXPECT_EQ(resolve("[2001:db8::1]")->endpoints.front().address, ip("2001:db8::1"));
  EXPECT_EQ(resolve("LocalHost")->endpoints,
            (std::vector<Endpoint>{{ip("127.0.0.1"), 25565}, {ip("::1"), 25565}}));
  EXPECT_EQ(resolve("db.localhost.")->endpoints.size(), 2U);
  EXPECT_EQ(resolver_->cached("2001:db8::1"), std::vector{ip("2001:db8::1")});
  EXPECT_EQ(resolver_->cached("localhost"), (std::vector{ip("127.0.0.1"), ip("::1")}));
  EXPECT_EQ(server_.questions(), 0U);
  EXPECT_EQ(resolver_->size(), 0U);
}

TEST_F(ResolverTest, RefusesWhatIsNoName) {
  begin();
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a\0b", 3),
                                  std::string("a\nb"), std::string(300, 'a')}) {
    const auto result = resolve(name);
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().what.starts_with("cannot resolve")) << result.error().what;
  }
  const auto long_label = resolve(std::string(70, 'a') + ".example.org");
  ASSERT_FALSE(long_label);
  EXPECT_TRUE(long_label.error().what.starts_with("cannot resolve")) << long_label.error().what;
  EXPECT_EQ(server_.questions(), 0U);
}

TEST_F(ResolverTest, KeepsNoMoreNamesThanAllowed) {
  options_.max_names = 64;
  begin();
  for (int i = 0; i < 300; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example.org";
    server_.set(name, {.addresses = {ip("192.0.2.9")}});
    ASSERT_TRUE(resolve(name));
    EXPECT_LE(resolver_->size(), 64U);
  }
  EXPECT_GT(resolver_->size(), 32U);
}

TEST_F(ResolverTest, RefusesTooManyLookupsAtOnce) {
  options_.max_lookups = 3;
  begin();
  std::vector<std::future<Result<ResolvedAddresses>>> waiting;
  for (int i = 0; i < 4; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example.org";
    server_.set(name, {.v4 = Manner::silent, .v6 = Manner::silent});
    waiting.push_back(ask(name));
  }
  const auto last = wait(std::move(waiting.back()));
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().what, "too many names are being looked up");
}

TEST_F(ResolverTest, EndTellsThoseWhoWait) {
  server_.set("mute.example.org", {.v4 = Manner::silent, .v6 = Manner::silent});
  begin();
  auto pending = ask("mute.example.org");
  ASSERT_TRUE(server_.wait_for_questions("mute.example.org", 1));
  control_.run_and_wait([this] { resolver_.reset(); });
  const auto result = wait(std::move(pending));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "the resolver is shutting down");
}

TEST_F(ResolverTest, SocketsAreCloseOnExec) {
  server_.set("mute.example.org", {.v4 = Manner::silent, .v6 = Manner::silent});
  begin();
  const auto pending = ask("mute.example.org");
  ASSERT_TRUE(server_.wait_for_questions("mute.example.org", 2));
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (!target.starts_with("socket:")) continue;
    const int flags = fcntl(std::stoi(entry.path().filename()), F_GETFD);
    EXPECT_TRUE(flags >= 0 && (flags & FD_CLOEXEC) != 0) << entry.path();
    ++checked;
  }
  EXPECT_GE(checked, 2);  // the server's and c-ares's
  EXPECT_TRUE(pending.valid());
}

TEST_F(ResolverTest, CallbackMayDestroyTheResolver) {
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});
  begin();
  std::promise<void> gone;
  resolver_->resolve("mc.example.org", 1, [&](const Result<ResolvedAddresses>&) {
    resolver_.reset();
    gone.set_value();
  });
  ASSERT_EQ(gone.get_future().wait_for(seconds{20}), std::future_status::ready);
}

TEST_F(ResolverTest, ManyThreadsReadWhileNamesAreRefreshed) {
  options_.min_ttl = options_.max_ttl = milliseconds{1};
  for (int i = 0; i < 4; ++i) {
    server_.set("n" + std::to_string(i) + ".example.org", {.addresses = {ip("192.0.2.9")}});
  }
  begin();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(resolve("n" + std::to_string(i) + ".example.org"));
  std::atomic<bool> wrong = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto known = resolver_->cached("n" + std::to_string((i + t) % 4) + ".example.org");
        if (known != std::vector{ip("192.0.2.9")}) wrong = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(wrong);
}

class ResolverFilesTest : public ResolverTest {
 protected:
  ResolverFilesTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "drawbridge-dns-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ResolverFilesTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / (name + ".new")) << text;
    std::filesystem::rename(folder_ / (name + ".new"), folder_ / name);
  }
  std::filesystem::path folder_;
};

TEST_F(ResolverFilesTest, HostsFileComesFirstAndIsFollowed) {
  options_.hosts_file = folder_ / "hosts";
  options_.hosts_file_ttl = milliseconds{1};
  options_.min_ttl = milliseconds{1};
  write("hosts",
        "# comment\n192.0.2.50\tgame.lan Game2 # game3\n2001:db8::50 game.lan\nrubbish game.lan\n"
        "192.0.2.50 game.lan");
  server_.set("game3", {.addresses = {ip("192.0.2.1")}});
  begin();
  EXPECT_EQ(resolve("GAME.lan")->endpoints,
            (std::vector<Endpoint>{{ip("192.0.2.50"), 25565}, {ip("2001:db8::50"), 25565}}));
  EXPECT_EQ(resolve("game2")->endpoints.size(), 1U);
  EXPECT_EQ(server_.questions(), 0U);
  EXPECT_EQ(resolve("game3")->endpoints.front().address, ip("192.0.2.1"));
  write("hosts", "192.0.2.51 game.lan\n");
  EXPECT_TRUE(eventually(
      [&] { return resolve("game.lan")->endpoints.front().address == ip("192.0.2.51"); }));
}

TEST_F(ResolverFilesTest, NameServersAreReadAgainWhenResolvConfChanges) {
  options_.servers.clear();
  options_.resolv_conf = folder_ / "resolv.conf";
  options_.port = server_.endpoint().port;
  LoopbackNameServer first({ip("127.0.0.2"), options_.port});
  first.set("mc.example.org", {.v4 = Manner::silent, .v6 = Manner::silent});
  first.set("quick.example.org", {.addresses = {ip("192.0.2.1")}});
  write("resolv.conf", "nameserver 127.0.0.2\n");
  server_.set("mc.example.org", {.addresses = {ip("192.0.2.9")}});
  server_.set("other.example.org", {.addresses = {ip("192.0.2.8")}});
  begin();
  ASSERT_TRUE(resolve("quick.example.org"));
  auto pending = ask("mc.example.org");
  ASSERT_TRUE(first.wait_for_questions("mc.example.org", 2));
  write("resolv.conf", "nameserver 127.0.0.1\n");
  // The next question goes to the new server, and so do those that the old one has not answered.
  EXPECT_EQ(resolve("other.example.org")->endpoints.front().address, ip("192.0.2.8"));
  const auto moved = wait(std::move(pending));
  ASSERT_TRUE(moved) << moved.error().what;
  EXPECT_EQ(moved->endpoints.front().address, ip("192.0.2.9"));
}

}  // namespace
}  // namespace drawbridge::control
