#include <cstdio>
#include <fstream>
#include <string>

#include "core/audit/chain.h"
#include "core/config/load.h"
#include "core/config/secrets.h"
#include "proxy/audit/files.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/commands/file_source.h"

namespace proxy::commands {
namespace {

/// What was found in the files of an audit log.
struct Findings {
  std::uint64_t lines = 0, lost = 0;
  std::string head;
  std::string broken;      // "FILE:LINE: ..."; empty: the chain holds
  std::string unfinished;  // the file whose last line a crash has cut off
};

/// The number behind `"lost":`, of a line that says how many verdicts are missing.
std::uint64_t lost_in(std::string_view line) {
  constexpr std::string_view kMember = R"(,"lost":)";
  const std::size_t at = line.find(kMember);
  if (at == std::string_view::npos) return 0;
  return std::strtoull(std::string(line.substr(at + kMember.size(), 20)).c_str(), nullptr, 10);
}

void verify_file(const std::string& path, bool last, core::audit::Chain& chain, Findings& found) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::uint64_t number = 0;
  while (found.broken.empty() && std::getline(file, line)) {
    ++number;
    const std::string place = path + ":" + std::to_string(number);
    if (file.eof()) {  // no newline behind it
      if (last) {
        found.unfinished = path;
      } else {
        found.broken = place + ": a line that was never finished";
      }
      return;
    }
    if (!chain.follows(line)) {
      found.broken = place + ": not the line that was written behind the one before it";
      return;
    }
    ++found.lines;
    found.lost += lost_in(line);
  }
}

/// A file whose end is what the chain goes on behind: its removal was begun and not finished.
bool is_over(const std::string& path, const std::string& begin) {
  const auto tail = audit::tail_of(path);
  const auto head = tail ? core::audit::chain_of(tail->line) : std::nullopt;
  return head && *head == begin;
}

}  // namespace

int audit_verify(const std::string& path, const std::string& head) {
  FileSource source;
  core::config::Diagnostics diagnostics;
  core::config::Config config = core::config::load(path, source, diagnostics);
  const std::string remarks = diagnostics.render();
  if (!remarks.empty()) std::fputs(remarks.c_str(), stderr);
  if (diagnostics.has_errors()) return kExitUsage;
  const std::string directory = config.audit.directory.value;
  if (directory.empty()) {
    std::fprintf(stderr, "%s has no audit log: write audit: { directory: ... }\n", path.c_str());
    return kExitUsage;
  }
  const auto& keys = config.pseudonyms.keys;
  core::audit::Chain chain(keys.empty() ? std::string_view() : std::string_view(keys.front().value));
  core::config::wipe_secrets(config, true);
  const auto days = audit::days_in(directory);
  if (!days) {
    std::fprintf(stderr, "%s: cannot be read\n", directory.c_str());
    return kExitFailed;
  }
  if (const std::string begin = audit::begin_of(directory); !begin.empty()) {
    std::printf("the chain begins behind %s, where days that are over `keep` ended\n", begin.c_str());
    chain.set_head(begin);
  }
  Findings found;
  for (const std::int64_t day : *days) {
    if (!found.broken.empty()) break;
    const std::string file = directory + "/" + audit::file_name(day);
    if (found.lines == 0 && is_over(file, chain.head())) continue;
    verify_file(file, day == days->back(), chain, found);
  }
  if (!found.broken.empty()) {
    std::printf("broken: %s\n", found.broken.c_str());
    return kExitFailed;
  }
  if (!found.unfinished.empty()) {
    std::printf("%s ends in a line that was never finished: a process was killed\n", found.unfinished.c_str());
  }
  std::printf("%llu lines in %zu files, %llu verdicts missing by their own account\nhead %s\n",
              static_cast<unsigned long long>(found.lines), days->size(),
              static_cast<unsigned long long>(found.lost), chain.head().c_str());
  if (!head.empty() && head != chain.head()) {
    std::printf("broken: the head is another one than %s\n", head.c_str());
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace proxy::commands
