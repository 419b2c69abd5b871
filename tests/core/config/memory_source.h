#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/config/load.h"

namespace core::config {

/// Files and environment variables of a test.
class MemorySource final : public Source {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;

  Result<std::string, Failure> read_file(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return Failure{"no such file"};
    return found->second;
  }
  std::optional<std::string> environment(const std::string& name) override {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace core::config
