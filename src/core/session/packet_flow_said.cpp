// What is said to the proxy and stays here: commands of ours and their completion, by the client;
// messages on the BungeeCord channel, by its server. And our commands in the client's tree.
#include <algorithm>
#include <array>
#include <utility>

#include "core/commands/game_commands.hpp"
#include "core/session/packet_flow.hpp"
#include "mc/bungee_channel.hpp"
#include "mc/frame.hpp"
#include "mc/packets/common.hpp"
#include "mc/reader.hpp"
#include "mc/writer.hpp"

namespace drawbridge::core {

using mc::Contents;
using mc::Kind;

namespace {

// Of a plugin message: its id and its channel, if that is one of ours, in their longest forms.
constexpr std::size_t head_of_payload = 64;

// The channel of a plugin message that begins with these bytes; empty: none of a length that
// would matter.
std::string_view channel_of(ByteView head) {
  mc::Reader in(head);
  std::int32_t number = 0;
  in.varint(number);  // the packet's id
  in.varint(number);
  if (!in.ok() || number <= 0) return {};
  const std::size_t most = in.left();
  const ByteView name = in.raw(std::min(static_cast<std::size_t>(number), most));
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

}  // namespace

// --- The BungeeCord channel ---

// What is to be done with a plugin message; nothing: it is like any other packet that matters.
std::optional<PacketTracker::Verdict> PacketFlow::note_payload(Side from,
                                                               const Contents& contents) {
  using Verdict = PacketTracker::Verdict;
  std::array<Byte, head_of_payload> inflated{};
  ByteView head = contents.bytes;
  if (contents.is_compressed()) {
    const auto size = codecs_.inflater.peek(contents.bytes, inflated, fault_of(from));
    // Damaged behind its id: the receiver's to refuse.
    if (!size) return Verdict::pass;
    head = ByteView(inflated).first(*size);
  }
  const std::string_view channel = channel_of(head);
  // A client that could speak there would be believed to be a server by the proxy, or the other way
  // round.
  if (from == Side::client)
    return mc::is_between_proxy_and_server(channel) ? std::optional(Verdict::drop) : std::nullopt;
  if (!rules_.answers_channel || !mc::is_bungee_channel(channel)) return Verdict::pass;
  const auto whole = mc::whole_packet(contents, codecs_.inflater, Fault::backend);
  const auto packet =
      whole ? mc::split_packet(*whole, Fault::backend) : std::unexpected(whole.error());
  if (!packet) return Verdict::pass;
  const auto message =
      mc::decode<mc::CustomPayload>(packet->fields, tracker_.version(), Fault::backend);
  if (!message || !mc::bungee_subchannel(message->data)) return Verdict::pass;
  said_ = {Said::Kind::channel, 0, std::string(message->data.begin(), message->data.end())};
  return Verdict::drop;
}

void PacketFlow::set_answers_channel(bool answers) {
  rules_.answers_channel = answers;
  tracker_.set_answers_channel(answers);
  settle(Side::backend);
}

// --- Commands of ours ---

// Whether the client said it to us.
bool PacketFlow::hear(Kind kind, ByteView fields) {
  if (kind != Kind::chat && kind != Kind::chat_command && kind != Kind::tab_complete) return false;
  const mc::Version version = tracker_.version();
  if (kind == Kind::tab_complete) {
    const auto asked = mc::read_completion(fields, version);
    if (!asked || !asked->text.starts_with('/') || !asked->text.contains(' ')) return false;
    if (!our_command(asked->text.substr(1), commands_.get())) return false;
    said_ = {Said::Kind::completion, asked->transaction, std::string(asked->text)};
    return true;
  }
  const auto said = mc::read_command(kind, fields, version);
  if (!said || said->is_signed || !our_command(said->command, commands_.get())) return false;
  said_ = {Said::Kind::command, 0, std::string(said->command)};
  // Without it the server would find the next signed message out of order.
  if (said->acknowledged != 0)
    queue_instead(Side::backend, mc::message_acknowledgement(said->acknowledged, version));
  return true;
}

// The backend's tree with ours in it, if both are there; else it goes on as it came.
bool PacketFlow::add_commands(ByteView fields) {
  if (!commands_ || fields.empty()) return false;
  const auto merged = mc::with_commands(fields, *commands_, tracker_.version());
  if (!merged) return false;
  const auto id = lanes_[index(Side::backend)].ids->id(Kind::declare_commands);
  ByteBuffer packet;
  mc::Writer(packet).varint(id.value_or(0));
  packet.insert(packet.end(), merged->begin(), merged->end());
  queue_instead(Side::client, packet);
  return !instead_.empty();
}

void PacketFlow::queue_instead(Side to, ByteView packet) {
  scratch_.clear();
  const mc::Threshold receiver = lanes_[index(other(to))].receiver;
  if (mc::append_packet(scratch_, packet, receiver, codecs_.deflater, Fault::proxy))
    instead_ = scratch_;
}

}  // namespace drawbridge::core
