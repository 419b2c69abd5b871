#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace proxy::commands {

/// The commands of the program. Each prints for a person and answers the process's exit code
/// (ExitCode in configuration.h).
int serve(const std::string& config);

/// What `check` says of the rules that its tests reach. kRequired: a rule that none does is a failure.
enum class CoverageWish : unsigned char { kNone, kReported, kRequired };
/// Validates, and asks the configuration's own tests: kExitTestsFailed when one fails.
int check(const std::string& config, CoverageWish coverage);

/// `claims` is a file of one JSON object, or "-" for standard input. `backends` are verdicts in place
/// of backends, which are not asked: see StandIns. `dialect`: another caller, or "all"; empty: the
/// connector's own, rule by rule. `before`: as if so many others had come with the same claims, for limits.
int explain(const std::string& config, const std::string& connector, const std::string& claims,
            const std::vector<std::string>& backends, const std::string& dialect,
            std::uint32_t before = 0);
struct ReplayOptions {
  std::string config;
  std::string against;  // empty: the verdicts that were recorded
  std::string capture;  // a file, or "-" for standard input
  std::size_t samples = 10;  // lines named for each kind of difference
  bool json = false;
};
/// Compares the verdicts of two configurations over a capture: kExitDiffers when some differ.
int replay(const ReplayOptions& options);
/// `list build`: writes `in`, one entry a line, in the compiled form.
int list_build(const std::string& match, const std::string& out, const std::string& in);
/// `list info`: what is known of a compiled list.
int list_info(const std::string& file);
/// `list check`: whether each value is in the list; `match` is for a list of text. kExitFailed when
/// one is not.
int list_check(const std::string& file, const std::string& match,
               const std::vector<std::string>& values);
/// `audit verify`: whether the chain of the audit log that `config` names holds, and how it ends. `head`:
/// how it has to end; empty: however. kExitFailed when it does not hold.
int audit_verify(const std::string& config, const std::string& head);
int version();
/// Prints the JSON Schema of the configuration.
int schema();

}  // namespace proxy::commands
