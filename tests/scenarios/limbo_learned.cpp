// Versions whose registries nobody has written down: they are learned from what a server tells a
// player of its own, and others of that version can stand in the limbo from then on.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "kit/fake_server.hpp"
#include "kit/limbo_player.hpp"
#include "kit/proxy_rig.hpp"
#include "mc/frame.hpp"
#include "mc/limbo_join.hpp"
#include "mc/packets/world.hpp"

namespace drawbridge::kit {
namespace {

constexpr mc::Version unknown = mc::v26_3;

std::string intercepted(const std::string& host, const FakeServer& server) {
  return "domains = [\"" + host + "\"]\naddresses = [\"" + server.address() +
         "\"]\nproxy_mode = \"offline\"\nfallback = [\"waiting\"]\n";
}

// A server that configures its players with the registries of 26.1, and one of its own. (That the
// packets of a later version look the same is an assumption of the test only.)
class Teacher {
 public:
  explicit Teacher(std::string name) : own(std::move(name)) {}

  // Lets the next one in who comes, up to play. In a thread of its own, joined by arrived().
  void await() {
    serving_ = std::thread([this] {
      if (backend_) former_.push_back(std::move(backend_));
      backend_ = std::make_unique<LoginBackend>(server.accept());
      EXPECT_TRUE(backend_->let_in(256) && configure() && show());
    });
  }
  void arrived() { serving_.join(); }
  void leave() {
    backend_.reset();
    former_.clear();
  }

  FakeServer server;
  std::string own;  // registry

 private:
  [[nodiscard]] PacketWire& link() { return backend_->link; }

  bool send(const mc::LimboJoin::Packets& packets) {
    for (const ByteBuffer& body : packets) {
      const auto packet = mc::split_packet(body, Fault::proxy);
      const auto state = mc::State::configuration;
      const mc::Kind kind = mc::id_map(mc::v26_1, state, mc::Bound::client).kind(packet->id);
      if (kind == mc::Kind::finish_configuration && !link().write(own_registry())) return false;
      ByteBuffer now;
      mc::Writer out(now, unknown);
      out.varint(*mc::id_map(unknown, state, mc::Bound::client).id(kind));
      out.raw(packet->fields);
      if (!link().write_body(now)) return false;
    }
    return true;
  }
  // With a value, which is in no pack.
  [[nodiscard]] mc::RegistryData own_registry() const {
    mc::RegistryData data;
    data.registry = "minecraft:" + own;
    data.entries.push_back({.key = own, .value = mc::RawNbt{.bytes = {0x0A, 0}}});
    return data;
  }
  bool configure() {
    const mc::LimboJoin known = *mc::limbo_join(mc::v26_1, mc::RegistryTables());
    if (!send(known.greeting)) return false;
    const auto until = [this](mc::Kind kind) {
      while (const auto packet = link().read())
        if (packet->kind == kind) return true;
      return false;
    };
    if (!until(mc::Kind::select_known_packs) || !send(known.names_only) ||
        !until(mc::Kind::finish_configuration))
      return false;
    link().state = mc::State::play;
    return true;
  }
  bool show() { return link().write(mc::JoinWorld{}) && link().write(mc::AddPlayer{}); }

  std::unique_ptr<LoginBackend> backend_;
  std::vector<std::unique_ptr<LoginBackend>> former_;  // of players who are still there
  std::thread serving_;
};

class LimboLearned : public testing::Test {
 protected:
  LimboLearned()
      : rig({.global = {},
             .servers = {{"one", intercepted("one.example", one.server)},
                         {"two", intercepted("two.example", two.server)},
                         {"waiting", "limbo = true\ndomains = [\"wait.example\"]\n"}}}) {}

  static LimboPlayer::Settings player(const std::string& host, const std::string& name) {
    return {.login = {.host = host, .player = name, .version = unknown}};
  }
  std::unique_ptr<LimboPlayer> join(Teacher& teacher, const std::string& host,
                                    const std::string& name) {
    auto who = std::make_unique<LimboPlayer>(rig.endpoint(), player(host, name));
    teacher.await();
    EXPECT_TRUE(who->enter()) << who->kicked;
    teacher.arrived();
    return who;
  }

  Teacher one{"one"}, two{"two"};
  std::vector<std::unique_ptr<LimboPlayer>> staying;
  ProxyRig rig;
};

TEST_F(LimboLearned, from_the_first_player_of_a_version) {
  LimboPlayer early(rig.endpoint(), player("wait.example", "Early"));
  EXPECT_FALSE(early.enter());
  EXPECT_NE(early.kicked.find("no place to wait"), std::string::npos) << early.kicked;

  const auto steve = join(one, "one.example", "Steve");
  EXPECT_TRUE(rig.logged({"learned the registries of a version", "one", "26.3"}));
  LimboPlayer alex(rig.endpoint(), player("wait.example", "Alex"));
  ASSERT_TRUE(alex.enter()) << alex.kicked;
  EXPECT_EQ(alex.registries, steve->registries);
  EXPECT_EQ(alex.seen[mc::Kind::map_chunk], 9);
}

// It would have to be sent values that nobody knows.
TEST_F(LimboLearned, serves_nobody_with_other_packs) {
  const auto steve = join(one, "one.example", "Steve");
  LimboPlayer::Settings other = player("wait.example", "Other");
  other.packs.emplace();
  LimboPlayer modded(rig.endpoint(), other);
  EXPECT_FALSE(modded.enter());
  EXPECT_NE(modded.kicked.find("no place to wait"), std::string::npos) << modded.kicked;
}

TEST_F(LimboLearned, of_two_servers_are_not_mixed) {
  const auto steve = join(one, "one.example", "Steve");
  const auto alex = join(two, "two.example", "Alex");
  for (const auto& [who, teacher, own] :
       {std::tuple(steve.get(), &one, "minecraft:one"), {alex.get(), &two, "minecraft:two"}}) {
    who->registries.clear();
    teacher->leave();
    ASSERT_TRUE(who->enter_again()) << own;
    EXPECT_TRUE(who->registries.contains(own));
    EXPECT_EQ(who->registries.contains("minecraft:one"), own == std::string("minecraft:one"));
  }
}

TEST_F(LimboLearned, follows_a_server_that_is_updated) {
  for (const std::string now : {"before", "after"}) {
    one.own = now;
    const auto steve = join(one, "one.example", "Steve");
    LimboPlayer alex(rig.endpoint(), player("wait.example", "Alex"));
    ASSERT_TRUE(alex.enter()) << alex.kicked;
    EXPECT_TRUE(alex.registries.contains("minecraft:" + now)) << now;
    one.leave();
  }
}

// More than can be listened to at once: each has its turn when others are done.
TEST_F(LimboLearned, lessons_end) {
  for (int i = 0; i < 6; ++i) {
    const std::string name = "Player" + std::to_string(i);
    one.own = "own" + std::to_string(i);
    auto who = join(one, "one.example", name);
    LimboPlayer alex(rig.endpoint(), player("wait.example", "Alex"));
    ASSERT_TRUE(alex.enter()) << alex.kicked;
    EXPECT_TRUE(alex.registries.contains("minecraft:" + one.own)) << i;
    staying.push_back(std::move(who));
  }
}

// Whoever breaks off teaches nothing; the next one does.
TEST_F(LimboLearned, only_from_who_has_taken_all_of_it) {
  {
    LoginClient breaks_off(rig.endpoint(), player("one.example", "Quitter").login);
    LoginBackend backend(one.server.accept());
    std::thread letting_in([&] { EXPECT_TRUE(backend.let_in(256)); });
    EXPECT_TRUE(breaks_off.log_in().in);
    letting_in.join();
  }
  LimboPlayer early(rig.endpoint(), player("wait.example", "Early"));
  EXPECT_FALSE(early.enter());
  const auto steve = join(one, "one.example", "Steve");
  LimboPlayer alex(rig.endpoint(), player("wait.example", "Alex"));
  EXPECT_TRUE(alex.enter()) << alex.kicked;
}

}  // namespace
}  // namespace drawbridge::kit
