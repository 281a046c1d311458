// Commands in the game's own packets: what a client says, what it wants completed, and the tree of
// commands that it is given. Read here are only the parts that a proxy needs to answer commands of
// its own; everything else of these packets is passed on as it came.
//
// Layouts: minecraft-data (chat_command, tab_complete, declare_commands), checked in
// commands_test.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "mc/packet_ids.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

// A command as the client said it, without its slash. A view into the packet.
struct SaidCommand {
  std::string_view command;
  // 1.19.3 to 1.20.4: messages that the client acknowledges along with it. Whoever keeps the
  // command to himself owes the server these.
  std::int32_t acknowledged = 0;
  // Parts of it are signed: it can only be passed on.
  bool is_signed = false;
};
// Of chat (before 1.19), chat_command; nothing if it is no command, or cannot be read.
std::optional<SaidCommand> read_command(Kind kind, ByteView fields, Version version);

// What the client wants to have completed, with its slash.
struct CompletionRequest {
  std::int32_t transaction = 0;  // 1.13 and later
  std::string_view text;
};
// Of tab_complete to the server; nothing if it cannot be read.
std::optional<CompletionRequest> read_completion(ByteView fields, Version version);
// The answer, id and fields: `words` in the place of what is behind the last blank of `text`.
ByteBuffer completions(std::int32_t transaction, std::string_view text,
                       const std::vector<std::string>& words, Version version);

// Commands of ours for the client's tree: a literal for each name, below the first of them the
// subcommands, each with its arguments in a row; some of these are commands by themselves, too.
struct CommandTree {
  struct Argument {
    std::string name;
    bool required = true;
    bool is_text = false;  // the rest of the line
    bool asks = false;     // the server is asked for completions
  };
  struct Subcommand {
    std::string name;
    std::vector<Argument> arguments;
  };
  std::vector<std::string> names;
  std::vector<Subcommand> subcommands;
  std::vector<std::string> alone = {};  // names of subcommands
};

// declare_commands (1.13 and later) with ours added, as fields. The backend's nodes stay as they
// came, whatever parsers they have: ours are put behind them and into the root's list. That works
// where the root is the first node, which it is in vanilla's and every known server's packets;
// nothing where it is not, and where there is no room.
std::optional<ByteBuffer> with_commands(ByteView fields, const CommandTree& tree, Version version);
// A tree of nothing but ours.
ByteBuffer only_commands(const CommandTree& tree, Version version);

// 1.19.3 to 1.20.4: id and fields of the acknowledgement of so many messages.
ByteBuffer message_acknowledgement(std::int32_t count, Version version);

}  // namespace drawbridge::mc
