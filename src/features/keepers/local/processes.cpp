#include "features/keepers/local/processes.hpp"

#include <boost/json.hpp>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "config/plain_file.hpp"

namespace drawbridge::features::keepers::local {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr mode_t rights_of_notes = 0640;

class LocalKeeper final : public api::Keeper {
 public:
  LocalKeeper(control::ControlThread& control, std::shared_ptr<Program> program,
              api::KeeperReports on_report)
      : control_(control), program_(std::move(program)) {
    program_->set_listener([alive = std::weak_ptr(alive_),
                            on_report = std::move(on_report)](const api::KeeperReport& report) {
      if (!alive.expired()) on_report(report);
    });
  }

  [[nodiscard]] api::KeeperAbilities abilities() const override {
    return {.stops = true, .queries = true, .pushes = true, .lag = {}};
  }

  void start(api::WakeRequest /*request*/, StartDone done) override {
    auto started = program_->start();
    Result<api::KeeperReport> said = api::KeeperReport{.state = api::KeeperState::starting};
    if (!started) said = std::unexpected(std::move(started.error()));
    answer([done = std::move(done), said = std::move(said)] { done(said); });
  }

  void stop(api::StopRequest request, StopDone done) override {
    if (request.why == "idle") {
      program_->rest();
    } else {
      program_->stop();
    }
    answer([done = std::move(done)] { done({}); });
  }

  void query(QueryDone done) override {
    answer([program = program_, done = std::move(done)] { done(program->report()); });
  }

  void proxy_ends(std::function<void()> done) override {
    program_->end([this, alive = std::weak_ptr(alive_), done = std::move(done)] {
      if (!alive.expired()) answer(done);
    });
  }

 private:
  void answer(std::function<void()> call) {
    control_.post([alive = std::weak_ptr(alive_), call = std::move(call)] {
      if (!alive.expired()) call();
    });
  }

  control::ControlThread& control_;
  std::shared_ptr<Program> program_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

std::optional<ProgramNote> note_of(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& entry = value.get_object();
  const json::value* pid = entry.if_contains("pid");
  const json::value* began = entry.if_contains("began");
  const json::value* boot = entry.if_contains("boot");
  const json::value* frozen = entry.if_contains("frozen");
  if (pid == nullptr || !pid->is_int64() || began == nullptr || !began->is_int64() ||
      boot == nullptr || !boot->is_string())
    return std::nullopt;
  return ProgramNote{.process = {.pid = static_cast<pid_t>(pid->get_int64()),
                                 .began = static_cast<std::uint64_t>(began->get_int64()),
                                 .boot = std::string(boot->get_string())},
                     .frozen = frozen != nullptr && frozen->is_bool() && frozen->get_bool()};
}

}  // namespace

Processes::Processes(control::ControlThread& control, fs::path state_dir)
    : control_(control), state_dir_(std::move(state_dir)) {}

Processes::~Processes() = default;

std::unique_ptr<api::Keeper> Processes::make(const KeeperOrder& order) {
  if (!std::exchange(loaded_, true)) load();
  const std::string& id = order.server.id;
  auto& program = programs_[id];
  if (!program) program = std::make_shared<Program>(control_, id, state_dir_, [this] { save(); });
  program->follow(*order.server.server_manager);
  if (const auto found = found_.find(id); found != found_.end()) {
    const ProgramNote note = found->second;
    found_.erase(found);
    program->adopt(note);
  }
  return std::make_unique<LocalKeeper>(control_, program, order.on_report);
}

void Processes::end_all(const std::function<void()>& done) {
  if (programs_.empty()) return done();
  const auto left = std::make_shared<std::size_t>(programs_.size());
  for (const auto& [id, program] : programs_)
    program->end([left, done] {
      if (--*left == 0) done();
    });
}

void Processes::load() {
  const auto kept = config::read_plain_file(file(), largest_file);
  if (kept && !kept->exists()) return;
  boost::system::error_code error;
  const json::value root = kept ? json::parse(kept->text, error) : json::value();
  if (error || !root.is_object()) {
    log::warn("wake", "what ran before cannot be found again", {{"file", file().native()}});
    return;
  }
  for (const auto& [id, value] : root.get_object())
    if (auto note = note_of(value)) found_[std::string(id)] = std::move(*note);
}

void Processes::save() {
  json::object root;
  const auto add = [&root](const std::string& id, const ProgramNote& note) {
    root[id] = json::object{{"pid", note.process.pid},
                            {"began", static_cast<std::int64_t>(note.process.began)},
                            {"boot", note.process.boot},
                            {"frozen", note.frozen}};
  };
  for (const auto& [id, note] : found_) add(id, note);
  for (const auto& [id, program] : programs_)
    if (const auto note = program->note()) add(id, *note);
  std::error_code ignored;
  fs::create_directories(state_dir_, ignored);
  const bool failed =
      !config::replace_file(file(), json::serialize(root) + "\n", rights_of_notes).has_value();
  if (failed && !save_failed_)
    log::warn("wake", "after a restart of the proxy, what runs now will not be found again",
              {{"file", file().native()}});
  save_failed_ = failed;
}

}  // namespace drawbridge::features::keepers::local
