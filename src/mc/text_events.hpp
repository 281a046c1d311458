// What a text does when it is clicked or pointed at. 1.21.5 renamed the members (clickEvent is
// click_event, its value is named after the action) and refuses a whole packet for an event that it
// does not understand, so that one that cannot be expressed for a version is left out there: the
// words of the text always arrive. Names were read in minecraft-data and ViaVersion.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "mc/version.hpp"

namespace drawbridge::mc {

// Whether a component may hold events in the words of other versions than this one. Fast; may be
// wrong only in saying yes.
bool may_need_other_events(std::string_view component_json, Version version);

// Every event below `component` in the words of `version`.
// - Below 1.16 hover texts are `value`, from then on `contents`; of items and entities the older
//   form is SNBT, which is not translated.
// - From 1.21.5: open_file, an open_url that is neither http nor https, a page that is no number.
// - Below: show_dialog and custom.
void fit_events(boost::json::value& component, Version version);

}  // namespace drawbridge::mc
