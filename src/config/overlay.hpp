// Values from the environment, the command line and labels, laid into a tree as if they had stood
// in the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/reader.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {

// "" when `path` names a key of `table` (or something inside one); else what is wrong with it.
std::string why_unknown(const Table& table, std::string_view path);

// A value in the tree at a dotted path, tables made on the way; false when something else stands in
// the way.
bool place(Node& root, std::string_view path, Node value);

// The environment, then the settings, so that the stronger is placed last. New sources are
// appended; nodes refer to them by index.
void lay_overlays(const Overlays& overlays, Node& root, std::vector<SourceInfo>& sources,
                  Problems& problems);

// A label's value: a table or list in TOML when it begins like one, else a text that its key takes
// apart.
Node label_value(std::string_view text, std::uint16_t source);

}  // namespace drawbridge::config
