#include "base/log_reader.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace drawbridge::log {

namespace {

struct Kept {
  Level level;
  std::string line;
};

struct Readers {
  std::mutex mutex;  // guards all of it, and what is in the readers
  std::deque<Kept> kept;
  std::size_t kept_bytes = 0;
  std::vector<Reader*> all;
};

Readers& readers() {
  static Readers& instance = *new Readers;  // lines may come until the very end
  return instance;
}

// The only sequences in a line are our own: what others say is escaped.
std::string without_colors(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t next = std::min(line.find('\x1b', at), line.size());
    out.append(line.substr(at, next - at));
    at = std::min(line.find('m', next), line.size() - 1) + 1;
    if (next == line.size()) break;
  }
  return out;
}

}  // namespace

Reader::Reader(Level at_least, bool from_the_past) : at_least_(at_least) {
  Readers& r = readers();
  const std::scoped_lock lock(r.mutex);
  if (from_the_past)
    for (const Kept& kept : r.kept) give(kept.level, kept.line);
  r.all.push_back(this);
}

Reader::~Reader() {
  Readers& r = readers();
  const std::scoped_lock lock(r.mutex);
  std::erase(r.all, this);
}

void Reader::give(Level level, std::string_view line) {
  if (level < at_least_) return;
  // Nothing gets in behind a gap: the lines that are told of as lost are one piece.
  if (lost_ > 0 || waiting_.size() + line.size() + 1 > waiting_bytes) {
    ++lost_;
    return;
  }
  waiting_ += line;
  waiting_ += '\n';
}

std::string Reader::take() {
  Readers& r = readers();
  const std::scoped_lock lock(r.mutex);
  std::string out = std::exchange(waiting_, {});
  if (const std::size_t lost = std::exchange(lost_, 0); lost > 0)
    out +=
        fmt::format("... {} lines are missing here: they came faster than they were read\n", lost);
  return out;
}

void give_to_readers(Level level, std::string_view line) {
  Readers& r = readers();
  const std::string plain = without_colors(line);
  const std::scoped_lock lock(r.mutex);
  for (Reader* reader : r.all) reader->give(level, plain);
  r.kept_bytes += plain.size();
  r.kept.push_back({level, plain});
  while (r.kept.size() > Reader::kept_lines || r.kept_bytes > Reader::kept_bytes) {
    r.kept_bytes -= r.kept.front().line.size();
    r.kept.pop_front();
  }
}

}  // namespace drawbridge::log
