#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/result.h"

namespace core::config {

/// The world a configuration may read from. core/ opens no file itself: the commands hand in an
/// implementation, the tests another.
class Source {
 public:
  virtual ~Source() = default;
  /// The contents of the file, or a sentence saying why not ("no such file").
  struct Failure {
    std::string why;
  };
  virtual Result<std::string, Failure> read_file(const std::string& path) = 0;
  /// The environment variable, if it is set.
  virtual std::optional<std::string> environment(const std::string& name) = 0;
};

/// Reads `path` and what it includes. Every mistake goes to `diagnostics`; the result is complete
/// only when it has no errors. Never throws. A file named in a configuration is looked for beside
/// the file that names it.
Config load(const std::string& path, Source& source, Diagnostics& diagnostics);

/// The path of `named`, as written in the configuration file `from`: itself when absolute, else
/// beside `from`.
std::string path_beside(std::string_view from, std::string_view named);

}  // namespace core::config
