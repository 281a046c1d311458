// What the limbo learns from a server while one of its players is configured: the registries of a
// version that has no tables. Mostly there is nothing to learn, and no lesson.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "core/limbo/limbo_frames.hpp"
#include "core/session/side.hpp"
#include "mc/learned_registries.hpp"
#include "mc/packet_ids.hpp"
#include "mc/version.hpp"

namespace drawbridge::core {

// Of one player and one server. One thread.
class LimboLesson {
 public:
  // Null: there is nothing to learn. The book outlives the lesson.
  static std::unique_ptr<LimboLesson> of(LimboBook& book, mc::Version version,
                                         std::string_view server);

  // Only after LimboBook::begin_lesson().
  LimboLesson(LimboBook& book, mc::Version version, std::string_view server)
      : book_(book), listener_(version), version_(version), server_(server) {}
  LimboLesson(const LimboLesson&) = delete;
  LimboLesson& operator=(const LimboLesson&) = delete;
  ~LimboLesson() { end(); }

  // Whether this packet of configuration is part of it.
  static bool has(mc::Kind kind) {
    return kind == mc::Kind::finish_configuration || mc::RegistryListener::listens_to(kind);
  }
  // One that passes. False: the lesson is over.
  bool note(Side from, mc::Kind kind, ByteView fields);

 private:
  void end();

  LimboBook& book_;
  std::optional<mc::RegistryListener> listener_;  // none: the lesson is over
  mc::Version version_;
  std::string server_;
};

}  // namespace drawbridge::core
