#pragma once

#include <string>

namespace proxy::commands {

/// The commands of the program. Each prints for a person and answers the process's exit code
/// (ExitCode in configuration.h).
int serve(const std::string& config);
int check(const std::string& config);
/// `claims` is a file of one JSON object, or "-" for standard input.
int explain(const std::string& config, const std::string& connector, const std::string& claims);
int version();
/// Prints the JSON Schema of the configuration.
int schema();

}  // namespace proxy::commands
