#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/load.h"
#include "core/gate/compile.h"

namespace fuzz {

/// A configuration that is one text, "c.yaml".
class OneFile final : public core::config::Source {
 public:
  /// `variable` is what every variable of the environment holds; nothing: there are none.
  explicit OneFile(std::string text, std::optional<std::string> variable = std::nullopt)
      : text_(std::move(text)), variable_(std::move(variable)) {}
  core::Result<std::string, Failure> read_file(const std::string& path) override {
    if (path == "c.yaml") return text_;
    return Failure{"no such file"};
  }
  std::optional<std::string> environment(const std::string&) override { return variable_; }

 private:
  std::string text_;
  std::optional<std::string> variable_;
};

using SnapshotPtr = std::shared_ptr<const core::gate::Snapshot>;

/// What the file compiles to, for one worker. Null when it has mistakes, and only then.
inline SnapshotPtr compile(OneFile& file) {
  core::config::Diagnostics diagnostics;
  const core::config::Config config = core::config::load("c.yaml", file, diagnostics);
  SnapshotPtr snapshot = core::gate::compile(config, {1, 7}, file, diagnostics);
  if ((snapshot == nullptr) != diagnostics.has_errors()) std::abort();
  static_cast<void>(diagnostics.render());
  return snapshot;
}

/// The same for a configuration without mistakes.
inline SnapshotPtr compile(std::string text) {
  OneFile file(std::move(text));
  SnapshotPtr snapshot = compile(file);
  if (snapshot == nullptr) std::abort();
  return snapshot;
}

/// An answer in its parts, whose body is as long as it says.
struct WholeAnswer {
  int status;
  std::string_view body;

  explicit WholeAnswer(std::string_view answer) {
    const std::size_t length = answer.find("Content-Length: ");
    const std::size_t end = answer.find("\r\n\r\n");
    if (length == std::string_view::npos || end == std::string_view::npos) std::abort();
    if (std::stoul(std::string(answer.substr(length + 16))) != answer.size() - end - 4) std::abort();
    status = std::stoi(std::string(answer.substr(9, 3)));
    body = answer.substr(end + 4);
  }
};

}  // namespace fuzz
