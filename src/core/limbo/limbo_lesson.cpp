#include "core/limbo/limbo_lesson.hpp"

#include <utility>

#include "base/log.hpp"

namespace drawbridge::core {

std::unique_ptr<LimboLesson> LimboLesson::of(LimboBook& book, mc::Version version,
                                             std::string_view server) {
  if (!book.begin_lesson(version, server)) return nullptr;
  return std::make_unique<LimboLesson>(book, version, server);
}

void LimboLesson::end() {
  if (listener_) book_.end_lesson();
  listener_.reset();
}

// It ends with the client's word that it is done: by then it has taken everything.
bool LimboLesson::note(Side from, mc::Kind kind, ByteView fields) {
  if (!listener_) return false;
  if (kind != mc::Kind::finish_configuration) {
    listener_->hear(from == Side::client ? mc::Bound::server : mc::Bound::client, kind, fields);
    return true;
  }
  if (from == Side::backend) return true;
  auto learned = listener_->learned();
  end();
  if (!learned) {
    log::debug("session", "the registries of this version cannot be learned here",
               {{"server", server_}, {"version", mc::release_name(version_)}});
    return false;
  }
  const std::size_t registries = learned->registries.size();
  const std::size_t bytes = learned->bytes();
  if (book_.learn(version_, server_, std::move(*learned)))
    log::info("session", "learned the registries of a version",
              {{"server", server_},
               {"version", mc::release_name(version_)},
               {"registries", registries},
               {"bytes", bytes}});
  return false;
}

}  // namespace drawbridge::core
