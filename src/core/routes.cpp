// Looking a host up. Building is in routes_build.cpp, telling why in routes_explain.cpp.
#include "core/routes.hpp"

#include "core/routes_data.hpp"

namespace drawbridge::core {

using route_detail::PaddedHost;

std::string_view name_of(MatchKind kind) {
  switch (kind) {
    case MatchKind::exact:
      return "exact";
    case MatchKind::suffix:
      return "suffix";
    case MatchKind::glob:
      return "pattern";
    case MatchKind::route:
      return "route";
    case MatchKind::listener_default:
      return "listener default";
    case MatchKind::global_default:
      return "default";
    case MatchKind::catch_all:
      return "catch-all";
  }
  return "";
}

void RouteTable::Data::start(Walk& walk, std::string_view host) const {
  walk.host = host;
  std::size_t labels = 0;
  PaddedHost(host).walk([&](std::size_t begin, std::uint64_t hash) {
    ++labels;
    if (begin != 0 && !depths[labels]) return;
    __builtin_prefetch(&slots[hash >> shift]);
    if (begin == 0) {
      walk.whole = hash;
      return;
    }
    walk.hashes[walk.suffixes] = hash;
    walk.starts[walk.suffixes++] = static_cast<std::uint8_t>(begin);
  });
}

std::uint32_t RouteTable::Data::find_record(std::uint64_t hash, std::string_view name,
                                            Record& record) const {
  const auto tag = static_cast<std::uint32_t>(hash);
  for (std::size_t i = hash >> shift;; i = (i + 1) & (slots.size() - 1)) {
    const Slot slot = slots[i];
    if (slot.record == 0) return 0;
    if (slot.tag != tag) continue;
    std::memcpy(&record, records.data() + slot.record, sizeof record);
    if (text_at(slot.record, record.length).substr(2) == name) return slot.record;
  }
}

std::optional<Match> RouteTable::Data::find_exact(const Walk& walk) const {
  Record record;
  const std::uint32_t at = find_record(walk.whole, walk.host, record);
  if (at == 0 || record.exact == none) return std::nullopt;
  return Match{record.exact, MatchKind::exact, text_at(at, record.length).substr(2)};
}

std::optional<Match> RouteTable::Data::find_suffix(Walk& walk) const {
  for (std::size_t i = walk.suffixes; i-- > 0;) {
    Record record;
    const std::uint32_t at = find_record(walk.hashes[i], walk.host.substr(walk.starts[i]), record);
    if (at == 0) continue;
    if (record.suffix != none) {
      return Match{record.suffix, MatchKind::suffix, text_at(at, record.length)};
    }
    if (record.globs != none) walk.glob_lists[walk.lists++] = record.globs;
  }
  return std::nullopt;
}

void RouteTable::Data::collect_glob_lists(Walk& walk) const {
  walk.lists = 0;
  for (std::size_t i = 0; i < walk.suffixes; ++i) {
    Record record;
    const std::string_view name = walk.host.substr(walk.starts[i]);
    if (find_record(walk.hashes[i], name, record) == 0 || record.globs == none) continue;
    walk.glob_lists[walk.lists++] = record.globs;
  }
}

std::optional<Match> RouteTable::Data::find_glob(const Walk& walk) const {
  if (tailless_globs == none && walk.lists == 0) return std::nullopt;
  const HostBits host(walk.host);
  std::uint32_t best = none;
  const auto try_list = [&](std::uint32_t at) {
    const std::uint32_t* list = glob_lists.data() + at;
    for (std::uint32_t k = 1; k <= list[0] && list[k] < best; ++k) {
      if (host.matches(globs[list[k]].text)) best = list[k];
    }
  };
  for (std::size_t i = 0; i < walk.lists; ++i) try_list(walk.glob_lists[i]);
  if (tailless_globs != none) try_list(tailless_globs);
  if (best == none) return std::nullopt;
  return Match{globs[best].server, MatchKind::glob, globs[best].text};
}

std::optional<Match> RouteTable::Data::find_default(std::optional<std::uint32_t> listener) const {
  if (listener) return Match{*listener, MatchKind::listener_default, {}};
  if (global_default) return Match{*global_default, MatchKind::global_default, {}};
  if (catch_all) return Match{*catch_all, MatchKind::catch_all, "*"};
  return std::nullopt;
}

RouteTable::RouteTable() : RouteTable(std::vector<RouteClaim>{}) {}

RouteTable::RouteTable(const std::vector<RouteClaim>& claims,
                       std::optional<std::uint32_t> global_default) {
  auto data = std::make_unique<Data>();
  data->global_default = global_default;
  data->build(claims);
  data_ = std::move(data);
}

RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

std::optional<Match> RouteTable::find(std::string_view host,
                                      std::optional<std::uint32_t> listener_default) const {
  const std::optional<Match> match = find_domain(host);
  return match ? match : find_default(listener_default);
}

std::optional<Match> RouteTable::find_domain(std::string_view host) const {
  if (host.empty() || host.size() > max_host_length) return std::nullopt;
  Data::Walk walk;
  data_->start(walk, host);
  std::optional<Match> match = data_->find_exact(walk);
  if (!match) match = data_->find_suffix(walk);
  if (!match) match = data_->find_glob(walk);
  return match;
}

std::optional<Match> RouteTable::find_default(std::optional<std::uint32_t> listener_default) const {
  return data_->find_default(listener_default);
}

const std::vector<RouteConflict>& RouteTable::conflicts() const {
  return data_->conflicts;
}
const std::vector<RouteRejection>& RouteTable::rejections() const {
  return data_->rejections;
}
std::size_t RouteTable::size() const {
  return data_->size;
}
std::size_t RouteTable::memory() const {
  return data_->slots.capacity() * sizeof(Data::Slot) +
         data_->records.capacity() * sizeof(std::uint32_t);
}

}  // namespace drawbridge::core
