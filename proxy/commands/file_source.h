#pragma once

#include <optional>
#include <string>

#include "core/config/load.h"

namespace proxy::commands {

/// The real files and the real environment.
class FileSource final : public core::config::Source {
 public:
  core::Result<std::string, Failure> read_file(const std::string& path) override;
  std::optional<std::string> environment(const std::string& name) override;
};

}  // namespace proxy::commands
