// The key reference in Markdown, made from the key description.
#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/schema.hpp"

namespace drawbridge::config {
namespace {

constexpr std::string_view introduction = R"(# Configuration reference

This page is printed by `drawbridge schema --markdown` from the description that the parser uses; do not edit it.

One global file (`drawbridge.toml`) and one file for each server (`servers/*.toml`). A key that is not listed is an
error. Every problem of every file is reported at once; `drawbridge check` looks without starting anything, and
`drawbridge check --show` prints each value that results and where it came from.

- A **duration** is a number with a unit: `"200ms"`, `"5s"`, `"2m30s"`, `"7d"`. A **size** is a number of bytes, or
  `"64KiB"`, `"2MiB"` (steps of 1024), `"1GB"` (steps of 1000).
- An **address** is `host:port`, `[v6]:port` or `unix:/path`; without a port it is 25565. A **network** is
  `10.0.0.0/8`, `2001:db8::/32` or a single address.
- A **text** is a string with `§` codes, or `{ json = '...' }` with a text component. It may hold `{server}`, `{host}`,
  `{player}`, `{players}`, `{max}`, `{eta}`, `{elapsed}`, `{seconds}`, `{duration}`, and for `banned` also `{reason}` and
  `{remaining}`.
- Relative **paths** start at the folder of the file that holds them.
- Any global key can be set in the environment (`DRAWBRIDGE_KEEPALIVE__TIME=60s`; `DRAWBRIDGE_..._FILE` names a file
  with the value) and with `--set keepalive.time=60s`. The command line beats the environment, which beats the file.

**Reload**: *live* is at once, *new* is for new connections, *restart* waits for the next start. **Active**: keys marked
*not yet* are read and checked, so that files are portable, but this version does not act on them. A server whose
protection rests on such a key lets nobody in rather than going without. `+` marks keys that Infrarust does not have.
)";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string default_cell(const Key& key, const void* defaults) {
  if (key.required) return "**required**";
  if (!key.default_text.empty()) return key.default_text;
  if (key.codec == nullptr) return "none";
  const Node value = key.codec->write(key.member(defaults));
  if (value.kind == Node::Kind::other) return "none";
  return fmt::format("`{}`", to_toml(value));
}

std::string_view reload_word(Reload reload) {
  if (reload == Reload::live) return "live";
  return reload == Reload::fresh ? "new" : "restart";
}

std::string type_cell(const Key& key) {
  if (key.codec != nullptr) return key.codec->type_name();
  switch (key.shape.kind) {
    case Shape::Kind::list:
      return "tables";
    case Shape::Kind::map:
      return "tables by name";
    default:
      return "table";
  }
}

void write_row(std::string& out, const std::string& path, const Key& key, const void* defaults,
               bool active, bool ours) {
  out += fmt::format("| {}`{}` | {} | {} | {} | {} | {} | {} |\n", ours ? "+ " : "", path,
                     cell(type_cell(key)), cell(default_cell(key, defaults)), cell(key.range),
                     cell(key.meaning), reload_word(key.reload),
                     !active                       ? "not yet"
                     : key.value_active != nullptr ? "in part"
                                                   : "yes");
}

// The names below kick_messages, each with the words that stand when nobody sets it.
void write_kicks(std::string& out, const std::string& path) {
  for (const Word& word : words_of<Kick>())
    out += fmt::format("| + `{}.{}` | text | `{}` | | | live | yes |\n", path, word.text,
                       builtin_text(static_cast<Kick>(word.value)));
}

void write_table(std::string& out, const Table& table, const std::string& prefix, bool active,
                 bool ours) {
  for (const Key& key : table.keys) {
    if (!key.heading.empty())
      out += fmt::format(
          "\n## {}\n\n| key | type | default | range | meaning | reload | active |\n"
          "| --- | --- | --- | --- | --- | --- | --- |\n",
          key.heading);
    std::string path = prefix + std::string(key.name);
    const bool here = active && key.active == Active::now;
    const bool plus = ours || key.ours;
    if (key.codec != nullptr || key.shape.kind != Shape::Kind::one)
      write_row(out, path, key, table.defaults.get(), here, plus);
    if (key.codec == &codec_of<KickMessages>() && prefix.empty() && &table == &global_keys())
      write_kicks(out, path);
    if (key.table == nullptr) continue;
    if (key.shape.kind == Shape::Kind::list) path += "[]";
    if (key.shape.kind == Shape::Kind::map) path += ".<id>";
    write_table(out, *key.table, path + ".", here, plus);
  }
}

}  // namespace

std::string reference_page() {
  std::string out(introduction);
  write_table(out, global_keys(), "", true, false);
  write_table(out, server_keys(), "", true, false);
  return out;
}

}  // namespace drawbridge::config
