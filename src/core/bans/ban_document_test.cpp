#include "core/bans/ban_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>

#include "core/bans/ban_list.hpp"

namespace drawbridge::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr UnixSeconds today = 1'790'000'000;

Ban wish(std::string_view target, std::optional<UnixSeconds> expires = std::nullopt) {
  Ban out;
  out.target = *BanTarget::parse(target);
  out.expires_at = expires;
  out.created_at = today;
  return out;
}

BanDocument parsed(std::string_view text) {
  auto document = BanDocument::parse(text);
  EXPECT_TRUE(document) << document.error().what;
  return document ? *std::move(document) : BanDocument();
}

std::vector<std::string> ids(const BanDocument& document) {
  std::vector<std::string> out;
  for (const Ban& ban : document.bans()) out.push_back(ban.id);
  return out;
}

std::vector<std::string> actions(const BanDocument& document) {
  std::vector<std::string> out;
  for (const BanAudit& entry : document.audit())
    out.push_back(entry.action + " " + entry.target.value + " " + entry.ban_id);
  return out;
}

// As the other program writes it.
constexpr std::string_view theirs = R"({
  "bans": [
    {"target": {"type": "username", "value": "Griefer"}, "reason": "grief", "expires_at": null,
     "created_at": 1700000000, "source": "console"},
    {"target": {"type": "ip", "value": "203.0.113.9"}, "reason": null, "expires_at": 1900000000,
     "created_at": 1700000001, "source": {"type": "player", "value": "Admin"}},
    {"target": {"type": "uuid", "value": "069a79f4-44e9-4726-a5be-fca90e38aaf5"}, "reason": null,
     "expires_at": null, "created_at": 1700000002, "source": "anticheat", "note": "kept"}
  ],
  "audit_log": [
    {"action": "ban", "target": {"type": "username", "value": "Griefer"}, "reason": "grief",
     "source": "console", "timestamp": 1700000000}
  ],
  "of_a_later_version": {"deep": [1, 2, 3]}
})";

TEST(BanDocument, ReadsFilesOfTheOtherProgramAsTheyAre) {
  const BanDocument document = parsed(theirs);
  ASSERT_THAT(document.bans(), SizeIs(3));
  const Ban& first = document.bans()[0];
  EXPECT_EQ(first.target.kind, BanTarget::Kind::username);
  EXPECT_EQ(first.reason, "grief");
  EXPECT_EQ(first.expires_at, std::nullopt);
  EXPECT_EQ(first.created_at, 1'700'000'000);
  EXPECT_EQ(first.source.type, "console");
  EXPECT_EQ(document.bans()[1].expires_at, 1'900'000'000);
  EXPECT_EQ(document.bans()[1].source.value, "Admin");
  EXPECT_EQ(document.bans()[2].source.type, "plugin") << "other words are a plugin's id";
  EXPECT_EQ(document.bans()[2].source.value, "anticheat");
  EXPECT_THAT(actions(document), ElementsAre("ban Griefer "));
  EXPECT_THAT(document.problems(), IsEmpty());
}

TEST(BanDocument, IdsAreMadeUpOnceAndNeverUsedTwice) {
  BanDocument document = parsed(theirs);
  EXPECT_TRUE(document.made_up_ids());
  EXPECT_THAT(ids(document), ElementsAre("b1", "b2", "b3"));
  BanDocument again = parsed(document.text());
  EXPECT_FALSE(again.made_up_ids());
  EXPECT_THAT(ids(again), ElementsAre("b1", "b2", "b3"));
  again.remove(*BanTarget::parse("069a79f4-44e9-4726-a5be-fca90e38aaf5"), {}, today, true);
  EXPECT_EQ(again.add(wish("Other"), true).id, "b4") << "b3 was somebody else's";
  EXPECT_EQ(parsed(again.text()).add(wish("Third"), true).id, "b5");
}

// Other programs may write fractions; they must not wander each time that the file is written.
TEST(BanDocument, FractionsOfSecondsAreCutOffOnce) {
  BanDocument document = parsed(
      R"({"bans": [{"id": "b1", "target": {"type": "username", "value": "A"},
                    "expires_at": 99.999999999999992999, "created_at": 1700000000.5}]})");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(document.bans().at(0).expires_at, 99);
    EXPECT_EQ(document.bans().at(0).created_at, 1'700'000'000);
    document = parsed(document.text());
  }
}

// Else what we write could not be read at the next start, and nobody would be banned.
TEST(BanDocument, NumbersBeyondAllBoundsDoNotSpoilTheFile) {
  BanDocument document = parsed(
      R"({"bans": [{"id": "b1", "target": {"type": "username", "value": "A"},
                    "expires_at": 1e999, "created_at": 1}],
          "audit_log": [{"action": "ban", "target": {"type": "username", "value": "A"},
                         "ban_id": "b1", "timestamp": 1225e7402}], "theirs": [{"x": -1e999}]})");
  EXPECT_EQ(document.bans().at(0).expires_at, std::nullopt) << "for ever";
  document.add(wish("B"), true);
  const BanDocument again = parsed(document.text());
  EXPECT_THAT(again.bans(), SizeIs(2));
  EXPECT_THAT(again.audit(), SizeIs(2));
}

TEST(BanDocument, ANumberThatWasLostIsFoundAgainFromTheIdsWrittenDown) {
  BanDocument document = parsed(
      R"({"bans": [{"id": "b7", "target": {"type": "username", "value": "A"}}],
          "audit_log": [{"action": "unban", "target": {"type": "username", "value": "B"},
                         "ban_id": "b12", "timestamp": 1}]})");
  EXPECT_EQ(document.add(wish("C"), false).id, "b13");
}

TEST(BanDocument, WhatWeDoNotKnowIsKept) {
  BanDocument document = parsed(theirs);
  document.add(wish("10.0.0.0/8"), true);
  const auto root = boost::json::parse(document.text()).as_object();
  EXPECT_EQ(root.at("of_a_later_version"), boost::json::parse(R"({"deep": [1, 2, 3]})"));
  EXPECT_EQ(root.at("bans").at(2).at("note"), "kept");
  EXPECT_EQ(root.at("bans").as_array().size(), 4U);
}

TEST(BanDocument, AnEntryThatNobodyUnderstandsIsKeptAndTold) {
  BanDocument document = parsed(R"({"bans": [5, {"target": {"type": "planet", "value": "Mars"}},
      {"target": {"type": "ip", "value": "300.1.1.1"}}, {},
      {"id": "b9", "target": {"type": "username", "value": "Steve"}}]})");
  EXPECT_THAT(document.bans(), SizeIs(1));
  EXPECT_THAT(document.problems(), SizeIs(4));
  EXPECT_THAT(document.problems()[1], HasSubstr("ban 2"));
  document.remove(*BanTarget::parse("steve"), {}, today, false);
  document.add(wish("Alex"), false);
  const auto root = boost::json::parse(document.text()).as_object();
  EXPECT_EQ(root.at("bans").as_array().size(), 5U);
  EXPECT_EQ(root.at("bans").at(1).at("target").at("value"), "Mars");
}

TEST(BanDocument, CorruptFilesAreErrors) {
  for (const std::string_view text :
       {"{", "[]", "5", R"({"bans": 5})", R"({"bans": [], "audit_log": {}})",
        R"({"bans": []} trailing)"})
    EXPECT_FALSE(BanDocument::parse(text)) << text;
  const std::string deep = std::string(100'000, '[');
  EXPECT_FALSE(BanDocument::parse(deep));
  for (const std::string_view text : {"", " \n", "{}", R"({"bans": []})"})
    EXPECT_THAT(parsed(text).bans(), IsEmpty()) << text;
}

TEST(BanDocument, ASecondBanOfTheSameTargetTakesItsPlace) {
  BanDocument document;
  document.add(wish("Steve"), true);
  document.add(wish("10.0.0.1"), true);
  document.add(wish("sTEVE", today + 60), true);
  document.add(wish("10.0.0.1/32"), true);
  EXPECT_THAT(ids(document), ElementsAre("b3", "b4"));
  EXPECT_THAT(actions(document),
              ElementsAre("ban Steve b1", "ban 10.0.0.1 b2", "ban sTEVE b3", "ban 10.0.0.1/32 b4"));
}

TEST(BanDocument, EveryChangeIsInTheAuditTrail) {
  BanDocument document;
  document.add(wish("Steve", today + 5), true);
  document.add(wish("Alex"), true);
  EXPECT_THAT(document.remove(*BanTarget::parse("nobody"), {}, today, true), IsEmpty());
  document.remove(*BanTarget::parse("alex"), {.type = "player", .value = "Admin"}, today, true);
  EXPECT_THAT(document.purge(today + 4, true), IsEmpty());
  EXPECT_THAT(document.purge(today + 5, true), SizeIs(1));
  const BanDocument again = parsed(document.text());
  EXPECT_THAT(again.bans(), IsEmpty());
  EXPECT_THAT(actions(again),
              ElementsAre("ban Steve b1", "ban Alex b2", "unban Alex b2", "expired Steve b1"));
  EXPECT_EQ(again.audit()[2].source.value, "Admin");
  EXPECT_EQ(again.audit()[3].source.type, "system");
}

TEST(BanDocument, TheAuditTrailHasAnEnd) {
  BanDocument document;
  for (std::size_t i = 0; i < BanDocument::most_audit_entries / 2 + 5; ++i) {
    document.add(wish("Steve"), true);
    document.remove(*BanTarget::parse("Steve"), {}, today, true);
  }
  const auto audit = document.audit();
  EXPECT_THAT(audit, SizeIs(BanDocument::most_audit_entries));
  EXPECT_EQ(audit.back().action, "unban");
  document.add(wish("Alex"), false);
  EXPECT_THAT(document.audit(), SizeIs(BanDocument::most_audit_entries)) << "switched off";
}

// Not an assertion about time: the figures are printed, the limits of the contract are in bench.
TEST(BanDocument, AHundredThousandBans) {
  std::string text = R"({"bans": [)";
  for (int i = 0; i < 100'000; ++i) {
    text += i == 0 ? "" : ",";
    text += R"({"id": "b)" + std::to_string(i + 1) + R"(", "target": {"type": ")";
    text += i % 2 == 0 ? "username" : "ip";
    text += R"(", "value": ")";
    text += i % 2 == 0 ? "Player" + std::to_string(i)
                       : IpAddress::v4(0x0A000000U + static_cast<std::uint32_t>(i)).text();
    text += R"("}, "reason": "some reason", "expires_at": null, "created_at": 1700000000, )"
            R"("source": {"type": "console"}})";
  }
  text += R"(], "audit_log": [], "next_id": 100001})";
  const auto begin = std::chrono::steady_clock::now();
  const BanDocument document = parsed(text);
  const BanList list(document.bans());
  const auto loaded = std::chrono::steady_clock::now();
  int found = 0;
  for (int i = 0; i < 100'000; ++i)
    found += list.by_address(IpAddress::v4(0x0A000000U + static_cast<std::uint32_t>(i)), today) !=
             nullptr;
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(found, 50'000);
  EXPECT_NE(list.by_name("player99998", today), nullptr);
  RecordProperty("load_ms", static_cast<int>((loaded - begin) / std::chrono::milliseconds(1)));
  RecordProperty("look_up_ns",
                 static_cast<int>((asked - loaded) / std::chrono::nanoseconds(1) / 100'000));
}

}  // namespace
}  // namespace drawbridge::core
