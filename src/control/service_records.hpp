// SRV records with a memory: what workers ask before they dial a name without a port. For the .cpp
// files of this folder; the Resolver owns one.
//
// The rule of the resolver holds here as well: what was known a moment ago is used at once, asked
// for again on the side, and stays when nobody answers. That a name has no such record is knowledge
// like any other, and the usual one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "control/answer_cache.hpp"
#include "control/control_thread.hpp"
#include "control/dns_channel.hpp"

namespace drawbridge::control {

struct ServiceRecordsOptions {
  Duration min_ttl = seconds{1};
  Duration max_ttl = minutes{5};
  Duration none_ttl = minutes{1};      // of "there is no such record"
  Duration failure_ttl = seconds{10};  // of no answer
  Duration wait = seconds{1};          // then those who wait hear that there is none
  std::size_t max_names = 16384;
  std::size_t max_lookups = 1024;
};

class ServiceRecords : public std::enable_shared_from_this<ServiceRecords> {
 public:
  using Ask = std::function<void(const std::string& name, std::function<void(DnsServices)>)>;
  using Callback = std::function<void(std::vector<ServiceTarget>)>;

  // `ask` puts one question to the name servers. Control context, everything unless said otherwise.
  ServiceRecords(ControlThread& control, ServiceRecordsOptions options, Ask ask);

  // By priority; empty: there is none; nothing: never asked. Asks again on the side when it is out
  // of date. Any thread; one short lock.
  std::optional<std::vector<ServiceTarget>> cached(std::string_view name);
  // Calls `callback` once, never inside this call.
  void resolve(const std::string& name, Callback callback);
  // Those who wait hear that there is none; nothing is asked any more.
  void close();

 private:
  struct Known {
    std::vector<ServiceTarget> targets;
    TimePoint valid_until;
    bool asked_again = false;
  };
  struct Lookup {
    std::vector<Callback> waiters;
    Timer limit;
  };

  Known* find(std::string_view name);  // under the lock
  void keep(const std::string& name, Known known);
  void start(const std::string& name);
  void answered(const std::string& name, DnsServices answer);
  void end(const std::string& name, const std::vector<ServiceTarget>& targets);

  ControlThread& control_;
  const ServiceRecordsOptions options_;
  Ask ask_;
  NameMap<std::shared_ptr<Lookup>> lookups_;
  std::size_t open_questions_ = 0;
  bool closed_ = false;

  std::mutex mutex_;  // guards the two below
  // The older half goes when the younger is full: names that are in use have moved over by then.
  NameMap<Known> young_, old_;
};

}  // namespace drawbridge::control
