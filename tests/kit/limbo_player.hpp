// A client that goes into the limbo as vanilla clients do: answers what it is asked, and keeps what
// it is shown.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kit/login_client.hpp"
#include "mc/reader.hpp"
#include "mc/text.hpp"

namespace drawbridge::kit {

class LimboPlayer {
 public:
  struct Settings {
    LoginClient::Settings login = {};
    // What it says that it has of the packs on offer; nothing: all of them.
    std::optional<std::vector<mc::SelectKnownPacks::Pack>> packs = std::nullopt;
    int says_packs = 1;  // how often it says so
  };
  LimboPlayer(const Endpoint& proxy, Settings settings)
      : client(proxy, settings.login), settings_(std::move(settings)) {}

  // Logs in and walks to the world, whose packets are read up to the player's own line in the tab
  // list. False: it did not get so far; `kicked` may say why.
  bool enter() {
    const auto outcome = client.log_in();
    kicked = outcome.kicked;
    return outcome.in && (link().state == mc::State::play || configure()) && see_world();
  }

  // The same for a player who was in the game: out of its world by way of configuration.
  bool enter_again() {
    if (!next(mc::Kind::start_configuration) || !link().write(mc::ConfigurationAcknowledged{}))
      return false;
    link().state = mc::State::configuration;
    return configure() && see_world();
  }

  // Reads until a packet of this kind has come, and answers keep-alives on the way. Nothing: it did
  // not come.
  std::optional<PacketWire::Received> next(mc::Kind kind) {
    while (auto packet = link().read()) {
      if (packet->kind == mc::Kind::keep_alive && kind != mc::Kind::keep_alive) {
        if (!link().write_body(answer_to(*packet, link().version))) return std::nullopt;
        continue;
      }
      if (packet->kind == kind) return packet;
    }
    return std::nullopt;
  }
  // The words of the next line of chat.
  std::string hears() {
    const bool is_system = link().version >= mc::v1_19;
    const auto packet = next(is_system ? mc::Kind::system_chat : mc::Kind::chat);
    return packet ? words_of(packet->fields, 0) : std::string();
  }
  // The words of a packet's text, which begins `before` bytes behind its id.
  [[nodiscard]] std::string words_of(ByteView fields, std::size_t before) {
    mc::Reader reader(fields.subspan(before), link().version);
    mc::WireText wire;
    mc::text_field(reader, wire);
    const auto text = mc::read_wire_text(wire, link().version, Fault::proxy);
    return text ? mc::to_plain(*text) : "not readable";
  }
  bool type(const std::string& command) {
    const mc::IdMap& ids = mc::id_map(link().version, mc::State::play, mc::Bound::server);
    const bool is_chat = link().version < mc::v1_19;
    ByteBuffer body;
    mc::Writer out(body, link().version);
    out.varint(*ids.id(is_chat ? mc::Kind::chat : mc::Kind::chat_command));
    out.string(is_chat ? "/" + command : command);
    // What a signed command of 1.19 to 1.20.4 has besides is of no interest here.
    return link().write_body(body);
  }

  // Asks for the completions of a line.
  bool wants(const std::string& line) {
    const mc::Version version = link().version;
    ByteBuffer body;
    mc::Writer out(body, version);
    out.varint(*mc::id_map(version, mc::State::play, mc::Bound::server).id(mc::Kind::tab_complete));
    if (version >= mc::v1_13) out.varint(3);
    out.string(line);
    if (version < mc::v1_13) {
      if (version >= mc::v1_9) out.boolean(false);
      if (version >= mc::v1_8) out.boolean(false);
    }
    return link().write_body(body);
  }

  bool say(const std::string& words) {
    const mc::IdMap& ids = mc::id_map(link().version, mc::State::play, mc::Bound::server);
    const bool is_old = link().version < mc::v1_19;
    ByteBuffer body;
    mc::Writer out(body, link().version);
    out.varint(*ids.id(is_old ? mc::Kind::chat : mc::Kind::chat_message));
    out.string(words);
    return link().write_body(body);
  }

  // To a keep-alive of play.
  static ByteBuffer answer_to(const PacketWire::Received& question, mc::Version version) {
    ByteBuffer body;
    mc::Writer out(body, version);
    out.varint(*mc::id_map(version, mc::State::play, mc::Bound::server).id(mc::Kind::keep_alive));
    out.raw(question.fields);
    return body;
  }

  [[nodiscard]] PacketWire& link() { return client.link; }

  LoginClient client;
  std::string kicked;
  std::map<std::string, std::size_t> registries;  // names and how many entries had a value
  std::map<mc::Kind, int> seen;                   // of the way to the world

 private:
  bool configure() {
    for (;;) {
      auto packet = link().read();
      if (!packet) return false;
      ++seen[packet->kind];
      switch (packet->kind) {
        case mc::Kind::select_known_packs: {
          auto offer =
              mc::decode<mc::SelectKnownPacks>(packet->fields, link().version, Fault::proxy);
          if (!offer) return false;
          if (settings_.packs) offer->packs = *settings_.packs;
          for (int i = 0; i < settings_.says_packs; ++i)
            if (!link().write(*offer)) return false;
          break;
        }
        case mc::Kind::disconnect:
          kicked = words_of(packet->fields, 0);
          return false;
        case mc::Kind::registry_data:
          note_registry(packet->fields);
          break;
        case mc::Kind::finish_configuration:
          if (!link().write(mc::FinishConfiguration{})) return false;
          link().state = mc::State::play;
          return true;
        default:
          break;
      }
    }
  }
  void note_registry(ByteView fields) {
    const auto data = mc::decode<mc::RegistryData>(fields, link().version, Fault::proxy);
    ASSERT_TRUE(data);
    if (link().version < mc::v1_20_5) return;
    std::size_t values = 0;
    for (const auto& entry : data->entries) values += entry.value ? 1 : 0;
    registries[data->registry] = values;
  }
  bool see_world() {
    while (auto packet = link().read()) {
      ++seen[packet->kind];
      if (packet->kind == mc::Kind::player_info) return true;
    }
    return false;
  }
  Settings settings_;
};

}  // namespace drawbridge::kit
