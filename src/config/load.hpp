// From bytes to structs: files, environment and command line are read, checked and laid over the
// defaults.
//
// Pure functions: what they read is what they are given (and the files that are named); nothing is
// logged, nothing is kept. Bad input is an ordinary result. Safe from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/global.hpp"
#include "config/problem.hpp"
#include "config/server.hpp"

namespace drawbridge::config {

// Where an effective value came from.
struct Origin {
  enum class Kind : unsigned char { builtin, file, environment, command_line, preset };
  Kind kind = Kind::builtin;
  std::string name;  // file, variable, flag, or the key that set it (`protect`)
  int line = 0;

  // "default", "drawbridge.toml:3", "environment DRAWBRIDGE_BIND", "--set bind", "protect"
  [[nodiscard]] std::string text() const;
};
// By dotted path; keys that are not in it have their default.
using Origins = std::map<std::string, Origin, std::less<>>;

// What beats the file, weakest first: environment, then command line.
struct Overlays {
  // NAME and value of every environment variable; those without DRAWBRIDGE_ in front are skipped,
  // except RUNTIME_DIRECTORY and STATE_DIRECTORY (defaults of control.socket and state_dir).
  std::vector<std::pair<std::string, std::string>> environment;
  // Key and text of each --set, in order; also how flags such as --bind arrive ("bind", text). The
  // flag's own name for messages is the third member, empty for --set.
  struct Setting {
    std::string key;
    std::string text;
    std::string flag;
  };
  std::vector<Setting> settings;

  // The environment of this process.
  static Overlays from_process();
};

struct GlobalFile {
  std::optional<std::filesystem::path> path;  // none: no file, the defaults
  std::string note;  // not empty: log this (the other file is there, but is not read)
};
// -c PATH (a file, or a folder that holds one), else drawbridge.toml, else infrarust.toml, else
// none, in `folder` (the working directory).
GlobalFile find_global_file(const std::optional<std::filesystem::path>& named,
                            const std::filesystem::path& folder = ".");

struct Loaded {
  std::optional<GlobalConfig> config;  // none when there is an error
  Problems problems;
  Origins origins;
};
// `path` none: defaults and overlays only. A file that cannot be read is an error.
Loaded load_global(const std::optional<std::filesystem::path>& path, const Overlays& overlays = {});
// The same for bytes at hand; `path` is named in problems, and paths in the file start at its
// folder.
Loaded load_global(std::string_view bytes, const std::filesystem::path& path,
                   const Overlays& overlays = {});

struct LoadedServer {
  std::optional<ServerConfig> config;  // none when there is an error
  // The id even when the file is bad, as far as it could be read: tells which last good version
  // stays live.
  std::string id;
  Problems problems;
  // Lists of networks that it names, also when it is bad: one that is missing may come.
  std::vector<std::filesystem::path> lists;
};
// `origins`, where given, is filled for `check --show`.
LoadedServer load_server_file(const std::filesystem::path& path, Origins* origins = nullptr);
LoadedServer load_server(std::string_view bytes, const std::filesystem::path& path,
                         Origins* origins = nullptr);
// A server described by dotted keys and texts (labels, annotations): lists are comma or newline
// separated, booleans may be "1". `source` names it in problems; `fallback_id` is used when neither
// `name` nor `id` is set.
LoadedServer load_server_settings(const std::vector<std::pair<std::string, std::string>>& settings,
                                  std::string_view source, std::string_view fallback_id);

struct LoadedFolder {
  struct File {
    std::filesystem::path path;
    LoadedServer server;
  };
  std::vector<File> files;  // sorted by file name
  Problems problems;        // of the folder as a whole: unreadable; two files with one id
};
// Top level only, names that end in .toml, hidden files left out. A folder that is missing is an
// empty one. Of two files with one id the later loses its config.
LoadedFolder load_folder(const std::filesystem::path& folder);

// Which file names a server file has: "x.toml" but not ".x.toml" nor "x.toml.example".
bool is_server_file_name(std::string_view file_name);
// A file or container name brought into the form of an id: "My Server" is "my-server"; empty when
// nothing is left.
std::string to_id(std::string_view name);
// [a-z0-9_-]+, 1..64.
bool is_id(std::string_view text);

// What can only be seen with everything at hand, as warnings: servers that nothing leads to (what
// does may come later, from another source), names of servers that nobody defines (default_server,
// fallback, route[].server), modes and forwarding that do not fit each other. Domains that two
// servers claim are the route table's business.
Problems cross_check(const GlobalConfig& global, const Origins& origins,
                     const std::vector<LoadedFolder::File>& files);

}  // namespace drawbridge::config
