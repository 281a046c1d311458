#include "kit/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/strings.hpp"

namespace drawbridge::kit {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> environment_of(const Program::Settings& settings) {
  std::vector<std::string> out;
  for (const char* name : {"PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS",
                           "ASAN_SYMBOLIZER_PATH"}) {
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  }
  for (const auto& [name, value] : settings.environment)
    out.push_back(fmt::format("{}={}", name, value));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// What the child does between fork and exec: system calls only.
[[noreturn]] void become(const char* path, char* const* arguments, char* const* environment,
                         const Program::Settings& settings, int output, int errors) {
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  close_range(STDERR_FILENO + 1, ~0U, 0);  // what the test itself was given
  if (settings.descriptors != 0) {
    const rlimit limit{.rlim_cur = settings.descriptors, .rlim_max = settings.descriptors};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(126);
  }
  if (settings.user != 0 && (setgid(settings.user) != 0 || setuid(settings.user) != 0)) _exit(126);
  if (chdir(settings.folder.c_str()) != 0) _exit(126);
  execve(path, arguments, environment);
  _exit(127);
}

}  // namespace

Program::Program(const std::string& path, const Settings& settings) {
  std::vector<std::string> arguments{path};
  arguments.insert(arguments.end(), settings.arguments.begin(), settings.arguments.end());
  std::vector<std::string> environment = environment_of(settings);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  constexpr int flags = O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC;
  const net::Fd output(open((written_.path() / "output").c_str(), flags, 0600));
  const net::Fd errors(open((written_.path() / "errors").c_str(), flags, 0600));
  pid_ = fork();
  if (pid_ == 0)
    become(path.c_str(), argv.data(), envp.data(), settings, output.get(), errors.get());
  EXPECT_GT(pid_, 0);
}

Program::~Program() {
  if (!ended_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (::testing::Test::HasFailure()) fmt::print(stderr, "--- log of the program ---\n{}", errors());
}

void Program::signal(int number) const {
  EXPECT_EQ(kill(pid_, number), 0);
}

std::optional<int> Program::wait(Duration limit) {
  const auto ended = [this] {
    if (ended_) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return true;
  };
  eventually(ended, limit);
  return ended_;
}

std::string Program::output() const {
  return read_file(written_.path() / "output");
}
std::string Program::errors() const {
  return read_file(written_.path() / "errors");
}

std::vector<std::string> Program::lines(std::initializer_list<std::string_view> parts) const {
  std::vector<std::string> out;
  const std::string all = errors();
  for (const std::string_view line : split(all, '\n')) {
    const auto contains = [&](std::string_view part) { return line.contains(part); };
    if (!line.empty() && std::ranges::all_of(parts, contains)) out.emplace_back(line);
  }
  return out;
}

bool Program::logged(std::initializer_list<std::string_view> parts) const {
  return eventually([&] { return !lines(parts).empty(); });
}

Endpoint Program::endpoint() const {
  EXPECT_TRUE(logged({"listening address="}));
  const auto found = lines({"listening address="});
  if (found.empty()) return {};
  constexpr std::string_view key = "address=";
  std::string_view text = found.front();
  text.remove_prefix(text.find(key) + key.size());
  text = text.substr(0, text.find(' '));
  const auto colon = text.rfind(':');
  const auto address = IpAddress::parse(text.substr(0, colon));
  const auto port = parse_int<std::uint16_t>(text.substr(colon + 1));
  EXPECT_TRUE(address && port) << text;
  return {address.value_or(IpAddress{}), port.value_or(0)};
}

Ended run_program(const std::string& path, const Program::Settings& settings) {
  Program program(path, settings);
  const auto code = program.wait();
  EXPECT_TRUE(code.has_value()) << "it did not end";
  return {.code = code, .output = program.output(), .errors = program.errors()};
}

}  // namespace drawbridge::kit
