// The words of every enumeration, as they stand in files.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/codecs.hpp"

namespace drawbridge::config {
namespace {

template <typename E>
constexpr Word word(std::string_view text, E value) {
  return {text, static_cast<int>(value), false};
}
template <typename E>
constexpr Word old_word(std::string_view text, E value) {
  return {text, static_cast<int>(value), true};
}

constexpr std::array proxy_modes = {
    word("passthrough", ProxyMode::passthrough), word("zero_copy", ProxyMode::zero_copy),
    word("server_only", ProxyMode::server_only), word("client_only", ProxyMode::client_only),
    word("offline", ProxyMode::offline),         old_word("full", ProxyMode::passthrough),
    old_word("zerocopy", ProxyMode::zero_copy),
};
constexpr std::array forwarding_modes = {
    word("none", ForwardingMode::none),          word("velocity", ForwardingMode::velocity),
    word("modern", ForwardingMode::velocity),    word("bungee_cord", ForwardingMode::bungee_cord),
    word("legacy", ForwardingMode::bungee_cord), word("bungee_guard", ForwardingMode::bungee_guard),
};
constexpr std::array balances = {
    word("first_available", Balance::first_available), word("round_robin", Balance::round_robin),
    word("least_conn", Balance::least_conn),           word("random", Balance::random),
    word("lowest_latency", Balance::lowest_latency),   word("ip_hash", Balance::ip_hash),
};
constexpr std::array unknown_domains = {word("default_motd", UnknownDomain::default_motd),
                                        word("drop", UnknownDomain::drop)};
constexpr std::array protects = {word("off", Protect::off), word("public", Protect::public_server)};
constexpr std::array probes = {word("tcp", HealthProbe::tcp),
                               word("status_ping", HealthProbe::status_ping)};
constexpr std::array duplicate_logins = {word("kick_old", DuplicateLogin::kick_old),
                                         word("refuse_new", DuplicateLogin::refuse_new)};
constexpr std::array offline_uuids = {word("offline", OfflineUuid::offline),
                                      word("client", OfflineUuid::client)};
constexpr std::array name_rules = {word("strict", NameRule::strict), word("lax", NameRule::lax)};
constexpr std::array telemetry_protocols = {word("grpc", TelemetryProtocol::grpc),
                                            word("http", TelemetryProtocol::http)};
constexpr std::array limbo_thens = {word("kick", LimboThen::kick),
                                    word("fallback", LimboThen::fallback)};
constexpr std::array keeper_types = {
    word("local", KeeperType::local),           word("pterodactyl", KeeperType::pterodactyl),
    word("crafty", KeeperType::crafty),         word("docker", KeeperType::docker),
    word("kubernetes", KeeperType::kubernetes), word("webhook", KeeperType::webhook),
};
constexpr std::array proxy_exits = {word("stop", OnProxyExit::stop),
                                    word("keep", OnProxyExit::keep)};
constexpr std::array idle_actions = {word("stop", IdleAction::stop),
                                     word("pause", IdleAction::pause)};
constexpr std::array kubernetes_kinds = {word("statefulset", KubernetesKind::statefulset),
                                         word("deployment", KubernetesKind::deployment)};
constexpr std::array wake_ons = {word("login", WakeOn::login), word("status", WakeOn::status),
                                 word("off", WakeOn::off)};
constexpr std::array while_startings = {
    word("hold", WhileStarting::hold), word("limbo", WhileStarting::limbo),
    word("kick", WhileStarting::kick), word("transfer", WhileStarting::transfer)};
constexpr std::array kicks = {
    word("unknown_host", Kick::unknown_host),
    word("offline", Kick::offline),
    word("starting", Kick::starting),
    word("start_failed", Kick::start_failed),
    word("stopping", Kick::stopping),
    word("full", Kick::full),
    word("proxy_full", Kick::proxy_full),
    word("banned", Kick::banned),
    word("ban_check_failed", Kick::ban_check_failed),
    word("rate_limited", Kick::rate_limited),
    word("ip_filtered", Kick::ip_filtered),
    word("not_allowed", Kick::not_allowed),
    word("maintenance", Kick::maintenance),
    word("wake_denied", Kick::wake_denied),
    word("auth_failed", Kick::auth_failed),
    word("auth_unavailable", Kick::auth_unavailable),
    word("duplicate_login", Kick::duplicate_login),
    word("plugin_unavailable", Kick::plugin_unavailable),
    word("limbo_unavailable", Kick::limbo_unavailable),
    word("version_unsupported", Kick::version_unsupported),
    word("shutdown", Kick::shutdown),
    word("invalid_name", Kick::invalid_name),
    word("encryption_failed", Kick::encryption_failed),
    word("login_timed_out", Kick::login_timed_out),
    word("transfers_refused", Kick::transfers_refused),
    word("bedrock_refused", Kick::bedrock_refused),
    word("logged_in_elsewhere", Kick::logged_in_elsewhere),
    word("moved", Kick::moved),
};

}  // namespace

#define DRAWBRIDGE_WORDS(TYPE, LIST)       \
  template <>                              \
  std::span<const Word> words_of<TYPE>() { \
    return LIST;                           \
  }
DRAWBRIDGE_WORDS(ProxyMode, proxy_modes)
DRAWBRIDGE_WORDS(ForwardingMode, forwarding_modes)
DRAWBRIDGE_WORDS(Balance, balances)
DRAWBRIDGE_WORDS(UnknownDomain, unknown_domains)
DRAWBRIDGE_WORDS(Protect, protects)
DRAWBRIDGE_WORDS(HealthProbe, probes)
DRAWBRIDGE_WORDS(DuplicateLogin, duplicate_logins)
DRAWBRIDGE_WORDS(OfflineUuid, offline_uuids)
DRAWBRIDGE_WORDS(NameRule, name_rules)
DRAWBRIDGE_WORDS(TelemetryProtocol, telemetry_protocols)
DRAWBRIDGE_WORDS(LimboThen, limbo_thens)
DRAWBRIDGE_WORDS(KeeperType, keeper_types)
DRAWBRIDGE_WORDS(OnProxyExit, proxy_exits)
DRAWBRIDGE_WORDS(IdleAction, idle_actions)
DRAWBRIDGE_WORDS(KubernetesKind, kubernetes_kinds)
DRAWBRIDGE_WORDS(WakeOn, wake_ons)
DRAWBRIDGE_WORDS(WhileStarting, while_startings)
DRAWBRIDGE_WORDS(Kick, kicks)
#undef DRAWBRIDGE_WORDS

std::string_view name_of(ProxyMode mode) {
  return word_for(proxy_modes, static_cast<int>(mode));
}
std::string_view name_of(ForwardingMode mode) {
  return word_for(forwarding_modes, static_cast<int>(mode));
}
std::string_view name_of(Balance balance) {
  return word_for(balances, static_cast<int>(balance));
}
std::string_view name_of(Kick kick) {
  return word_for(kicks, static_cast<int>(kick));
}

bool read_word(Reader& reader, const Node& node, std::span<const Word> words, int& out) {
  if (!node.is_string()) {
    wrong_type(reader, node, words_text(words));
    return false;
  }
  const auto found = std::ranges::find(words, node.text, &Word::text);
  if (found == words.end()) {
    std::vector<std::string_view> names;
    for (const Word& w : words) names.push_back(w.text);
    const auto nearest = nearest_name(node.text, names);
    reader.error(node, fmt::format("\"{}\" is not one of {}{}", escaped_for_log(node.text, 60),
                                   words_text(words),
                                   nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
    return false;
  }
  out = found->value;
  if (found->old)
    reader.warn(node, fmt::format("\"{}\" is an old word; write \"{}\"", found->text,
                                  word_for(words, found->value)));
  return true;
}

std::string_view word_for(std::span<const Word> words, int value) {
  const auto found = std::ranges::find(words, value, &Word::value);
  return found == words.end() ? std::string_view() : found->text;
}

std::string words_text(std::span<const Word> words) {
  std::vector<std::string_view> names;
  for (const Word& w : words)
    if (!w.old) names.push_back(w.text);
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += fmt::format("\"{}\"", names[i]);
  }
  return out;
}

Node words_schema(std::span<const Word> words) {
  Node out = schema_type("string");
  Node list = Node::list();
  for (const Word& w : words) list.children.push_back(Node::of(w.text));
  out.add("enum", std::move(list));
  return out;
}

}  // namespace drawbridge::config
