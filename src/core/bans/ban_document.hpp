// The ban file's content: read, changed, written again with everything in it that we do not know
// (contract: the ban file). Pure; ban_file.hpp does the reading and writing on disk.
//
// An entry that cannot be understood bans nobody, but is kept and told about.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/bans/ban.hpp"

namespace drawbridge::core {

class BanDocument {
 public:
  static constexpr std::size_t most_audit_entries = 10'000;

  BanDocument();  // no bans
  BanDocument(BanDocument&& other) noexcept;
  BanDocument& operator=(BanDocument&& other) noexcept;
  ~BanDocument();

  // An error if it is corrupt: no JSON object, or `bans` is no list. An empty text is an empty
  // file.
  static Result<BanDocument> parse(std::string_view text);
  // One ban and one audit entry a line, so that it can be read and edited by hand.
  [[nodiscard]] std::string text() const;

  // In the order of the file; those that have run out too, until they are purged.
  [[nodiscard]] const std::vector<Ban>& bans() const { return bans_; }
  [[nodiscard]] std::vector<BanAudit> audit() const;  // newest last
  // What could not be understood: "ban 3: unknown target type".
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  // Whether ids had to be made up: write it, so that they stay.
  [[nodiscard]] bool made_up_ids() const { return made_up_ids_; }

  // Adds a ban in place of any that means the same; gives it an id. `audited`: with an audit entry.
  const Ban& add(Ban ban, bool audited);
  // Takes every ban that means this out; those that it took.
  std::vector<Ban> remove(const BanTarget& target, const BanSource& source, UnixSeconds now,
                          bool audited);
  // Takes bans out that have run out.
  std::vector<Ban> purge(UnixSeconds now, bool audited);

 private:
  struct Json;
  void read_entries();
  std::string next_id();
  void note(std::string_view action, const Ban& ban, const BanSource& source, UnixSeconds now);
  template <class Matches>
  std::vector<Ban> take_out(Matches matches);

  std::unique_ptr<Json> json_;
  std::vector<Ban> bans_;
  std::vector<std::size_t> places_;  // of each of bans_ in the file's list
  std::vector<std::string> problems_;
  bool made_up_ids_ = false;
  std::int64_t highest_id_ = -1;  // once it is needed
};

}  // namespace drawbridge::core
