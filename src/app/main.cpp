// The command line: finds out which word was said and calls it. Everything else lives elsewhere.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "api/command.hpp"
#include "app/ban_words.hpp"
#include "app/control_words.hpp"
#include "app/daemon.hpp"
#include "app/file_world.hpp"
#include "app/first_steps.hpp"
#include "app/log_stream.hpp"
#include "app/ping.hpp"
#include "app/route.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "config/check.hpp"
#include "config/schema.hpp"
#include "features/console/console.hpp"

namespace {

using namespace drawbridge;

// Flags that `run`, `check` and `route` share: where the configuration is and what beats it.
struct CommonFlags {
  std::optional<std::string> config, bind, servers_dir, plugins_dir;
  std::vector<std::string> settings;

  void add_to(CLI::App& app) {
    app.add_option("-c,--config", config,
                   "Global file (default: drawbridge.toml, else infrarust.toml)");
    app.add_option("-b,--bind", bind, "Listen on this address only");
    app.add_option("--servers-dir", servers_dir, "Folder of server files");
    app.add_option("--plugins-dir", plugins_dir, "Folder of plugins");
    app.add_option("--set", settings, "KEY=VALUE: any global key, repeatable")
        ->allow_extra_args(false);
  }
  [[nodiscard]] std::optional<std::filesystem::path> path() const {
    if (config) return *config;
    if (const char* named = std::getenv("DRAWBRIDGE_CONFIG")) return named;
    return std::nullopt;
  }
  // False: a --set without "=".
  bool overlays(config::Overlays& out) const {
    out = config::Overlays::from_process();
    for (const std::string& text : settings) {
      const auto equals = text.find('=');
      if (equals == std::string::npos || equals == 0) {
        fmt::print(stderr, "--set {}: want KEY=VALUE\n", text);
        return false;
      }
      out.settings.push_back({text.substr(0, equals), text.substr(equals + 1), ""});
    }
    if (bind) out.settings.push_back({"bind", *bind, "--bind"});
    if (servers_dir) out.settings.push_back({"servers_dir", *servers_dir, "--servers-dir"});
    if (plugins_dir) out.settings.push_back({"plugins_dir", *plugins_dir, "--plugins-dir"});
    return true;
  }
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The log's level, form and colours, from flags and environment. False: a filter that cannot be
// read.
bool set_up_log(const std::string& level_flag, const std::string& format_flag) {
  std::string filter = environment("DRAWBRIDGE_LOG");
  // Other programs of the same environment have targets of their own in it.
  const bool is_shared = filter.empty() && !environment("RUST_LOG").empty();
  if (filter.empty()) filter = environment("RUST_LOG");
  if (filter.empty()) filter = level_flag;
  if (const auto set = log::set_filter(filter); !set) {
    fmt::print(stderr, "log level: {}\n", set.error().what);
    return false;
  }
  const std::string format =
      format_flag.empty() ? environment("DRAWBRIDGE_LOG_FORMAT") : format_flag;
  if (!format.empty() && format != "text" && format != "json") {
    fmt::print(stderr, "log format: \"{}\" is neither text nor json\n", format);
    return false;
  }
  log::set_format(format == "json" ? log::Format::json : log::Format::text);
  std::string color = environment("DRAWBRIDGE_COLOR");
  if (color.empty()) color = environment("INFRARUST_COLOR");
  if (!color.empty()) log::set_color(color);
  if (!is_shared)
    for (const std::string& target : log::unknown_targets(filter))
      log::warn(
          "app", "no line of the log has this target",
          {{"target", target}, {"targets", fmt::format("{}", fmt::join(log::targets(), " "))}});
  return true;
}

// For words that look for the same files as the proxy, which may have been started elsewhere.
void tell_without_file(const CommonFlags& flags) {
  if (!config::find_global_file(flags.path()).path)
    fmt::print(stderr, "note: no drawbridge.toml here, so the defaults hold; -c names another\n");
}

// The question as a command of the running proxy.
std::string live_route(const app::RouteQuestion& question) {
  std::vector<std::string> words{"route", question.host};
  const auto add = [&](std::string option, const std::optional<std::string>& value) {
    if (!value) return;
    words.push_back(std::move(option));
    words.push_back(*value);
  };
  add("--listener", question.listener);
  add("--ip", question.ip);
  if (question.protocol) add("--protocol", fmt::format("{}", *question.protocol));
  return api::join_command(words);
}

// Null while there is none. Set and cleared while no line is being written elsewhere.
features::console::Console* the_console = nullptr;

// Serves the terminal until the proxy has stopped.
int wait_with_console(app::Daemon& daemon) {
  const auto look = log::is_colored() ? api::Look::colored : api::Look::plain;
  features::console::Console console(
      {.run = [&](const std::string& line) { return api::to_text(daemon.command(line), look); },
       .complete = [&](const std::string& line) { return daemon.completions(line); }},
      daemon.history_file());
  the_console = &console;
  if (isatty(STDERR_FILENO) != 0)
    log::set_writer([](std::string_view lines) { the_console->print(lines); });
  console.start();
  const int code = daemon.wait();
  log::set_writer(nullptr);
  the_console = nullptr;
  return code;
}

// Exit code if the proxy is not to be started.
std::optional<int> take_first_steps() {
  const auto files = app::ask_first_steps(std::cin, std::cout);
  if (!files) {
    std::cout << "\nNothing was written.\n";
    return app::exit_interrupted;
  }
  const auto written = app::write_first_files(*files, ".", std::cout);
  if (written) return std::nullopt;
  fmt::print(stderr, "{}\n", written.error().what);
  return app::exit_runtime;
}

int run(const CommonFlags& flags, bool strict, bool no_console) {
  app::DaemonOptions options{
      .config = flags.path(),
      .overlays = {},
      .strict = strict,
      .watch = {},
      .resolver = {},
      .http = {},
      .service_manager = control::ServiceManagerOptions::take_from_environment(),
      .before_exit = [] { features::console::Console::restore_terminal(); }};
  if (!flags.overlays(options.overlays)) return app::exit_config;
  // Whoever says by flags how it is to run, or comes without a terminal, is not asked.
  const bool may_ask = !no_console && !flags.path() && options.overlays.settings.empty();
  if (may_ask && app::wants_first_steps(".")) {
    if (const auto end = take_first_steps()) return *end;
  }
  app::Daemon daemon(std::move(options));
  // A reader of our log that goes away must not take the players along.
  std::signal(SIGPIPE, SIG_IGN);
  daemon.handle_signals();
  const int code = daemon.start();
  if (code != app::exit_ok) {
    log::flush();
    return code;
  }
  if (!no_console && features::console::Console::is_possible()) return wait_with_console(daemon);
  return daemon.wait();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli{"Drawbridge: one door for all your Minecraft servers", "drawbridge"};
  cli.require_subcommand(0, 1);
  cli.set_help_all_flag("--help-all", "Help of every command");

  CommonFlags flags;
  bool strict = false;
  bool no_console = false;
  bool show_version = false;
  std::string level = "info";
  std::string format;
  const auto add_run_flags = [&](CLI::App& app) {
    flags.add_to(app);
    app.add_option("-l,--log-level", level,
                   "trace, debug, info, warn, error, off, or info,connection=debug");
    app.add_option("--log-format", format, "text or json");
    app.add_flag("--strict", strict, "A bad server file stops the start");
    app.add_flag("--no-console", no_console, "No console, even on a terminal");
  };
  add_run_flags(cli);
  cli.add_flag("-V,--version", show_version, "Version and build");
  CLI::App* run_word = cli.add_subcommand("run", "Start the proxy (the default)");
  add_run_flags(*run_word);

  config::CheckOptions check;
  std::string check_path;
  CLI::App* check_word =
      cli.add_subcommand("check", "Validate the configuration; connects to nothing");
  flags.add_to(*check_word);
  check_word->add_option("PATH", check_path, "Global file, its folder, or one server file");
  check_word->add_flag("--show", check.show, "Print the effective values and where each came from");
  check_word->add_flag("--json", check.json, "One JSON document");
  check_word->add_flag("--strict", check.strict, "Warnings alone end with 3");

  app::RouteQuestion question;
  CLI::App* route_word = cli.add_subcommand("route", "Say which server a host name takes, and why");
  flags.add_to(*route_word);
  route_word->add_option("HOST", question.host)->required();
  route_word->add_option("--listener", question.listener, "Listener by name or address");
  route_word->add_option("--protocol", question.protocol, "The player's protocol number");
  route_word->add_option("--ip", question.ip, "The player's address");

  bool route_live = false;
  route_word->add_flag("--live", route_live, "Ask the running proxy, which knows every provider");

  app::PingOptions ping;
  CLI::App* ping_word = cli.add_subcommand("ping", "Ping a server as a client does");
  ping_word->add_option("HOST", ping.target, "HOST or HOST:PORT")->required();
  ping_word->add_option("--host", ping.host, "Name in the handshake");
  ping_word->add_flag("--legacy", ping.legacy, "The ping of a 1.6 client");
  ping_word->add_flag("--proxy-protocol", ping.proxy_protocol, "Send a PROXY header first");

  app::BanWords ban;
  CLI::App* ban_word =
      cli.add_subcommand("ban", "Ban a player's name, UUID, address or network, at once");
  CLI::App* unban_word = cli.add_subcommand("unban", "Take a ban back");
  CLI::App* bans_word = cli.add_subcommand("bans", "List the bans that hold");
  CLI::App* audit_word = cli.add_subcommand("audit", "List who banned whom, newest first");
  for (CLI::App* word : {ban_word, unban_word}) {
    flags.add_to(*word);
    word->add_option("TARGET", ban.target, "Name, UUID, address or network")->required();
  }
  ban_word->add_option("--for", ban.duration, "How long, such as 30m, 7d, 1y (default: for ever)");
  ban_word->add_option("--reason", ban.reason, "Why; the player reads it");
  for (CLI::App* word : {bans_word, audit_word}) {
    flags.add_to(*word);
    word->add_flag("--json", ban.json, "One JSON document");
  }

  bool status_json = false;
  CLI::App* status_word = cli.add_subcommand(
      "status", "Ask the running proxy how it is, and whom it refused in the last hour");
  status_word->add_flag("--json", status_json, "One JSON document");
  CLI::App* reload_word =
      cli.add_subcommand("reload", "Let the running proxy read its files again");
  CLI::App* stop_word = cli.add_subcommand("stop", "Let the running proxy stop, as by SIGTERM");
  bool ctl_json = false;
  CLI::App* ctl_word = cli.add_subcommand(
      "ctl", "Let the running proxy do a command of the console; `ctl help` lists them");
  ctl_word->add_flag("--json", ctl_json, "One JSON document");
  ctl_word->prefix_command();  // what is behind the first word is the command's
  for (CLI::App* word : {status_word, reload_word, stop_word, ctl_word}) flags.add_to(*word);

  std::string schema_of = "global";
  bool markdown = false;
  CLI::App* schema_word = cli.add_subcommand("schema", "JSON Schema of the configuration");
  schema_word->add_option("OF", schema_of, "global or server")
      ->check(CLI::IsMember({"global", "server"}));
  schema_word->add_flag("--markdown", markdown, "The key reference instead");

  bool version_json = false;
  CLI::App* version_word = cli.add_subcommand("version", "Version, commit, game versions");
  version_word->add_flag("--json", version_json);

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = cli.exit(error);
    return code == 0 ? app::exit_ok : app::exit_config;
  }

  if (show_version || version_word->parsed()) {
    fmt::print("{}", app::version_text(version_json));
    return app::exit_ok;
  }
  if (ping_word->parsed()) {
    const app::PingReport report = app::ping(ping);
    fmt::print(report.exit_code == 0 ? stdout : stderr, "{}", report.text);
    return report.exit_code;
  }
  if (schema_word->parsed()) {
    fmt::print("{}", markdown                ? config::reference_page()
                     : schema_of == "global" ? config::global_schema()
                                             : config::server_schema());
    return app::exit_ok;
  }
  if (ban_word->parsed() || unban_word->parsed() || bans_word->parsed() || audit_word->parsed()) {
    config::Overlays overlays;
    if (!flags.overlays(overlays)) return app::exit_config;
    using BanWord = app::BanReport (*)(
        const app::BanWords&, const std::optional<std::filesystem::path>&, const config::Overlays&);
    const BanWord run_ban_word = ban_word->parsed()     ? BanWord{app::add_ban}
                                 : unban_word->parsed() ? BanWord{app::remove_ban}
                                 : bans_word->parsed()  ? BanWord{app::list_bans}
                                                        : BanWord{app::list_audit};
    tell_without_file(flags);
    const app::BanReport report = run_ban_word(ban, flags.path(), overlays);
    fmt::print(report.exit_code == 0 ? stdout : stderr, "{}", report.text);
    return report.exit_code;
  }
  if (status_word->parsed() || reload_word->parsed() || stop_word->parsed() || ctl_word->parsed()) {
    config::Overlays overlays;
    if (!flags.overlays(overlays)) return app::exit_config;
    std::vector<std::string> command = ctl_word->remaining();
    if (ctl_word->parsed() && command.empty()) {
      fmt::print(stderr, "usage: drawbridge ctl COMMAND...; `drawbridge ctl help` lists them\n");
      return app::exit_config;
    }
    if (ctl_word->parsed() && !ctl_json && app::is_to_stay(command))
      return app::stay_with_proxy(command, flags.path(), overlays);
    if (ctl_json) command.emplace_back("--json");
    const std::string request = ctl_word->parsed()      ? api::join_command(command)
                                : reload_word->parsed() ? "reload"
                                : stop_word->parsed()   ? "stop"
                                : status_json           ? "status --json"
                                                        : "status";
    const app::ControlReport report = app::ask_running_proxy(request, flags.path(), overlays);
    fmt::print(report.exit_code == 0 ? stdout : stderr, "{}", report.text);
    if (report.exit_code == app::exit_no_proxy) tell_without_file(flags);
    return report.exit_code;
  }
  if (check_word->parsed()) {
    config::Overlays overlays;
    if (!flags.overlays(overlays)) return app::exit_config;
    if (!check_path.empty())
      check.path = check_path;
    else
      check.path = flags.path();
    check.conflicts = [](const config::GlobalConfig& global, const auto& files) {
      return core::conflicts_of(
          *app::world_of_files(std::make_shared<const config::GlobalConfig>(global), files));
    };
    (void)log::set_filter("off");  // the report says it all
    const config::CheckResult result = config::check(check, overlays);
    fmt::print("{}", result.output);
    return result.exit_code;
  }
  if (!set_up_log(route_word->parsed() ? "error" : level, format)) return app::exit_config;
  if (route_word->parsed()) {
    config::Overlays overlays;
    if (!flags.overlays(overlays)) return app::exit_config;
    if (route_live) {
      const app::ControlReport report =
          app::ask_running_proxy(live_route(question), flags.path(), overlays);
      const bool is_answer =
          report.exit_code == app::exit_ok || report.exit_code == app::exit_no_route;
      fmt::print(is_answer ? stdout : stderr, "{}", report.text);
      return report.exit_code;
    }
    tell_without_file(flags);
    const app::RouteReport report = app::explain_route(question, flags.path(), overlays);
    fmt::print("{}", report.text);
    return report.exit_code;
  }
  return run(flags, strict, no_console);
}
