// Servers from a URL that is asked again and again; and, where that is wanted, a report of how they
// are, whose answer may order starts and stops.
//
// What was read last stays through failures, and through a restart of the proxy: it is kept in a
// file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "config/global.hpp"
#include "config/load.hpp"
#include "control/control_thread.hpp"
#include "control/http_client.hpp"

namespace drawbridge::features::http_discovery {

struct DiscoveryBatch {
  std::map<std::string, config::LoadedServer> described;  // by id; new ones and changed ones
  std::vector<std::string> gone;                          // ids
};

// How a server is, for the report.
struct ReportedPlayer {
  std::string name;
  std::optional<Uuid> uuid;
  bool verified = false;   // the session server vouched for name and UUID
  std::int64_t since = 0;  // seconds since 1970

  bool operator==(const ReportedPlayer&) const = default;
};
struct ReportedServer {
  std::string id, state;
  std::size_t connections = 0;
  std::vector<ReportedPlayer> players;

  bool operator==(const ReportedServer&) const = default;
};

struct DiscoveryHooks {
  // Never called inside a call of the discovery's. The first comes with the first list that is had.
  std::function<void(DiscoveryBatch)> on_batch;
  // How all servers are now; hands it over at once or later, on the control thread. May be empty:
  // nothing is reported.
  std::function<void(std::function<void(std::vector<ReportedServer>)>)> look;
  // What an answer orders; an error is logged.
  std::function<Result<>(const std::string& id, bool start)> act;
};

class HttpDiscovery {
 public:
  // Control context, as all that follows. Both outlive it.
  HttpDiscovery(control::ControlThread& control, control::HttpClient& http,
                config::HttpDiscovery settings, DiscoveryHooks hooks);
  HttpDiscovery(const HttpDiscovery&) = delete;
  HttpDiscovery& operator=(const HttpDiscovery&) = delete;

  // Asks now (SIGHUP, a command).
  void fetch();

 private:
  void read_cache();
  void write_cache(const std::string& body);
  void fetched(Result<control::HttpResponse> answer);
  // False: the list is not taken.
  bool take(std::string_view body, std::string_view from);
  [[nodiscard]] bool is_genuine() const;
  void complain(std::string reason);
  [[nodiscard]] Result<control::HttpRequest> request(const std::string& url) const;
  void look_soon();
  void looked(std::vector<ReportedServer> servers);
  void report();
  void reported(Result<control::HttpResponse> answer);
  void obey(std::string_view answer);

  control::ControlThread& control_;
  control::HttpClient& http_;
  const config::HttpDiscovery settings_;
  const DiscoveryHooks hooks_;
  std::map<std::string, std::string> documents_;  // of the list that was taken last
  std::string etag_;
  std::optional<std::size_t> kept_;  // hash of what was written to the file
  std::string complaint_;            // the last one
  std::vector<std::string> list_problems_;
  bool has_list_ = false;
  bool fetching_ = false;
  control::Timer fetch_timer_, look_timer_;

  std::vector<ReportedServer> seen_, told_;
  TimePoint told_at_{};
  bool reporting_ = false;
  std::string report_complaint_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

// The body of a report; `at` in seconds since 1970.
std::string report_body(std::string_view instance, std::int64_t at,
                        const std::vector<ReportedServer>& servers);

}  // namespace drawbridge::features::http_discovery
