#include "app/first_steps.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <functional>
#include <istream>
#include <ostream>
#include <system_error>

#include "base/strings.hpp"
#include "config/load.hpp"
#include "config/plain_file.hpp"
#include "config/tree.hpp"

namespace drawbridge::app {

namespace fs = std::filesystem;

namespace {

constexpr mode_t rights_of_a_file = 0644;

std::string in_quotes(std::string_view text) {
  return config::to_toml(config::Node::of(text));
}

std::string global_text(const std::string& port) {
  return fmt::format(
      "# Every key is described in docs/configuration.md; what is left out has its default.\n\n"
      "# Where players connect to. [::] is IPv6 and IPv4 at once.\n"
      "bind = \"[::]:{}\"\n\n"
      "# One file for each server. Edits take effect while the proxy runs.\n"
      "servers_dir = \"./servers\"\n",
      port);
}

struct FirstServer {
  std::string domain = "play.example.com";
  std::string address = "127.0.0.1:25566";
  std::string mode = "passthrough";

  [[nodiscard]] std::string text() const {
    return fmt::format(
        "# What players type for this server; \"*\" is every name.\n"
        "domains = [{}]\n\n"
        "# Where it listens.\n"
        "addresses = [{}]\n\n"
        "# passthrough: bytes are passed on, and the server checks accounts itself. client_only: "
        "the\n"
        "# proxy checks them, and the server must be in offline mode and reachable by nobody "
        "else.\n"
        "proxy_mode = {}\n",
        in_quotes(domain), in_quotes(address), in_quotes(mode));
  }
};

// The first thing that is wrong with it; empty: it will do.
std::string problem_of(const config::Problems& problems) {
  for (const config::Problem& problem : problems)
    if (problem.severity == config::Problem::Severity::error) return problem.message;
  return {};
}
std::string problem_of(const FirstServer& server) {
  return problem_of(config::load_server(server.text(), "server.toml").problems);
}
std::string problem_of_port(const std::string& port) {
  const auto number = parse_int<std::uint16_t>(port);
  if (!number || *number == 0) return "a number from 1 to 65535 was wanted";
  return problem_of(config::load_global(global_text(port), "drawbridge.toml").problems);
}

// "survival" of survival.example.com; of names that are none, "lobby".
std::string file_name_for(std::string_view domain) {
  const std::string first = lowered(domain.substr(0, domain.find('.')));
  const bool is_id =
      !first.empty() && first.size() <= 64 &&
      first.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  return is_id ? first : "lobby";
}

class Dialogue {
 public:
  Dialogue(std::istream& in, std::ostream& out) : in_(in), out_(out) {}

  // Nothing: the answers have ended. `usual` is what a mere Enter means.
  std::optional<std::string> ask(std::string_view question, const std::string& usual,
                                 const std::function<std::string(const std::string&)>& problem) {
    for (;;) {
      out_ << question << (usual.empty() ? "" : " [" + usual + "]") << ": " << std::flush;
      std::string line;
      if (!std::getline(in_, line)) return std::nullopt;
      std::string answer(trimmed(line));
      if (answer.empty()) answer = usual;
      const std::string wrong = problem(answer);
      if (wrong.empty()) return answer;
      out_ << "  " << wrong << "\n";
    }
  }

 private:
  std::istream& in_;
  std::ostream& out_;
};

bool says_yes(std::string_view answer) {
  return equal_ignoring_case(answer, "y") || equal_ignoring_case(answer, "yes");
}

std::string problem_of_choice(std::string_view answer) {
  const bool is_no = equal_ignoring_case(answer, "n") || equal_ignoring_case(answer, "no");
  return is_no || says_yes(answer) ? "" : "y or n was wanted";
}

}  // namespace

bool wants_first_steps(const fs::path& folder) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return false;
  if (config::find_global_file(std::nullopt, folder).path) return false;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "servers", ignored))
    if (entry.path().extension() == ".toml") return false;
  return true;
}

std::optional<FirstFiles> ask_first_steps(std::istream& in, std::ostream& out) {
  out << "There is no configuration here. A few questions for the first files; Enter takes what "
         "is\n"
         "in brackets, Ctrl-C leaves everything as it is.\n\n";
  Dialogue dialogue(in, out);
  const auto port = dialogue.ask("Port that players connect to", "25565", problem_of_port);
  if (!port) return std::nullopt;
  FirstFiles files{.global = global_text(*port), .server = {}, .server_name = {}};
  const auto has_server =
      dialogue.ask("Describe a Minecraft server now, y or n", "y", problem_of_choice);
  if (!has_server) return std::nullopt;
  if (!says_yes(*has_server)) return files;
  FirstServer server;
  const auto fill = [&](std::string_view question, std::string FirstServer::* part) {
    const auto answer = dialogue.ask(question, server.*part, [&](const std::string& text) {
      FirstServer tried = server;
      tried.*part = text;
      return problem_of(tried);
    });
    if (answer) server.*part = *answer;
    return answer.has_value();
  };
  const bool answered =
      fill("  Where it listens, as address:port", &FirstServer::address) &&
      fill("  Host name that players type for it, or * for every name", &FirstServer::domain) &&
      fill("  passthrough (it checks accounts), client_only (the proxy does) or offline (nobody)",
           &FirstServer::mode);
  if (!answered) return std::nullopt;
  files.server = server.text();
  files.server_name = file_name_for(server.domain);
  return files;
}

Result<> write_first_files(const FirstFiles& files, const fs::path& folder, std::ostream& out) {
  const auto write = [&](const fs::path& file, const std::string& text) -> Result<> {
    const auto made = config::create_file(file, text, rights_of_a_file);
    if (!made) return fail(Fault::proxy, "{}: {}", file.native(), made.error().what);
    if (!*made) return fail(Fault::proxy, "{} is there already", file.native());
    out << "wrote " << file.native() << "\n";
    return {};
  };
  std::error_code error;
  fs::create_directories(folder / "servers", error);
  if (error) return fail(Fault::proxy, "{}: {}", (folder / "servers").native(), error.message());
  const fs::path server_file = folder / "servers" / (files.server_name + ".toml");
  if (!files.server.empty()) {
    const auto server = write(server_file, files.server);
    if (!server) return server;
  }
  const auto global = write(folder / "drawbridge.toml", files.global);
  if (global) {
    out << "What they say can be changed while the proxy runs.\n\n" << std::flush;
  } else if (!files.server.empty()) {
    fs::remove(server_file, error);  // so that everything is asked again the next time
  }
  return global;
}

}  // namespace drawbridge::app
