// Who stands in a client's tab list, told from what its server sends. A client before 1.20.2 keeps
// the list when it comes to another server, so somebody has to know whom to take out.
//
// Until 1.7 a line is known by its text, later by the player's UUID.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "mc/packet_ids.hpp"
#include "mc/version.hpp"

namespace drawbridge::mc {

class TabList {
 public:
  // Lines beyond this are not kept (and stay at the client).
  static constexpr std::size_t most = 4096;

  // player_info or player_remove on its way to the client. What cannot be read changes nothing
  // more: it is the client's to refuse.
  void note(Kind kind, ByteView fields, Version version);
  // The packets (id and fields) that empty the client's list; the list is empty then. Empty if it
  // is already.
  std::vector<ByteBuffer> take_all(Version version);
  [[nodiscard]] std::size_t size() const { return players_.size() + names_.size(); }
  void clear();

 private:
  void note_name(ByteView fields, Version version);
  void note_actions(ByteView fields, Version version);
  void note_parts(ByteView fields, Version version);
  void note_removal(ByteView fields, Version version);
  void add(const Uuid& player);
  void remove(const Uuid& player);

  std::vector<Uuid> players_;       // from 1.8, sorted
  std::vector<std::string> names_;  // 1.7
};

}  // namespace drawbridge::mc
