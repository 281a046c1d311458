// What goes along with a player from one server to the next, besides the link itself.
//
// What the client says of itself only once, so that later servers have to be told it by us: its
// brand, its settings, the plugin channels that it listens to. And, before 1.20.2, what a server
// has put on the client's screen that a new world does not take away by itself: the tab list and
// boss bars. (From 1.20.2 on the configuration phase does.)
//
// One thread. Everything that strangers say has a cap; what is beyond it is not taken along.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "mc/packet_ids.hpp"
#include "mc/tab_list.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

class Luggage {
 public:
  static constexpr std::size_t most_channels = 1024;
  static constexpr std::size_t most_channel_bytes = std::size_t{32} << 10;  // of all names
  static constexpr std::size_t longest_brand = 256;                         // bytes
  static constexpr std::size_t most_boss_bars = 1024;

  // `settings` or `custom_payload` on its way from the client, in configuration or play.
  void note_from_client(mc::Kind kind, ByteView fields, mc::Version version);
  // `player_info`, `player_remove` or `boss_bar` on its way to the client; before 1.20.2.
  void note_to_client(mc::Kind kind, ByteView fields, mc::Version version);
  // The same for what we show ourselves.
  void note_boss_bar(const Uuid& bar);

  // What a further server is told in the client's place (id and fields), in the phase that it
  // begins with. Before 1.20.2 a client says brand and settings again by itself.
  [[nodiscard]] std::vector<ByteBuffer> introduction(mc::Version version, mc::State state) const;

  // What clears the screen of the world that the client has just left (id and fields; play).
  // Before 1.20.2 it goes behind the new `login` and `respawn`, later before
  // `start_configuration`. Nothing is left to be cleared then.
  std::vector<ByteBuffer> clear_screen(mc::Version version);

  [[nodiscard]] const std::vector<std::string>& channels() const { return channels_; }

 private:
  void note_channels(ByteView names, bool listens);

  ByteBuffer settings_;  // the fields as they came; empty: not said yet
  std::string brand_channel_;
  ByteBuffer brand_;
  std::vector<std::string> channels_;
  std::size_t channel_bytes_ = 0;
  mc::TabList tab_list_;
  std::vector<Uuid> boss_bars_;
};

}  // namespace drawbridge::core
