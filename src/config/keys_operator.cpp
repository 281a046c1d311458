// Keys for those who run the proxy: API, metrics, telemetry.
#include "config/keys_parts.hpp"
#include "config/rules.hpp"

namespace drawbridge::config {
namespace {

const Table& web_tls_keys() {
  static const Table table = describe_table<WebTls>({
      key<&WebTls::cert>("cert", "Certificate chain (PEM); makes it HTTPS.", ours, later),
      key<&WebTls::key>("key", "Its key (PEM).", ours, later),
      key<&WebTls::client_ca>("client_ca", "Clients need a certificate of this CA (PEM).", ours,
                              later),
  });
  return table;
}

const Table& web_rate_keys() {
  static const Table table = describe_table<WebRateLimit>({
      key<&WebRateLimit::requests_per_minute>(
          "requests_per_minute", "Requests of one client address.", later, at_least(1)),
  });
  return table;
}

// The rules of the API key need the bind address, so they are not a rule of the key.
void check_web(Reader& reader, const Node& node, void* object) {
  auto& web = *static_cast<Web*>(object);
  if (web.enable_webui.value_or(false) && !web.enable_api) {
    const Reader::Step step(reader, "enable_webui");
    reader.error(*node.find("enable_webui"), "needs `enable_api`");
  }
  if (web.api_key == "CHANGE-ME") web.api_key.reset();
  const Reader::Step step(reader, "api_key");
  if (!node.sound("bind") || !node.sound("api_key")) return;
  const Node* key = node.find("api_key");
  const bool local = web.bind.is_unix() || (web.bind.ip && web.bind.ip->is_loopback());
  if (!web.api_key && web.enable_api && !local)
    reader.error(key != nullptr ? *key : node,
                 "is required when `web.bind` can be reached from other machines");
  else if (web.api_key && web.api_key->size() < 16)
    reader.error(*key, "needs at least 16 characters");
  if (node.sound("tls") && web.tls.cert.has_value() != web.tls.key.has_value())
    reader.error(*node.find("tls"), "`web.tls.cert` and `web.tls.key` need each other");
}

const Table& telemetry_metrics_keys() {
  static const Table table = describe_table<TelemetryMetrics>({
      key<&TelemetryMetrics::enabled>("enabled", "Export metrics.", later),
      key<&TelemetryMetrics::export_interval>("export_interval", "Pause between exports.", later,
                                              more_than(seconds(0))),
  });
  return table;
}

const Table& telemetry_traces_keys() {
  static const Table table = describe_table<TelemetryTraces>({
      key<&TelemetryTraces::enabled>("enabled", "Export traces.", later),
      key<&TelemetryTraces::sampling_ratio>("sampling_ratio",
                                            "Share of the pings that is traced; logins always are.",
                                            later, within(0.0, 1.0)),
  });
  return table;
}

const Table& telemetry_resource_keys() {
  static const Table table = describe_table<TelemetryResource>({
      key<&TelemetryResource::service_name>("service_name", "Name of this service.", later,
                                            DefaultText{"`drawbridge`"}),
      key<&TelemetryResource::service_version>("service_version", "Version of this service.", later,
                                               DefaultText{"the program's"}),
  });
  return table;
}

}  // namespace

const Table& web_keys() {
  static const Table table = [] {
    Table keys = describe_table<Web>({
        key<&Web::enable_api>("enable_api", "Serve the admin API.", live, later),
        key<&Web::enable_webui>("enable_webui", "Serve the dashboard, which needs the API.", live,
                                later, DefaultText{"as `enable_api`"}),
        key<&Web::bind>("bind", "Where it listens.", live, later, listening()),
        key<&Web::api_key>(
            "api_key",
            "Bearer key. `CHANGE-ME` counts as none; without one, loopback gets a new key at "
            "every start and other addresses are an error.",
            live, secret, later, Range{"at least 16 characters"}),
        key<&Web::cors_origins>("cors_origins", "Origins that browsers may call from.", live,
                                later),
        config::table<&Web::rate_limit>("rate_limit", web_rate_keys(), "", live, later),
        key<&Web::trusted_proxies>(
            "trusted_proxies", "Sources whose `X-Forwarded-For` is believed.", live, ours, later),
        config::table<&Web::tls>("tls", web_tls_keys(), "", live, ours, later),
        key<&Web::ticket_ttl>("ticket_ttl", "Life of a ticket, which works once.", live, ours,
                              later, within(seconds(5), minutes(5))),
        key<&Web::url_key>("url_key", "Take the key itself as `?token=` too.", live, ours, later),
    });
    keys.check = check_web;
    return keys;
  }();
  return table;
}

const Table& metrics_keys() {
  static const Table table = describe_table<Metrics>({
      key<&Metrics::bind>("bind", "Where it listens.", live, ours, later, listening(),
                          DefaultText{"`web.bind`"}),
      key<&Metrics::path>("path", "Path of the page.", live, ours, later, not_empty()),
      key<&Metrics::token>("token", "Bearer token, with an own `bind`.", live, ours, secret, later,
                           not_empty()),
      key<&Metrics::allow>("allow", "Who may read, with an own `bind`.", live, ours, later,
                           DefaultText{"loopback"}),
  });
  return table;
}

const Table& telemetry_keys() {
  static const Table table = describe_table<Telemetry>({
      key<&Telemetry::enabled>("enabled", "Send metrics and traces to a collector (OTLP).", live,
                               later),
      key<&Telemetry::endpoint>("endpoint", "The collector.", live, later, a_url("http, https")),
      key<&Telemetry::protocol>("protocol", "How to speak to it.", live, later),
      config::table<&Telemetry::metrics>("metrics", telemetry_metrics_keys(), "", live, later),
      config::table<&Telemetry::traces>("traces", telemetry_traces_keys(), "", live, later),
      config::table<&Telemetry::resource>("resource", telemetry_resource_keys(), "", live, later),
      key<&Telemetry::metric_prefix>("metric_prefix", "First part of every metric's name.", live,
                                     ours, later, DefaultText{"`drawbridge`"}),
  });
  return table;
}

}  // namespace drawbridge::config
