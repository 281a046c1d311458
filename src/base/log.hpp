// The log: one line an event, a target ("connection", "net", ...), a short message and key=value
// fields. Callers never format: fields keep names from strangers escaped and let the JSON form
// exist. Thread-safe; a disabled level costs one relaxed load. spdlog stays behind log.cpp so that
// 100 files do not compile it.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace drawbridge::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

struct Field {
  std::string_view key;
  std::string value;
  bool quoted = true;  // numbers and booleans are not quoted in JSON

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), quoted(false) {}
  template <typename T>
    requires(std::integral<T> || std::floating_point<T>)
  Field(std::string_view k, T v) : key(k), value(fmt::format("{}", v)), quoted(false) {}
};
using Fields = std::initializer_list<Field>;

// "info" or "info,connection=debug,net=off"; an unknown word is an error and changes nothing.
Result<> set_filter(std::string_view filter);
// What was set last.
std::string filter();
// Every target that a line may have, and those of a filter that no line has.
std::span<const std::string_view> targets();
std::vector<std::string> unknown_targets(std::string_view filter);
void set_format(Format format);
// Colours and short local time for a terminal; `when` is auto, always or never (DRAWBRIDGE_COLOR).
void set_color(std::string_view when);
// Sends every line to a function instead of standard error (tests, the console). nullptr restores.
using Sink = void (*)(Level level, std::string_view line);
void set_sink(Sink sink);
// Hands what would go to standard error to a function instead, some lines at a time, each with its
// end; on the log's own thread. For a console, which keeps its prompt below them. nullptr restores.
using Writer = void (*)(std::string_view lines);
void set_writer(Writer writer);
// Whether lines have colours.
bool is_colored();
void flush();

bool enabled(Level level, std::string_view target);
void write(Level level, std::string_view target, std::string_view message, Fields fields = {});

inline void trace(std::string_view target, std::string_view message, Fields fields = {}) {
  write(Level::trace, target, message, fields);
}
inline void debug(std::string_view target, std::string_view message, Fields fields = {}) {
  write(Level::debug, target, message, fields);
}
inline void info(std::string_view target, std::string_view message, Fields fields = {}) {
  write(Level::info, target, message, fields);
}
inline void warn(std::string_view target, std::string_view message, Fields fields = {}) {
  write(Level::warn, target, message, fields);
}
inline void error(std::string_view target, std::string_view message, Fields fields = {}) {
  write(Level::error, target, message, fields);
}

}  // namespace drawbridge::log
