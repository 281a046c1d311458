// Ban files: people edit them and other programs write them. Whatever is in one, what we write
// after a change reads back with the same bans and ids, no id twice, and what we do not know kept.
#include <cstdlib>
#include <set>

#include "core/bans/ban_document.hpp"
#include "core/bans/ban_list.hpp"

using namespace drawbridge;
using namespace drawbridge::core;

namespace {

constexpr UnixSeconds today = 1'790'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_same(const BanDocument& a, const BanDocument& b) {
  require(a.bans().size() == b.bans().size());
  for (std::size_t i = 0; i < a.bans().size(); ++i) {
    const Ban& one = a.bans()[i];
    const Ban& other = b.bans()[i];
    require(one.id == other.id && one.target.same_as(other.target) && one.reason == other.reason);
    require(one.expires_at == other.expires_at && one.created_at == other.created_at);
  }
  require(a.audit().size() == b.audit().size());
}

void check_found(const BanDocument& document) {
  const BanList list(document.bans());
  for (const Ban& ban : list.bans()) {
    if (!ban.holds_at(today)) continue;
    switch (ban.target.kind) {
      case BanTarget::Kind::ip:
      case BanTarget::Kind::ip_range:
        require(list.by_address(ban.target.network().network, today) != nullptr);
        break;
      case BanTarget::Kind::username:
        require(list.by_name(ban.target.value, today) != nullptr);
        break;
      case BanTarget::Kind::uuid:
        require(list.by_uuid(ban.target.uuid(), today) != nullptr);
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto document = BanDocument::parse(as_text(ByteView(data, size)));
  if (!document) return 0;
  check_found(*document);
  const auto again = BanDocument::parse(document->text());
  require(again.has_value() && !again->made_up_ids());
  check_same(*document, *again);

  Ban wish;
  wish.target = *BanTarget::of("username", "Fuzz");
  wish.created_at = today;
  const std::string id = document->add(wish, true).id;
  int holders = 0;
  for (const Ban& ban : document->bans()) holders += ban.id == id ? 1 : 0;
  require(holders == 1);
  document->purge(today, true);
  require(document->remove(wish.target, {}, today, true).size() == 1);
  const auto changed = BanDocument::parse(document->text());
  require(changed.has_value());
  check_same(*document, *changed);
  return 0;
}
