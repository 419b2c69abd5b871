#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/policy/rehearsal.h"
#include "proxy/policy/replay.h"

namespace proxy::commands {
namespace {

/// A configuration that is ready to answer; null after printing its mistakes.
std::unique_ptr<policy::Rehearsal> open(const std::string& path) {
  const Configuration read = read_configuration(path, 1);
  const std::string remarks = read.diagnostics.render();
  if (!remarks.empty()) std::fputs(remarks.c_str(), stderr);
  if (read.snapshot == nullptr || read.diagnostics.has_errors()) return nullptr;
  return std::make_unique<policy::Rehearsal>(read.snapshot, read.lists);
}

}  // namespace

int replay(const ReplayOptions& options) {
  const auto fresh = open(options.config);
  const auto old = options.against.empty() ? nullptr : open(options.against);
  if (fresh == nullptr || (old == nullptr && !options.against.empty())) return kExitUsage;
  std::ifstream file;
  if (options.capture != "-") {
    file.open(options.capture, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", options.capture.c_str());
      return kExitUsage;
    }
  }
  std::istream& lines = options.capture == "-" ? std::cin : file;
  const policy::Replayed result = policy::replay(lines, *fresh, old.get(), options.samples);
  if (lines.bad()) {
    std::fprintf(stderr, "%s: cannot be read to its end\n", options.capture.c_str());
    return kExitUsage;
  }
  std::fputs((options.json ? result.json() : result.render(options.capture)).c_str(), stdout);
  if (result.requests == 0 && result.unreadable.count > 0) return kExitFailed;
  return result.differ > 0 || !result.claims.empty() ? kExitDiffers : kExitOk;
}

}  // namespace proxy::commands
