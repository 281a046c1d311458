#include "mc/text_events.hpp"

#include <gtest/gtest.h>

#include <string>

#include "mc/text.hpp"

namespace drawbridge::mc {
namespace {

// An event's component as a client of `version` gets it.
std::string fitted(const std::string& member, Version version) {
  const std::string out = to_json(json_text(R"({"text":"a",)" + member + "}").value(), version);
  const std::string head = R"({"text":"a")";
  EXPECT_TRUE(out.starts_with(head)) << out;
  const std::string rest = out.substr(head.size(), out.size() - head.size() - 1);
  return rest.empty() ? rest : rest.substr(1);
}

struct Pair {
  std::string older, newer;
};

TEST(TextEvents, AreRenamedBothWays) {
  const Pair pairs[] = {
      {R"("clickEvent":{"action":"open_url","value":"https://a.b/c"})",
       R"("click_event":{"action":"open_url","url":"https://a.b/c"})"},
      {R"("clickEvent":{"action":"run_command","value":"/help"})",
       R"("click_event":{"action":"run_command","command":"/help"})"},
      {R"("clickEvent":{"action":"suggest_command","value":"help"})",
       R"("click_event":{"action":"suggest_command","command":"help"})"},
      {R"("clickEvent":{"action":"change_page","value":"3"})",
       R"("click_event":{"action":"change_page","page":3})"},
      {R"("clickEvent":{"action":"copy_to_clipboard","value":"x"})",
       R"("click_event":{"action":"copy_to_clipboard","value":"x"})"},
      {R"("hoverEvent":{"action":"show_text","contents":{"text":"b"}})",
       R"("hover_event":{"action":"show_text","value":{"text":"b"}})"},
      {R"("hoverEvent":{"action":"show_item","contents":{"id":"minecraft:stone","count":2}})",
       R"("hover_event":{"action":"show_item","id":"minecraft:stone","count":2})"},
      {R"("hoverEvent":{"action":"show_entity","contents":{"type":"minecraft:pig","id":"u","name":"b"}})",
       R"("hover_event":{"action":"show_entity","id":"minecraft:pig","uuid":"u","name":"b"})"},
  };
  for (const auto& [older, newer] : pairs) {
    EXPECT_EQ(fitted(older, v1_21_5), newer);
    EXPECT_EQ(fitted(newer, v1_21_4), older);
    EXPECT_EQ(fitted(newer, v1_21_5), newer);
    EXPECT_EQ(fitted(older, v1_21_4), older);
  }
}

TEST(TextEvents, OfOldClientsHaveValues) {
  EXPECT_EQ(fitted(R"("hoverEvent":{"action":"show_text","contents":"b"})", v1_15),
            R"("hoverEvent":{"action":"show_text","value":"b"})");
  EXPECT_EQ(fitted(R"("hover_event":{"action":"show_text","value":"b"})", v1_15),
            R"("hoverEvent":{"action":"show_text","value":"b"})");
  EXPECT_EQ(fitted(R"("hoverEvent":{"action":"show_text","value":"b"})", v1_15),
            R"("hoverEvent":{"action":"show_text","value":"b"})");
  EXPECT_EQ(fitted(R"("hoverEvent":{"action":"show_text","value":"b"})", v1_21_5),
            R"("hover_event":{"action":"show_text","value":"b"})");
  EXPECT_EQ(fitted(R"("hoverEvent":{"action":"show_item","contents":{"id":"a"}})", v1_15), "");
}

TEST(TextEvents, ThatAClientWouldRefuseAreLeftOut) {
  for (const char* event : {
           R"("clickEvent":{"action":"open_url","value":"javascript:x"})",
           R"("clickEvent":{"action":"open_file","value":"/etc/passwd"})",
           R"("clickEvent":{"action":"change_page","value":"0"})",
           R"("clickEvent":{"action":"change_page","value":"x"})",
           R"("clickEvent":{"action":"no_such","value":"x"})",
           R"("clickEvent":{"action":"open_url"})",
           R"("hoverEvent":{"action":"show_text"})",
           R"("hoverEvent":{"action":"show_item","value":"{id:stone}"})",
           R"("hoverEvent":{"action":"show_entity","contents":{"id":"u"}})",
       }) {
    EXPECT_EQ(fitted(event, v1_21_5), "") << event;
  }
  for (const char* event : {
           R"("click_event":{"action":"show_dialog","dialog":"a:b"})",
           R"("click_event":{"action":"custom","id":"a:b"})",
           R"("click_event":{"action":"open_url","url":{}})",
       }) {
    EXPECT_EQ(fitted(event, v1_20), "") << event;
  }
}

TEST(TextEvents, OfCommandsGetTheirSlashBack) {
  EXPECT_EQ(fitted(R"("click_event":{"action":"run_command","command":"help"})", v1_20),
            R"("clickEvent":{"action":"run_command","value":"/help"})");
}

TEST(TextEvents, AreFoundAtEveryDepth) {
  EXPECT_EQ(fitted(R"("extra":[["b",{"text":"c","hoverEvent":{"action":"show_text","contents":)"
                   R"({"text":"d","clickEvent":{"action":"change_page","value":"1"}}}}]])",
                   v1_21_5),
            R"("extra":[["b",{"text":"c","hover_event":{"action":"show_text","value":)"
            R"({"text":"d","click_event":{"action":"change_page","page":1}}}}]])");
}

TEST(TextEvents, ThatFitLeaveATextAsItWasWritten) {
  const std::string odd = R"({ "text" : "a", "x":1.50 , "click_event": {"action":"custom"} })";
  EXPECT_EQ(to_json(json_text(odd).value(), v1_21_5), odd);
  const std::string none = R"({ "text" : "a", "x":1.50 })";
  EXPECT_EQ(to_json(json_text(none).value(), v1_16), none);
  EXPECT_EQ(to_json(json_text(none).value(), v26_3), none);
}

}  // namespace
}  // namespace drawbridge::mc
