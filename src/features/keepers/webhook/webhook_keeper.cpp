#include "features/keepers/webhook/webhook_keeper.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>
#include <utility>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/secret_text.hpp"

namespace drawbridge::features::keepers::webhook {

namespace {

std::string_view word_of(api::WakeCause cause) {
  switch (cause) {
    case api::WakeCause::login:
      return "login";
    case api::WakeCause::change:
      return "change";
    case api::WakeCause::status:
      return "status";
    case api::WakeCause::api:
      break;
  }
  return "api";
}

Error refusal(const control::HttpResponse& answer) {
  return {
      fmt::format("the webhook answered {}: {}", answer.status, escaped_for_log(answer.body, 200)),
      Fault::backend};
}

// An address that an answer may give; nothing if it gives none. One that is none is an error, or
// players would be sent nowhere.
Result<std::optional<std::string>> address_in(const config::Node& root, std::string_view key) {
  const std::string text = text_at(root, {key});
  if (text.empty()) return std::nullopt;
  const auto address = config::parse_address(text);
  if (!address || address->is_unix())
    return fail(Fault::backend, "\"{}\" in the webhook's answer is no address: {}", key,
                escaped_for_log(text, 100));
  return address->text();
}

std::vector<HttpCalls::Header> headers_of(const config::ServerManager& settings) {
  std::vector<HttpCalls::Header> out;
  for (const auto& [name, text] : settings.headers) out.push_back({.name = name, .text = text});
  return out;
}

}  // namespace

std::string signature(std::string_view secret, std::string_view timestamp, std::string_view body) {
  std::string text(timestamp);
  text += '.';
  text += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  return "sha256=" +
         to_hex(as_bytes(std::string_view(reinterpret_cast<const char*>(digest.data()), length)));
}

WebhookKeeper::WebhookKeeper(control::ControlThread& control, control::HttpClient& http,
                             const config::ServerConfig& server, std::function<std::int64_t()> now)
    : control_(control),
      server_(server.id),
      backend_(server.addresses.empty() ? "" : server.addresses.front().address.text()),
      start_url_(server.server_manager->start_url),
      stop_url_(server.server_manager->stop_url),
      status_url_(server.server_manager->status_url),
      signing_(server.server_manager->secret),
      now_(std::move(now)),
      calls_(control, http,
             {.headers = headers_of(*server.server_manager),
              .ca_file = server.server_manager->ca_file.value_or(""),
              .timeout = server.server_manager->timeout}) {
  if (now_) return;
  now_ = [] {
    return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
}

std::string WebhookKeeper::body(std::string_view action, const api::WakeRequest& request,
                                std::string_view reason) const {
  config::Node out;
  out.add("action", action);
  out.add("serverAddress", request.host);
  out.add("backend", backend_);
  out.add("server", server_);
  out.add("reason", reason);
  if (!request.player.empty()) {
    config::Node player;
    player.add("name", request.player);
    player.add("uuid", request.uuid ? request.uuid->text() : std::string());
    player.add("verified", config::Node::of(request.verified));
    out.add("player", std::move(player));
  }
  return config::to_json(out);
}

void WebhookKeeper::call(const std::string& url, std::string body, StartDone done) {
  std::vector<control::HttpHeader> headers = {{"Content-Type", "application/json"}};
  if (signing_) {
    auto key = config::read_secret_text(*signing_);
    if (!key) {
      control_.post([done = std::move(done), error = std::move(key.error())] {
        done(std::unexpected(error));
      });
      return;
    }
    const std::string timestamp = fmt::format("{}", now_());
    headers.push_back({"X-Drawbridge-Timestamp", timestamp});
    headers.push_back({"X-Drawbridge-Signature", signature(*key, timestamp, body)});
  }
  calls_.post(url, std::move(body), std::move(headers), [done = std::move(done)](auto answer) {
    if (!answer) return done(std::unexpected(std::move(answer.error())));
    if (answer->status / 100 != 2) return done(std::unexpected(refusal(*answer)));
    api::KeeperReport report{.state = api::KeeperState::starting};
    // Whatever else it says is its own affair; most answer with nothing, or "ok".
    if (const auto root = config::parse_json(answer->body); root && root->is_table()) {
      auto address = address_in(*root, "backend");
      if (!address) return done(std::unexpected(std::move(address.error())));
      report.address = std::move(*address);
    }
    done(std::move(report));
  });
}

void WebhookKeeper::start(api::WakeRequest request, StartDone done) {
  call(start_url_, body("up", request, word_of(request.cause)), std::move(done));
}

void WebhookKeeper::stop(api::StopRequest request, StopDone done) {
  if (!stop_url_) {
    control_.post([done = std::move(done)] {
      done(fail(Fault::proxy, "server_manager.stop_url is not set"));
    });
    return;
  }
  call(*stop_url_, body("down", {}, request.why), [done = std::move(done)](auto report) {
    if (!report) return done(std::unexpected(std::move(report.error())));
    done({});
  });
}

void WebhookKeeper::query(QueryDone done) {
  if (!status_url_) {
    control_.post([done = std::move(done)] { done(api::KeeperReport{}); });
    return;
  }
  calls_.get(*status_url_, [done = std::move(done)](auto answer) {
    if (!answer) return done(std::unexpected(std::move(answer.error())));
    if (answer->status != 200) return done(std::unexpected(refusal(*answer)));
    const auto root = config::parse_json(answer->body);
    if (!root || !root->is_table())
      return done(fail(Fault::backend, "the webhook's state is not a JSON object"));
    auto address = address_in(*root, "address");
    if (!address) return done(std::unexpected(std::move(address.error())));
    api::KeeperReport report{.address = std::move(*address)};
    const std::string state = text_at(*root, {"state"});
    if (state == "online")
      report.state = api::KeeperState::running;
    else if (state == "starting")
      report.state = api::KeeperState::starting;
    else if (state == "stopping")
      report.state = api::KeeperState::stopping;
    else if (state == "stopped")
      report.state = api::KeeperState::stopped;
    else
      report.detail = "the webhook says \"" + escaped_for_log(state, 40) + "\"";
    done(std::move(report));
  });
}

}  // namespace drawbridge::features::keepers::webhook
