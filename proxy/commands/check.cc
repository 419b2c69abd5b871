#include <cstdio>
#include <optional>
#include <string>

#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/commands/file_source.h"
#include "proxy/policy/coverage.h"
#include "proxy/policy/rehearsal.h"
#include "proxy/policy/tests.h"

namespace proxy::commands {
namespace {

/// "1 rule", "9 rules", "1,100,000 entries".
std::string counted(std::size_t count, const char* one, const char* many) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits + " " + (count == 1 ? one : many);
}

}  // namespace

int check(const std::string& path, CoverageWish wish) {
  Configuration read = read_configuration(path);
  const bool sound = read.snapshot != nullptr && !read.diagnostics.has_errors();
  std::optional<policy::Coverage> coverage;
  policy::TestRun run;
  if (sound) {
    if (wish != CoverageWish::kNone) coverage.emplace(*read.snapshot);
    policy::Rehearsal rehearsal(read.snapshot, read.lists);
    FileSource source;
    run = policy::run_tests(read.config, rehearsal, source, read.diagnostics,
                            coverage ? &*coverage : nullptr);
  }
  // Said at once and in the order of the file: remarks, mistakes and tests that have failed.
  const std::string remarks = read.diagnostics.render();
  if (!remarks.empty()) std::fputs(remarks.c_str(), stderr);
  if (!sound) {
    std::fprintf(stderr, "%s: %s, nothing was started\n", path.c_str(),
                 counted(read.diagnostics.errors(), "mistake", "mistakes").c_str());
    return kExitUsage;
  }
  std::size_t rules = 0;
  for (const core::gate::Connector& connector : read.snapshot->connectors) {
    rules += connector.program.rules().size();
  }
  std::size_t entries = 0;
  std::size_t bytes = 0;
  for (const core::lists::Live& list : *read.lists) {
    entries += list.size();
    bytes += list.bytes();
  }
  const std::size_t backends = read.snapshot->backends.size();
  const std::string asked = backends == 0 ? "" : counted(backends, "backend", "backends") + ", ";
  std::printf("%s: no mistakes. %s, %s, %s%s, %s (%s, %.1f MiB)\n", path.c_str(),
              counted(read.snapshot->connectors.size(), "connector", "connectors").c_str(),
              counted(rules, "rule", "rules").c_str(), asked.c_str(),
              counted(read.snapshot->messages.size(), "message", "messages").c_str(),
              counted(read.lists->size(), "list", "lists").c_str(),
              counted(entries, "entry", "entries").c_str(),
              static_cast<double>(bytes) / (1 << 20));
  const std::size_t tests = run.passed + run.failed;
  if (run.failed > 0) {
    std::printf("%s: %zu of %s failed\n", path.c_str(), run.failed,
                counted(tests, "test", "tests").c_str());
  } else if (tests > 0) {
    std::printf("%s: %s passed\n", path.c_str(), counted(tests, "test", "tests").c_str());
  }
  if (!coverage) return run.failed > 0 ? kExitTestsFailed : kExitOk;
  std::fputs(coverage->render(read.config, read.diagnostics).c_str(), stdout);
  const bool enough =
      wish != CoverageWish::kRequired || coverage->rules_acted() == coverage->rules();
  return run.failed > 0 || !enough ? kExitTestsFailed : kExitOk;
}

}  // namespace proxy::commands
