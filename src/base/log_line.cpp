#include "base/log_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/log_filter.hpp"
#include "base/strings.hpp"

namespace drawbridge::log {

namespace {

// Our own words may hold quotes; all else that is unsafe on a terminal becomes \xNN.
void append_message(std::string& out, std::string_view message) {
  while (!message.empty()) {
    const auto quote = std::min(message.find('"'), message.size());
    out += escaped_for_log(message.substr(0, quote), message.size() * 4);
    if (quote < message.size()) out += '"';
    message.remove_prefix(std::min(quote + 1, message.size()));
  }
}

// The longest value shown whole. Names from strangers are far shorter; a backend's error may be
// longer.
constexpr std::size_t value_limit = 1024;

// By byte: whether a value of such bytes alone needs no quotes.
constexpr auto bare_bytes = [] {
  std::array<bool, 256> bare{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        ".,:;/@+-_*%?!&#~|()[]{}<>^$'"))
    bare.at(static_cast<Byte>(c)) = true;
  return bare;
}();

void append_value(std::string& out, std::string_view value) {
  const bool simple =
      !value.empty() && value.size() <= value_limit &&
      std::ranges::all_of(value, [](char c) { return bare_bytes[static_cast<Byte>(c)]; });
  if (simple) {
    out += value;
  } else {
    out += '"';
    out += escaped_for_log(value, value_limit);
    out += '"';
  }
}

// Of one well-formed UTF-8 sequence of at most three bytes.
unsigned code_point(std::string_view sequence) {
  constexpr std::array<unsigned, 4> lead_mask = {0, 0x7F, 0x1F, 0x0F};
  unsigned value = static_cast<Byte>(sequence[0]) & lead_mask[sequence.size()];
  for (const char c : sequence.substr(1)) value = value << 6 | (static_cast<Byte>(c) & 0x3FU);
  return value;
}

// Bytes that are not UTF-8 become U+FFFD, which JSON can carry.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    if (n == 0) {
      out += "\\ufffd";
    } else if (text[0] == '"' || text[0] == '\\') {
      out += '\\';
      out += text[0];
    } else if (controls_terminal(text, n)) {
      out += fmt::format("\\u{:04x}", code_point(text.substr(0, n)));
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(std::max<std::size_t>(n, 1));
  }
  out += '"';
}

}  // namespace

Look look_of_standard_error(std::string_view color) {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' && std::string_view(value) != "0";
  };
  const char* terminal_kind = std::getenv("TERM");
  const bool terminal = isatty(STDERR_FILENO) == 1;
  Look look;
  look.local_time = terminal;
  if (color == "always" || color == "never") {
    look.colored = color == "always";
  } else if (std::getenv("NO_COLOR") != nullptr && *std::getenv("NO_COLOR") != '\0') {
    look.colored = false;
  } else if (is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE")) {
    look.colored = true;
  } else {
    look.colored =
        terminal && terminal_kind != nullptr && std::string_view(terminal_kind) != "dumb";
  }
  return look;
}

std::string text_line(const Look& look, const timespec& now, Level level, std::string_view message,
                      Fields fields) {
  static constexpr std::array<std::string_view, 5> names = {"TRACE", "DEBUG", "INFO", "WARN",
                                                            "ERROR"};
  static constexpr std::array<std::string_view, 5> colors = {"\033[90m", "\033[36m", "\033[32m",
                                                             "\033[33m", "\033[31m"};
  constexpr std::string_view dim = "\033[2m";
  constexpr std::string_view plain = "\033[0m";
  const auto index = static_cast<std::size_t>(level);
  std::string out;
  tm parts{};
  if (look.local_time) {
    localtime_r(&now.tv_sec, &parts);
    out = fmt::format("{:02}:{:02}:{:02} ", parts.tm_hour, parts.tm_min, parts.tm_sec);
  } else {
    gmtime_r(&now.tv_sec, &parts);
    out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z ", parts.tm_year + 1900,
                      parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                      now.tv_nsec / 1'000'000);
  }
  if (look.colored) out += colors[index];
  out += names[index];
  if (look.colored) out += plain;
  if (look.local_time) out.append(5 - names[index].size(), ' ');
  out += ' ';
  append_message(out, message);
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    out += ' ';
    if (look.colored) out += dim;
    out += field.key;
    out += '=';
    if (look.colored) out += plain;
    append_value(out, field.value);
  }
  return out;
}

std::string json_line(const timespec& now, Level level, std::string_view target,
                      std::string_view message, Fields fields) {
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::string out =
      fmt::format(R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","level":"{}","target":)",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                  parts.tm_min, parts.tm_sec, now.tv_nsec / 1'000'000, name_of(level));
  append_json_string(out, target);
  out += ",\"message\":";
  append_json_string(out, message);
  for (const Field& field : fields) {
    out += ',';
    append_json_string(out, field.key);
    out += ':';
    // JSON has no "nan" and no "inf".
    const bool number_word = field.value.ends_with("nan") || field.value.ends_with("inf");
    if (field.quoted || number_word)
      append_json_string(out, field.value);
    else
      out += field.value;
  }
  out += '}';
  return out;
}

}  // namespace drawbridge::log
