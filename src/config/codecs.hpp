// How each type of value is read from a tree, written back, named for people and described for
// editors. One Format a type, written once; everything that needs a value by its key goes through
// the type-erased Codec.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/reader.hpp"
#include "config/server.hpp"
#include "config/tree.hpp"
#include "config/types.hpp"

namespace drawbridge::config {

// read() reports to the reader and answers false, leaving `out` alone, when the node does not fit.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual bool read(Reader& reader, const Node& node, void* out) const = 0;
  // Kind::other stands for "none".
  [[nodiscard]] virtual Node write(const void* value) const = 0;
  [[nodiscard]] virtual std::string type_name() const = 0;  // "duration", "list of networks"
  [[nodiscard]] virtual Node schema() const = 0;            // JSON Schema of one value
};

template <typename T>
struct Format;

// The tree's word for "no value".
Node no_value();
Node schema_type(std::string_view type);
Node schema_any_of(std::initializer_list<Node> choices);
// "expected X, found Y" at the value.
void wrong_type(Reader& reader, const Node& node, std::string_view expected);

// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses
#define DRAWBRIDGE_FORMAT(TYPE)                        \
  template <>                                          \
  struct Format<TYPE> {                                \
    static bool read(Reader&, const Node&, TYPE& out); \
    static Node write(const TYPE& value);              \
    static std::string type_name();                    \
    static Node schema();                              \
  }
// NOLINTEND(bugprone-macro-parentheses)

DRAWBRIDGE_FORMAT(bool);
DRAWBRIDGE_FORMAT(int);
DRAWBRIDGE_FORMAT(std::uint32_t);
DRAWBRIDGE_FORMAT(Size);
DRAWBRIDGE_FORMAT(double);
DRAWBRIDGE_FORMAT(std::string);
DRAWBRIDGE_FORMAT(std::filesystem::path);
DRAWBRIDGE_FORMAT(Duration);
DRAWBRIDGE_FORMAT(Cidr);
DRAWBRIDGE_FORMAT(Address);
DRAWBRIDGE_FORMAT(BackendAddress);
DRAWBRIDGE_FORMAT(Text);
DRAWBRIDGE_FORMAT(Favicon);
DRAWBRIDGE_FORMAT(ReceiveProxy);
DRAWBRIDGE_FORMAT(SendProxy);
DRAWBRIDGE_FORMAT(Coalesce);
DRAWBRIDGE_FORMAT(StaleWhileError);
DRAWBRIDGE_FORMAT(DomainRewrite);
DRAWBRIDGE_FORMAT(KickMessages);
using Headers = std::map<std::string, std::string>;
DRAWBRIDGE_FORMAT(Headers);

#undef DRAWBRIDGE_FORMAT

// A word of an enumeration. The first of each value is the one that is written; `old` ones load
// with a warning.
struct Word {
  std::string_view text;
  int value;
  bool old = false;
};
// Specialised for each enumeration in words.cpp.
template <typename E>
std::span<const Word> words_of();

bool read_word(Reader& reader, const Node& node, std::span<const Word> words, int& out);
std::string_view word_for(std::span<const Word> words, int value);
std::string words_text(std::span<const Word> words);  // "a", "b" or "c"
Node words_schema(std::span<const Word> words);

template <typename E>
  requires std::is_enum_v<E>
struct Format<E> {
  static bool read(Reader& reader, const Node& node, E& out) {
    int value = 0;
    if (!read_word(reader, node, words_of<E>(), value)) return false;
    out = static_cast<E>(value);
    return true;
  }
  static Node write(E value) { return Node::of(word_for(words_of<E>(), static_cast<int>(value))); }
  static std::string type_name() { return words_text(words_of<E>()); }
  static Node schema() { return words_schema(words_of<E>()); }
};

template <typename T>
struct Format<std::optional<T>> {
  static bool read(Reader& reader, const Node& node, std::optional<T>& out) {
    T value{};
    if (!Format<T>::read(reader, node, value)) return false;
    out = std::move(value);
    return true;
  }
  static Node write(const std::optional<T>& value) {
    return value ? Format<T>::write(*value) : no_value();
  }
  static std::string type_name() { return Format<T>::type_name(); }
  static Node schema() { return Format<T>::schema(); }
};

// The items of a list; a label's text is split at commas and line ends first. False when it is no
// list.
bool list_items(Reader& reader, const Node& node, std::vector<Node>& split,
                std::span<const Node>& items);

template <typename T>
struct Format<std::vector<T>> {
  static bool read(Reader& reader, const Node& node, std::vector<T>& out) {
    std::vector<Node> split;
    std::span<const Node> items;
    if (!list_items(reader, node, split, items)) return false;
    std::vector<T> values;
    bool good = true;
    for (const Node& item : items) {
      T value{};
      if (Format<T>::read(reader, item, value))
        values.push_back(std::move(value));
      else
        good = false;
    }
    if (good) out = std::move(values);
    return good;
  }
  static Node write(const std::vector<T>& values) {
    Node out = Node::list();
    for (const T& value : values) out.children.push_back(Format<T>::write(value));
    return out;
  }
  static std::string type_name() { return "list of " + Format<T>::type_name(); }
  static Node schema() {
    Node out = schema_type("array");
    out.add("items", Format<T>::schema());
    return out;
  }
};

template <typename T>
const Codec& codec_of() {
  class OfType final : public Codec {
   public:
    bool read(Reader& reader, const Node& node, void* out) const override {
      return Format<T>::read(reader, node, *static_cast<T*>(out));
    }
    [[nodiscard]] Node write(const void* value) const override {
      return Format<T>::write(*static_cast<const T*>(value));
    }
    [[nodiscard]] std::string type_name() const override { return Format<T>::type_name(); }
    [[nodiscard]] Node schema() const override { return Format<T>::schema(); }
  };
  static const OfType codec;
  return codec;
}

}  // namespace drawbridge::config
