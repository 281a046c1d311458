// What the limbo asks and tells whoever knows the players, besides SessionOwner.
#pragma once

#include <cstdint>
#include <string_view>

namespace drawbridge::core {

// On the worker. What is called may use the session of this id, and may end it.
class LimboOwner {
 public:
  // The player stands in the world: now texts can be shown.
  virtual void on_limbo_spawn(std::uint64_t id) = 0;
  // What the player said, at most 256 characters of anything.
  virtual void on_limbo_chat(std::uint64_t id, std::string_view message) = 0;
  // A command without its slash, as the player typed it: at most 256 characters of anything.
  virtual void on_limbo_command(std::uint64_t id, std::string_view command) = 0;
  // What is to be completed, with its slash, of a client that asks so: at most 256 characters of
  // anything.
  virtual void on_limbo_completion(std::uint64_t id, std::int32_t transaction,
                                   std::string_view text) = 0;
  // Once a second, from the spawn on; `stayed` is in seconds.
  virtual void on_limbo_second(std::uint64_t id, std::uint32_t stayed) = 0;

 protected:
  ~LimboOwner() = default;
};

}  // namespace drawbridge::core
