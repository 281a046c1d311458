#include "features/docker/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/strings.hpp"

namespace drawbridge::features::docker {

using control::DockerContainer;

namespace {

using Labels = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view own_prefix = "drawbridge.";
constexpr std::string_view infrarust_prefix = "infrarust.";
constexpr std::string_view mc_router_prefix = "mc-router.";
constexpr std::string_view mc_router_idle = "10m";
constexpr std::uint16_t minecraft_port = 25565;

bool is_true(std::string_view text) {
  return text == "true" || text == "1";
}

const std::string* find(const Labels& labels, std::string_view key) {
  const auto found = labels.find(key);
  return found == labels.end() ? nullptr : &found->second;
}

// While Compose replaces a container, the new one is called "<12 digits of the old id>_<name>".
std::string lasting_name(const std::string& name) {
  constexpr std::size_t digits = 12;
  const bool temporary = name.size() > digits + 1 && name[digits] == '_' &&
                         std::all_of(name.begin(), name.begin() + digits, [](char c) {
                           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                         });
  return temporary ? name.substr(digits + 1) : name;
}

// One container's labels, turned into keys of a server file.
class LabelReader {
 public:
  LabelReader(const DockerContainer& container, const LabelSettings& settings)
      : container_(container), settings_(settings), source_("container " + container.name) {
    if (settings.mc_router) read_mc_router();
    read_own();
    take_specials();
  }

  [[nodiscard]] const DockerContainer& container() const { return container_; }
  [[nodiscard]] const std::string& group() const { return group_; }
  [[nodiscard]] bool wakes() const { return wakes_; }
  [[nodiscard]] bool is_default() const { return is_default_; }
  [[nodiscard]] std::uint16_t weight() const { return weight_; }
  [[nodiscard]] bool usable() const { return !config::has_errors(problems_); }
  // Where the server in it is reached now.
  [[nodiscard]] std::string address() const {
    return control::docker_address(container_, port_, wanted_network(), settings_.shared_networks)
        .text;
  }

  // The server of this container and of the others of its group.
  [[nodiscard]] config::LoadedServer load(const std::vector<const LabelReader*>& members) const;

 private:
  void read_mc_router();
  void read_own();
  void take_specials();
  void take_keeper();
  void check_network();
  void problem(config::Problem::Severity severity, std::string key, std::string message) {
    problems_.push_back({.severity = severity,
                         .source = source_,
                         .line = 0,
                         .column = 0,
                         .key = std::move(key),
                         .message = std::move(message)});
  }
  void error(std::string key, std::string message) {
    problem(config::Problem::Severity::error, std::move(key), std::move(message));
  }
  void warn(std::string key, std::string message) {
    problem(config::Problem::Severity::warning, std::move(key), std::move(message));
  }
  // Takes the key out of `keys_`.
  std::optional<std::string> take(std::string_view key) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return std::nullopt;
    std::string value = std::move(found->second);
    keys_.erase(found);
    return value;
  }
  bool take_switch(std::string_view key) {
    const auto value = take(key);
    if (!value) return false;
    const std::string word = lowered(trimmed(*value));
    if (word != "true" && word != "1" && word != "false" && word != "0")
      error(std::string(key),
            fmt::format("must be true or false, not \"{}\"", escaped_for_log(*value, 40)));
    return is_true(word);
  }
  std::uint16_t take_number(std::string_view key, std::uint16_t otherwise, std::uint16_t least) {
    const auto value = take(key);
    if (!value) return otherwise;
    const auto number = parse_int<std::uint16_t>(trimmed(*value));
    if (number && *number >= least) return *number;
    error(std::string(key), fmt::format("must be a number in {}..65535", least));
    return otherwise;
  }
  [[nodiscard]] std::string wanted_network() const {
    return own_network_.empty() ? settings_.network : own_network_;
  }

  const DockerContainer& container_;
  const LabelSettings& settings_;
  std::string source_;
  config::Problems problems_;
  Labels keys_;  // by their names without prefix; what is left goes into the server file
  std::string group_, own_network_;
  std::uint16_t port_ = minecraft_port;
  std::uint16_t weight_ = 1;
  bool wakes_ = false;
  bool is_default_ = false;
};

void LabelReader::read_mc_router() {
  const Labels& labels = container_.labels;
  constexpr std::array<std::array<std::string_view, 2>, 8> same = {{
      {"mc-router.host", "domains"},
      {"mc-router.port", "port"},
      {"mc-router.network", "docker_network"},
      {"mc-router.default", "default"},
      {"mc-router.auto-scale-asleep-motd", "motd.sleeping.text"},
      {"mc-router.auto-scale-loading-motd", "motd.starting.text"},
      {"mc-router.auto-scale-failed-motd", "motd.crashed.text"},
      {"mc-router.auto-scale-wait-timeout", "server_manager.start_timeout"},
  }};
  for (const auto& [theirs, ours] : same)
    if (const std::string* value = find(labels, theirs)) keys_[std::string(ours)] = *value;
  const std::string* up = find(labels, "mc-router.auto-scale-up");
  const std::string* down = find(labels, "mc-router.auto-scale-down");
  const bool wakes = up != nullptr && is_true(lowered(*up));
  const bool sleeps = down != nullptr && is_true(lowered(*down));
  if (wakes || sleeps) keys_["wake"] = "true";
  if (up != nullptr || sleeps) keys_["server_manager.wake_on"] = wakes ? "login" : "off";
  if (sleeps) keys_["server_manager.shutdown_after"] = mc_router_idle;
}

void LabelReader::read_own() {
  const Labels& labels = container_.labels;
  for (const std::string_view prefix : {infrarust_prefix, own_prefix})
    for (const auto& [label, value] : labels) {
      if (!label.starts_with(prefix)) continue;
      const std::string key = label.substr(prefix.size());
      if (prefix == own_prefix && labels.contains(std::string(infrarust_prefix) + key))
        warn(key, fmt::format("{}{} and {}{} are both set; the first is used", own_prefix, key,
                              infrarust_prefix, key));
      keys_[key] = value;
    }
}

void LabelReader::take_specials() {
  take("enable");
  // Infrarust's short form.
  if (auto text = take("motd.text"); text && !keys_.contains("motd.online.text"))
    keys_["motd.online.text"] = std::move(*text);
  port_ = take_number("port", minecraft_port, 1);
  weight_ = take_number("weight", 1, 0);
  is_default_ = take_switch("default");
  group_ = take("group").value_or("");
  if (!group_.empty() && config::to_id(group_).empty()) {
    error("group", "no id can be made from it");
    group_.clear();
  }
  own_network_ = std::string(trimmed(take("docker_network").value_or("")));
  // A list that is written with newlines is one with commas.
  if (const auto found = keys_.find("domains"); found != keys_.end())
    std::ranges::replace(found->second, '\n', ',');
  take_keeper();
  check_network();
}

// A keeper for this container and no other: images carry labels too, and one from a stranger must
// not name commands to run or containers to stop.
void LabelReader::take_keeper() {
  constexpr std::string_view prefix = "server_manager.";
  wakes_ = take_switch("wake");
  for (const std::string_view key : {"server_manager.type", "server_manager.container"})
    if (take(key)) error(std::string(key), "cannot be set by a label; `drawbridge.wake` sets it");
  if (wakes_) {
    keys_["server_manager.type"] = "docker";
    keys_["server_manager.container"] = container_.name;
    return;
  }
  bool any_own = false;
  std::erase_if(keys_, [&](const auto& entry) {
    const bool keeper = entry.first.starts_with(prefix);
    any_own =
        any_own || (keeper && container_.labels.contains(std::string(own_prefix) + entry.first));
    return keeper;
  });
  if (any_own) warn("server_manager", "has no effect without `drawbridge.wake=true`");
}

void LabelReader::check_network() {
  if (!own_network_.empty()) {
    if (container_.network(own_network_) == nullptr)
      error("docker_network", fmt::format("the container is not attached to \"{}\"",
                                          escaped_for_log(own_network_, 60)));
  } else if (!settings_.network.empty() && !container_.host_network &&
             container_.network(settings_.network) == nullptr) {
    warn("docker_network", fmt::format("the container is not attached to \"{}\"; another network "
                                       "is used",
                                       settings_.network));
  }
}

config::LoadedServer LabelReader::load(const std::vector<const LabelReader*>& members) const {
  const std::string name = lasting_name(container_.name);
  Labels keys = keys_;
  const std::string id = config::to_id(group_.empty() ? name : group_);
  if (!keys.contains("domains") && !keys.contains("routes")) keys["domains"] = id + ".docker.local";
  const bool own_addresses = keys.contains("addresses");
  if (!own_addresses) {
    std::string& list = keys["addresses"];
    for (const LabelReader* member : members) list += (list.empty() ? "" : ",") + member->address();
  }
  config::LoadedServer out = config::load_server_settings({keys.begin(), keys.end()}, source_, id);
  if (out.config && !own_addresses)
    for (std::size_t i = 0; i < members.size() && i < out.config->addresses.size(); ++i)
      out.config->addresses[i].weight = members[i]->weight();
  for (const LabelReader* member : members)
    out.problems.insert(out.problems.end(), member->problems_.begin(), member->problems_.end());
  if (wakes_ && members.size() > 1)
    out.problems.push_back({.severity = config::Problem::Severity::warning,
                            .source = source_,
                            .line = 0,
                            .column = 0,
                            .key = "wake",
                            .message = "only this container of its group is started and stopped"});
  if (config::has_errors(out.problems)) out.config.reset();
  return out;
}

// Of a group, those that players are sent to: the ones that run and are well, else those that run,
// else all (for its keeper).
std::vector<const LabelReader*> useful(const std::vector<const LabelReader*>& members) {
  const auto only = [&](auto fits) {
    std::vector<const LabelReader*> out;
    std::ranges::copy_if(members, std::back_inserter(out), fits);
    return out;
  };
  const auto runs = [](const LabelReader* one) { return one->container().runs(); };
  const auto well = [&](const LabelReader* one) {
    using Health = DockerContainer::Health;
    const Health health = one->container().health;
    return runs(one) && (health == Health::none || health == Health::healthy);
  };
  if (auto out = only(well); !out.empty()) return out;
  if (auto out = only(runs); !out.empty()) return out;
  return members;
}

// One server: the containers of a group by name, or one container.
struct Candidate {
  std::vector<const LabelReader*> members;

  [[nodiscard]] bool runs() const {
    return std::ranges::any_of(members,
                               [](const LabelReader* one) { return one->container().runs(); });
  }
  [[nodiscard]] bool wakes() const {
    return std::ranges::any_of(members, [](const LabelReader* one) { return one->wakes(); });
  }
  [[nodiscard]] const std::string& created() const { return members.front()->container().created; }
  // Whose labels describe the server: with a keeper the container that it keeps.
  [[nodiscard]] const LabelReader& speaker() const {
    const auto found =
        std::ranges::find_if(members, [](const LabelReader* one) { return one->wakes(); });
    return found == members.end() ? *members.front() : **found;
  }
  [[nodiscard]] bool beats(const Candidate& other) const {
    if (runs() != other.runs()) return runs();
    return created() > other.created();
  }
};

}  // namespace

bool is_enabled(const Labels& labels, bool mc_router) {
  for (const std::string_view prefix : {own_prefix, infrarust_prefix})
    if (const std::string* enable = find(labels, std::string(prefix) + "enable"))
      return is_true(lowered(trimmed(*enable)));
  return mc_router && find(labels, std::string(mc_router_prefix) + "host") != nullptr;
}

std::map<std::string, Described> describe(const std::vector<DockerContainer>& containers,
                                          const LabelSettings& settings) {
  std::vector<const DockerContainer*> by_name;
  for (const DockerContainer& container : containers)
    if (is_enabled(container.labels, settings.mc_router)) by_name.push_back(&container);
  std::ranges::sort(by_name, {}, [](const DockerContainer* one) { return one->name; });
  std::vector<LabelReader> readers;
  readers.reserve(by_name.size());
  for (const DockerContainer* container : by_name) readers.emplace_back(*container, settings);

  std::map<std::string, Candidate> candidates;
  for (const LabelReader& reader : readers)
    candidates[reader.group().empty() ? "container " + reader.container().id
                                      : "group " + reader.group()]
        .members.push_back(&reader);

  std::map<std::string, std::pair<Candidate, Described>> best;
  for (const auto& [key, candidate] : candidates) {
    if (!candidate.runs() && !candidate.wakes()) continue;
    const LabelReader& speaker = candidate.speaker();
    Described described{.server = speaker.load(useful(candidate.members)),
                        .is_default = speaker.is_default()};
    std::string id = described.server.id;
    const auto known = best.find(id);
    if (known == best.end())
      best.emplace(std::move(id), std::pair{candidate, std::move(described)});
    else if (candidate.beats(known->second.first))
      known->second = {candidate, std::move(described)};
  }
  std::map<std::string, Described> out;
  for (auto& [id, entry] : best) out.emplace(id, std::move(entry.second));
  return out;
}

}  // namespace drawbridge::features::docker
