#include "mc/packets/commands.hpp"

#include <algorithm>

#include "mc/reader.hpp"
#include "mc/writer.hpp"

namespace drawbridge::mc {

namespace {

constexpr std::size_t longest_said = 256;
constexpr std::size_t longest_completed = 32'500;
constexpr std::int32_t most_nodes = 1 << 20;
// Flags of a node.
constexpr std::uint8_t kind_bits = 0x03;
constexpr std::uint8_t literal = 0x01;
constexpr std::uint8_t argument = 0x02;
constexpr std::uint8_t executable = 0x04;
constexpr std::uint8_t redirects = 0x08;
constexpr std::uint8_t has_suggestions = 0x10;
// brigadier:string: its number has been the same since parsers have numbers.
constexpr std::int32_t string_parser = 5;
constexpr std::int32_t single_word = 0;
constexpr std::int32_t greedy_phrase = 2;

// From 1.13 on every packet of these kinds exists.
void begin_packet(Writer& out, Kind kind, Bound bound) {
  out.varint(id_map(out.version, State::play, bound).id(kind).value_or(0));
}

}  // namespace

std::optional<SaidCommand> read_command(Kind kind, ByteView fields, Version version) {
  Reader in(fields, version);
  SaidCommand out;
  in.string(out.command, longest_said);
  if (!in.ok()) return std::nullopt;
  if (kind == Kind::chat) {
    if (!out.command.starts_with('/')) return std::nullopt;
    out.command.remove_prefix(1);
    return out;
  }
  if (kind != Kind::chat_command) return std::nullopt;
  if (version >= v1_20_5) return out;
  std::int64_t when = 0;
  std::int64_t salt = 0;
  std::int32_t signatures = 0;
  in.i64(when);
  in.i64(salt);
  in.varint(signatures);
  out.is_signed = signatures != 0;
  if (version >= v1_19_3 && !out.is_signed) in.varint(out.acknowledged);
  if (!in.ok()) return std::nullopt;
  return out;
}

std::optional<CompletionRequest> read_completion(ByteView fields, Version version) {
  Reader in(fields, version);
  CompletionRequest out;
  if (version >= v1_13) in.varint(out.transaction);
  in.string(out.text, longest_completed);
  if (!in.ok()) return std::nullopt;
  return out;
}

ByteBuffer completions(std::int32_t transaction, std::string_view text,
                       const std::vector<std::string>& words, Version version) {
  ByteBuffer body;
  Writer out(body, version);
  begin_packet(out, Kind::tab_complete, Bound::client);
  const bool has_range = version >= v1_13;
  if (has_range) {
    const std::size_t blank = text.rfind(' ');
    const std::size_t begin = blank == std::string_view::npos ? 0 : blank + 1;
    out.varint(transaction);
    out.varint(static_cast<std::int32_t>(utf16_length(text.substr(0, begin))));
    out.varint(static_cast<std::int32_t>(utf16_length(text.substr(begin))));
  }
  out.varint(static_cast<std::int32_t>(words.size()));
  for (const std::string& word : words) {
    out.string(word);
    if (has_range) out.boolean(false);  // no tooltip
  }
  return body;
}

// --- The tree ---

namespace {

void write_children(Writer& out, const std::vector<std::int32_t>& children) {
  out.varint(static_cast<std::int32_t>(children.size()));
  for (const std::int32_t child : children) out.varint(child);
}

void write_argument(Writer& out, const CommandTree::Argument& one, bool can_end,
                    const std::vector<std::int32_t>& children) {
  std::uint8_t flags = argument;
  if (can_end) flags |= executable;
  if (one.asks) flags |= has_suggestions;
  out.u8(flags);
  write_children(out, children);
  out.string(one.name);
  if (out.version >= v1_19)
    out.varint(string_parser);
  else
    out.string("brigadier:string");
  out.varint(one.is_text ? greedy_phrase : single_word);
  if (one.asks) out.string("minecraft:ask_server");
}

// Whether the line may end before this argument.
bool may_end_before(const CommandTree::Subcommand& subcommand, std::size_t at) {
  return at >= subcommand.arguments.size() || !subcommand.arguments[at].required;
}

void write_redirect(Writer& out, std::string_view name, std::int32_t to) {
  out.u8(literal | executable | redirects);
  write_children(out, {});
  out.varint(to);
  out.string(name);
}

// What stands in the root's list.
std::int32_t roots_of(const CommandTree& tree) {
  return static_cast<std::int32_t>(tree.names.size() + tree.alone.size());
}

// Our nodes, the first of which gets the number `first`: the command, its aliases, what is a
// command by itself, the subcommands with their arguments.
void write_nodes(Writer& out, const CommandTree& tree, std::int32_t first) {
  std::vector<std::int32_t> subcommands;
  std::int32_t next = first + roots_of(tree);
  for (const CommandTree::Subcommand& one : tree.subcommands) {
    subcommands.push_back(next);
    next += 1 + static_cast<std::int32_t>(one.arguments.size());
  }
  out.u8(literal | executable);
  write_children(out, subcommands);
  out.string(tree.names.front());
  for (std::size_t i = 1; i < tree.names.size(); ++i) write_redirect(out, tree.names[i], first);
  for (const std::string& name : tree.alone) {
    const auto at = std::ranges::find(tree.subcommands, name, &CommandTree::Subcommand::name);
    const auto index = static_cast<std::size_t>(at - tree.subcommands.begin());
    write_redirect(out, name, index < subcommands.size() ? subcommands[index] : first);
  }
  next = first + roots_of(tree);
  for (const CommandTree::Subcommand& one : tree.subcommands) {
    const auto below = [&](std::size_t at) {
      return at < one.arguments.size() ? std::vector{next} : std::vector<std::int32_t>{};
    };
    ++next;
    out.u8(may_end_before(one, 0) ? literal | executable : literal);
    write_children(out, below(0));
    out.string(one.name);
    for (std::size_t i = 0; i < one.arguments.size(); ++i) {
      ++next;
      write_argument(out, one.arguments[i], may_end_before(one, i + 1), below(i + 1));
    }
  }
}

std::int32_t nodes_of(const CommandTree& tree) {
  auto count = static_cast<std::size_t>(roots_of(tree));
  for (const CommandTree::Subcommand& one : tree.subcommands) count += 1 + one.arguments.size();
  return static_cast<std::int32_t>(count);
}

void append_roots(Writer& out, const CommandTree& tree, std::int32_t first) {
  for (std::int32_t i = 0; i < roots_of(tree); ++i) out.varint(first + i);
}

}  // namespace

std::optional<ByteBuffer> with_commands(ByteView fields, const CommandTree& tree, Version version) {
  Reader in(fields, version);
  std::int32_t count = 0;
  std::uint8_t flags = 0;
  std::int32_t children = 0;
  in.varint(count);
  in.u8(flags);
  in.varint(children);
  const bool begins_with_root = in.ok() && count > 0 && count < most_nodes &&
                                (flags & kind_bits) == 0 && (flags & redirects) == 0 &&
                                children >= 0 && children < count;
  if (!begins_with_root) return std::nullopt;
  const std::size_t list = in.position();
  for (std::int32_t i = 0; i < children; ++i) {
    std::int32_t child = 0;
    in.varint(child);
  }
  // The packet ends with the root's number: the first node's.
  if (!in.ok() || in.left() < 1 || fields.back() != 0) return std::nullopt;
  const std::size_t nodes = in.position();
  ByteBuffer out;
  Writer writer(out, version);
  writer.varint(count + nodes_of(tree));
  writer.u8(flags);
  writer.varint(children + roots_of(tree));
  writer.raw(fields.subspan(list, nodes - list));
  append_roots(writer, tree, count);
  writer.raw(fields.subspan(nodes, fields.size() - 1 - nodes));
  write_nodes(writer, tree, count);
  writer.varint(0);
  return out;
}

ByteBuffer only_commands(const CommandTree& tree, Version version) {
  ByteBuffer body;
  Writer out(body, version);
  begin_packet(out, Kind::declare_commands, Bound::client);
  out.varint(1 + nodes_of(tree));
  out.u8(0);
  out.varint(roots_of(tree));
  append_roots(out, tree, 1);
  write_nodes(out, tree, 1);
  out.varint(0);
  return body;
}

ByteBuffer message_acknowledgement(std::int32_t count, Version version) {
  ByteBuffer body;
  Writer out(body, version);
  begin_packet(out, Kind::message_acknowledgement, Bound::server);
  out.varint(count);
  return body;
}

}  // namespace drawbridge::mc
