// The key description printed for people and for editors.
#pragma once

#include <string>

namespace drawbridge::config {

// JSON Schema (draft 2020-12) of the global file and of a server file.
std::string global_schema();
std::string server_schema();

// The key reference in Markdown: docs/configuration.md is this text.
std::string reference_page();

}  // namespace drawbridge::config
