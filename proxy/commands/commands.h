#pragma once

#include <string>
#include <vector>

namespace proxy::commands {

/// The commands of the program. Each prints for a person and answers the process's exit code
/// (ExitCode in configuration.h).
int serve(const std::string& config);
int check(const std::string& config);
/// `claims` is a file of one JSON object, or "-" for standard input. `backends` are verdicts in place
/// of backends, which are not asked: see StandIns.
int explain(const std::string& config, const std::string& connector, const std::string& claims,
            const std::vector<std::string>& backends);
/// `list build`: writes `in`, one entry a line, in the compiled form.
int list_build(const std::string& match, const std::string& out, const std::string& in);
/// `list info`: what is known of a compiled list.
int list_info(const std::string& file);
/// `list check`: whether each value is in the list; `match` is for a list of text. kExitFailed when
/// one is not.
int list_check(const std::string& file, const std::string& match,
               const std::vector<std::string>& values);
int version();
/// Prints the JSON Schema of the configuration.
int schema();

}  // namespace proxy::commands
