#include "features/http_discovery/discovery.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/plain_file.hpp"
#include "config/secret_text.hpp"
#include "config/tree.hpp"
#include "control/url.hpp"
#include "features/http_discovery/server_list.hpp"

namespace drawbridge::features::http_discovery {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_list = std::size_t{16} << 20;
constexpr std::size_t largest_cache = 7 * longest_list;  // each byte as six: \u0000
constexpr Duration between_looks = seconds(1);

std::int64_t now_in_seconds() {
  return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string instance_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "drawbridge";
  return name.data();
}

std::string text_of(const config::Node& root, std::string_view key) {
  const config::Node* node = root.is_table() ? root.find(key) : nullptr;
  return node != nullptr && node->is_string() ? node->text : std::string();
}

// Whole or not at all, and for us alone: a list may hold keys of panels.
bool keep(const fs::path& path, std::string_view bytes) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  return config::replace_file(path, bytes, S_IRUSR | S_IWUSR).has_value();
}

}  // namespace

std::string report_body(std::string_view instance, std::int64_t at,
                        const std::vector<ReportedServer>& servers) {
  using config::Node;
  Node out;
  out.add("instance", instance);
  out.add("at", Node::of(at));
  Node list = Node::list();
  for (const ReportedServer& server : servers) {
    Node one;
    one.add("id", server.id);
    one.add("state", server.state);
    one.add("connections", Node::of(static_cast<std::int64_t>(server.connections)));
    Node players = Node::list();
    for (const ReportedPlayer& player : server.players) {
      Node who;
      who.add("name", player.name);
      if (player.uuid) who.add("uuid", player.uuid->text());
      who.add("verified", Node::of(player.verified));
      who.add("since", Node::of(player.since));
      players.children.push_back(std::move(who));
    }
    one.add("players", std::move(players));
    list.children.push_back(std::move(one));
  }
  out.add("servers", std::move(list));
  return config::to_json(out);
}

HttpDiscovery::HttpDiscovery(control::ControlThread& control, control::HttpClient& http,
                             config::HttpDiscovery settings, DiscoveryHooks hooks)
    : control_(control), http_(http), settings_(std::move(settings)), hooks_(std::move(hooks)) {
  fetch_timer_ = control_.after(Duration::zero(), [this] {
    read_cache();
    fetch();
  });
  if (settings_.report_url && hooks_.look) look_soon();
}

// --- The list

Result<control::HttpRequest> HttpDiscovery::request(const std::string& url) const {
  control::HttpRequest out;
  out.url = url;
  out.timeout = settings_.timeout;
  out.max_body = longest_list;
  if (settings_.token) {
    auto token = config::read_secret_text(*settings_.token);
    if (!token) return std::unexpected(std::move(token.error()));
    out.headers.push_back({"Authorization", "Bearer " + *token});
  }
  for (const auto& [name, text] : settings_.headers) {
    auto value = config::read_secret_text(text);
    if (!value) return std::unexpected(std::move(value.error()));
    out.headers.push_back({name, std::move(*value)});
  }
  return out;
}

void HttpDiscovery::fetch() {
  fetch_timer_ = control_.after(settings_.interval, [this] { fetch(); });
  if (fetching_) return;
  auto question = request(settings_.url);
  if (!question) return complain(std::move(question.error().what));
  question->headers.push_back({"Accept", "application/json, application/toml"});
  if (settings_.etag && !etag_.empty()) question->headers.push_back({"If-None-Match", etag_});
  fetching_ = true;
  http_.send(std::move(*question), [this, alive = std::weak_ptr(alive_)](auto answer) {
    if (!alive.expired()) fetched(std::move(answer));
  });
}

void HttpDiscovery::fetched(Result<control::HttpResponse> answer) {
  fetching_ = false;
  if (!answer) return complain(std::move(answer.error().what));
  if (answer->status == 304) {
    complaint_.clear();
    return;
  }
  if (answer->status != 200)
    return complain(
        fmt::format("it answered {}: {}", answer->status, escaped_for_log(answer->body, 120)));
  // Remembered only with the list that it belongs to.
  const std::string etag(answer->header("ETag"));
  if (!take(answer->body, settings_.url)) return;
  etag_ = etag;
  const std::size_t mark = std::hash<std::string>()(etag + '\n' + answer->body);
  if (std::exchange(kept_, mark) != mark) write_cache(answer->body);
}

void HttpDiscovery::complain(std::string reason) {
  if (reason != complaint_)
    log::warn("discovery", "the list of servers cannot be had; what was known stays",
              {{"reason", reason}});
  complaint_ = std::move(reason);
}

// Nobody on the way can have written what it says.
bool HttpDiscovery::is_genuine() const {
  const auto url = control::Url::parse(settings_.url);
  if (!url) return false;
  const auto ip = IpAddress::parse(url->host);
  return url->tls || url->host == "localhost" || (ip && ip->is_loopback());
}

bool HttpDiscovery::take(std::string_view body, std::string_view from) {
  auto list = parse_server_list(body);
  if (!list) {
    complain("it is not understood: " + list.error().what);
    return false;
  }
  if (list->documents.empty() && !documents_.empty() && !settings_.allow_empty) {
    complain("it is empty, and http_discovery.allow_empty is not set");
    return false;
  }
  complaint_.clear();
  for (const std::string& problem : list->problems)
    if (std::ranges::find(list_problems_, problem) == list_problems_.end())
      log::error("discovery", "an entry is left out", {{"reason", problem}});
  list_problems_ = std::move(list->problems);
  DiscoveryBatch batch;
  for (const auto& [id, document] : list->documents) {
    const auto before = documents_.find(id);
    if (before == documents_.end() || before->second != document)
      batch.described.emplace(id, load_listed(id, document, is_genuine()));
  }
  for (const auto& [id, document] : documents_)
    if (!list->documents.contains(id)) batch.gone.push_back(id);
  documents_ = std::move(list->documents);
  const bool first = !std::exchange(has_list_, true);
  if (first)
    log::info("discovery", "list of servers read",
              {{"from", config::redact_url(from)}, {"servers", documents_.size()}});
  if (first || !batch.described.empty() || !batch.gone.empty()) hooks_.on_batch(std::move(batch));
  return true;
}

// --- Over restarts

void HttpDiscovery::read_cache() {
  const auto file = config::read_plain_file(settings_.cache_file, largest_cache);
  if (!file || !file->exists()) return;
  const auto root = config::parse_json(file->text);
  // Of another URL: nothing that was asked for.
  if (!root || text_of(*root, "url") != settings_.url) return;
  if (take(text_of(*root, "body"), settings_.cache_file.native())) etag_ = text_of(*root, "etag");
}

void HttpDiscovery::write_cache(const std::string& body) {
  config::Node out;
  out.add("url", settings_.url);
  out.add("etag", etag_);
  out.add("body", body);
  if (!keep(settings_.cache_file, config::to_json(out)))
    log::warn("discovery", "the list cannot be kept for the next start",
              {{"file", settings_.cache_file.native()}});
}

// --- The report

void HttpDiscovery::look_soon() {
  look_timer_ = control_.after(between_looks, [this] {
    look_soon();
    hooks_.look([this, alive = std::weak_ptr(alive_)](std::vector<ReportedServer> servers) {
      if (!alive.expired()) looked(std::move(servers));
    });
  });
}

void HttpDiscovery::looked(std::vector<ReportedServer> servers) {
  seen_ = std::move(servers);
  const bool due = Clock::now() - told_at_ >= settings_.report_interval;
  if (!reporting_ && (due || seen_ != told_)) report();
}

void HttpDiscovery::report() {
  told_at_ = Clock::now();
  auto out = request(*settings_.report_url);
  if (!out) return reported(std::unexpected(std::move(out.error())));
  out->method = "POST";
  out->headers.push_back({"Content-Type", "application/json"});
  out->body = report_body(instance_name(), now_in_seconds(), seen_);
  out->max_body = std::size_t{1} << 20;
  told_ = seen_;
  reporting_ = true;
  http_.send(std::move(*out), [this, alive = std::weak_ptr(alive_)](auto answer) {
    if (!alive.expired()) reported(std::move(answer));
  });
}

void HttpDiscovery::reported(Result<control::HttpResponse> answer) {
  reporting_ = false;
  std::string wrong;
  if (!answer)
    wrong = answer.error().what;
  else if (answer->status / 100 != 2)
    wrong = fmt::format("it answered {}", answer->status);
  if (!wrong.empty() && wrong != report_complaint_)
    log::warn("discovery", "the report was not taken", {{"reason", wrong}});
  report_complaint_ = wrong;
  if (wrong.empty()) obey(answer->body);
}

// {"actions": [{"id": "lobby", "action": "start"}]}
void HttpDiscovery::obey(std::string_view answer) {
  const auto root = config::parse_json(answer);
  const config::Node* actions = root && root->is_table() ? root->find("actions") : nullptr;
  if (actions == nullptr || !actions->is_list() || !hooks_.act) return;
  for (const config::Node& action : actions->children) {
    const std::string id = text_of(action, "id");
    const std::string what = text_of(action, "action");
    const bool known = what == "start" || what == "stop";
    const Result<> done = known ? hooks_.act(id, what == "start")
                                : fail(Fault::backend, "an action is start or stop");
    if (done)
      log::info("discovery", "ordered by the report's answer", {{"server", id}, {"action", what}});
    else
      log::warn("discovery", "an order of the report's answer is not obeyed",
                {{"server", id}, {"action", what}, {"reason", done.error().what}});
  }
}

}  // namespace drawbridge::features::http_discovery
