// A backend's status: never trusted, kept whole where it is read. The same bytes also go through
// everything else that takes texts from outside: components, § codes, placeholders, the answers of
// old servers.
#include <cstdlib>

#include "mc/disconnect.hpp"
#include "mc/frame.hpp"
#include "mc/status.hpp"

using namespace drawbridge;
using namespace drawbridge::mc;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_overlay(std::string_view json) {
  const auto facts = read_status(json);
  const auto untouched = overlay_status(json, {}, v1_20);
  require(facts.has_value() == untouched.has_value());
  if (!facts) return;
  // Written once, it is stable.
  require(overlay_status(*untouched, {}, v1_20).value() == *untouched);

  StatusOverlay overlay;
  overlay.description = Text::legacy("§cours");
  overlay.version_name = "ours";
  overlay.protocol = 47;
  overlay.max = 1000;
  overlay.favicon = "";
  overlay.no_players = true;
  const auto ours = overlay_status(json, overlay, v1_8);
  require(ours.has_value());
  const auto read = read_status(*ours);
  require(read.has_value() && read->version_name == "ours" && read->protocol == 47 &&
          read->max == 1000);
  require(read->online == 0 && read->favicon.empty() && to_plain(read->description) == "ours");
}

void check_old_answers(std::string_view json) {
  const auto facts = read_status(json);
  if (!facts) return;
  for (const LegacyPing form : {LegacyPing::beta, LegacyPing::v1_4, LegacyPing::v1_6}) {
    const ByteBuffer answer = legacy_status(form, *facts);
    const auto read = read_legacy_status(answer);
    require(read.has_value() && read->has_value());
    require((*read)->online == facts->online && (*read)->max == facts->max);
  }
}

void check_text(std::string_view bytes) {
  const Text as_codes = Text::legacy(std::string(bytes));
  for (const Version version : {v1_7_2, v1_16, v26_3}) {
    if (bytes.size() < 4096) require(json_text(to_json(as_codes, version)).has_value());
    login_disconnect(as_codes, version);
  }
  require(legacy_kick(as_codes).size() <= 3 + 2 * 256);
  require(to_plain(as_codes) == to_plain(Text::legacy(to_legacy(as_codes))));

  const Value values[] = {{"player", std::string(bytes)}};
  const Text expanded = expand({Text::Form::json, R"({"text":"<{player}>"})"}, values);
  if (bytes.size() < 4096) require(json_text(expanded.value).has_value());
  require(expand(Text::legacy("{player}"), values).value.find("\u00A7") == std::string::npos);

  if (const auto component = json_text(bytes)) {
    for (const Version version : {v1_8, v26_3})
      require(json_text(to_json(*component, version)).has_value());
    to_legacy(*component);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'536) return 0;
  const ByteView all(data, size);
  const std::string_view text = as_text(all);
  check_overlay(text);
  check_old_answers(text);
  check_text(text);
  if (const auto frame = next_frame(all, max_status_response_body); frame && *frame) {
    if (const auto json = read_status_response((*frame)->body)) check_overlay(*json);
  }
  const auto old_answer = read_legacy_status(all);
  require(!old_answer || !*old_answer || (*old_answer)->is_legacy);
  return 0;
}
