// A JSON object taken apart one level deep, its values kept as the text that they were: what is not
// replaced goes out exactly as it came in. (A parser's own output would write 1.5 as 1.5E0 and
// 1e400, with Boost 1.81, as Infinity.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drawbridge::mc {

class JsonObject {
 public:
  JsonObject() = default;
  // `text` must be valid JSON (a parser has accepted it). Anything but an object gives an empty
  // one. Of members with one name the last counts, as in the game; the others are dropped.
  explicit JsonObject(std::string_view text);

  [[nodiscard]] const std::string* find(std::string_view name) const;
  // In the place of the member of that name, at the end if there is none. `value` is JSON.
  void set(std::string_view name, std::string value);
  void set_text(std::string_view name, std::string_view value);
  void erase(std::string_view name);

  [[nodiscard]] std::string text() const;

 private:
  struct Member {
    std::string name;   // decoded
    std::string key;    // as written, with its quotes
    std::string value;  // as written
  };
  void drop_repeated();

  std::vector<Member> members_;
};

// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

}  // namespace drawbridge::mc
