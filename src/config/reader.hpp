// What reading one document needs to know at every depth: where the values came from, which key is
// being read, and where problems go. One reader, one document, one thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "config/problem.hpp"
#include "config/tree.hpp"

namespace drawbridge::config {

struct Table;

struct SourceInfo {
  Origin origin;               // of every value from it; the line is filled in
  std::string shown;           // how problems name it
  std::filesystem::path base;  // where relative paths start
};

class Reader {
 public:
  // `sources` is indexed by Node::source. `origins` may be null (a server file has one source).
  Reader(const std::vector<SourceInfo>& sources, Problems& problems, Origins* origins)
      : sources_(sources), problems_(problems), origins_(origins) {}

  // Problems about the value, or about its key.
  void error(const Node& at, std::string message);
  void warn(const Node& at, std::string message);
  void hint(const Node& at, std::string message);
  void error_at_key(const Node& at, std::string message);
  void warn_at_key(const Node& at, std::string message);
  [[nodiscard]] std::size_t errors() const { return errors_; }
  // Further problems are counted and not kept: there are too many already.
  [[nodiscard]] bool is_full() const { return problems_.size() >= most_problems; }

  // Down one step of the path and, when the scope ends, up again. A name is joined with a dot,
  // "[3]" is not.
  class Step {
   public:
    Step(Reader& reader, std::string_view name);
    ~Step() { reader_.path_.resize(before_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Reader& reader_;
    std::size_t before_;
  };

  [[nodiscard]] const std::string& path() const { return path_; }
  // The keys of the document as a whole; null until they are begun with.
  const Table* document = nullptr;
  // Remembers that the current key was set by `at`.
  void note_origin(const Node& at);
  // The current key is set by another key (a preset).
  void note_preset(std::string_view key, std::string_view by);
  [[nodiscard]] const SourceInfo& source_of(const Node& at) const { return sources_[at.source]; }
  // A relative path from the value's own folder.
  [[nodiscard]] std::filesystem::path resolve(const Node& at, std::string_view path) const;

  // A file with more problems than this is no configuration file; nobody reads on.
  static constexpr std::size_t most_problems = 200;

 private:
  void report(Problem::Severity severity, const Node& at, bool at_key, std::string message);

  const std::vector<SourceInfo>& sources_;
  Problems& problems_;
  Origins* origins_;
  std::string path_;
  std::size_t errors_ = 0;
};

// `base` / `path` without needless dots; absolute paths stay, and so do relative ones when `base`
// is empty.
std::filesystem::path joined(const std::filesystem::path& base, std::string_view path);

}  // namespace drawbridge::config
