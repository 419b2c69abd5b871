#include <cstdio>
#include <ctime>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/lists/compiled.h"
#include "core/lists/entry.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/lists/files.h"
#include "proxy/lists/loader.h"

namespace proxy::commands {
namespace {

using core::lists::List;
using core::lists::Match;

constexpr mode_t kCompiledMode = 0440;  // nobody writes it, so it can be mapped (files.h)
constexpr std::size_t kArenaBytes = 256 << 10;

Match match_named(const std::string& name) {
  return name == "email"     ? Match::kEmail
         : name == "domain"  ? Match::kDomain
         : name == "network" ? Match::kNetwork
                             : Match::kExact;
}

/// False after saying why.
bool read(const std::string& path, lists::FileBytes& bytes) {
  if (path == "-") {
    auto text = std::make_shared<const std::string>(std::istreambuf_iterator<char>(std::cin),
                                                    std::istreambuf_iterator<char>());
    bytes.contents = *text;
    bytes.owner = std::move(text);
    return true;
  }
  auto result = lists::read_list_file(path);
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), result.error().why.c_str());
    return false;
  }
  bytes = std::move(result).value();
  return true;
}

}  // namespace

int list_build(const std::string& match, const std::string& out, const std::string& in) {
  lists::FileBytes bytes;
  if (!read(in, bytes)) return kExitUsage;
  if (core::lists::is_compiled(bytes.contents)) {
    std::fprintf(stderr, "%s: this is a compiled list already\n", in.c_str());
    return kExitUsage;
  }
  const List list = List::parse(bytes.contents, match_named(match), lists::random_bits());
  for (const core::lists::BadLine& bad : list.bad_lines()) {
    std::fprintf(stderr, "%s:%zu: %s: %s\n", in.c_str(), bad.line,
                 list.complete() ? "left out" : "error", bad.message.c_str());
  }
  if (!list.complete()) return kExitFailed;
  if (list.bad_count() > list.bad_lines().size()) {
    std::fprintf(stderr, "%s: %zu lines left out in all\n", in.c_str(), list.bad_count());
  }
  const auto buckets = list.set().bucket_bytes();
  const std::string why =
      lists::write_atomically(out,
                              {core::lists::compiled_header(list, lists::now_s()),
                               {reinterpret_cast<const char*>(buckets.data()), buckets.size()}},
                              kCompiledMode);
  if (!why.empty()) {
    std::fprintf(stderr, "%s\n", why.c_str());
    return kExitFailed;
  }
  std::printf("%s: %zu entries, %.1f MiB\n", out.c_str(), list.size(),
              static_cast<double>(buckets.size() + core::lists::kCompiledHeaderBytes) / (1 << 20));
  return kExitOk;
}

int list_info(const std::string& file) {
  lists::FileBytes bytes;
  if (!read(file, bytes)) return kExitUsage;
  const std::size_t size = bytes.contents.size();
  auto opened = core::lists::open_compiled(bytes.contents, std::move(bytes.owner));
  if (!opened) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), opened.error().message.c_str());
    return kExitUsage;
  }
  const List& list = opened.value().list;
  const std::time_t built = opened.value().built_at_s;
  std::tm parts{};
  char when[32];
  gmtime_r(&built, &parts);
  std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
  const std::string_view match = core::lists::name(list.match());
  std::printf("match      %.*s\n", static_cast<int>(match.size()), match.data());
  std::printf("entries    %zu\n", list.size());
  std::printf("left out   %zu lines\n", list.bad_count());
  std::printf("built      %s\n", when);
  std::printf("format     version %u, %zu bytes\n", core::lists::kCompiledVersion, size);
  std::printf("verified   the checksums are right\n");
  std::printf("loading    %s\n",
              bytes.mapped ? "is mapped" : "is copied: its mode lets it be written");
  return kExitOk;
}

int list_check(const std::string& file, const std::string& match,
               const std::vector<std::string>& values) {
  lists::FileBytes bytes;
  if (!read(file, bytes)) return kExitUsage;
  Match kind = match_named(match);
  if (core::lists::is_compiled(bytes.contents) && match.empty()) {
    auto opened = core::lists::open_compiled(bytes.contents, bytes.owner);
    if (opened) kind = opened.value().list.match();
  } else if (match.empty()) {
    std::fprintf(stderr, "%s is text: say how it matches, with --match\n", file.c_str());
    return kExitUsage;
  }
  auto list =
      core::lists::read_list(bytes.contents, std::move(bytes.owner), kind, lists::random_bits());
  if (!list) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), list.error().message.c_str());
    return kExitUsage;
  }
  core::Arena arena(kArenaBytes);
  bool all = true;
  for (const std::string& value : values) {
    arena.reset();
    const core::lists::Entry entry =
        core::lists::read_entry(core::lists::trim_ascii(value), kind, arena);
    if (entry.wrong != nullptr) {
      std::fprintf(stderr, "%s: %s\n", value.c_str(), entry.wrong);
      return kExitUsage;
    }
    const bool found = list.value().contains(entry.value);
    std::printf("%s: %s\n", value.c_str(), found ? "in the list" : "not in the list");
    all = all && found;
  }
  return all ? kExitOk : kExitFailed;
}

}  // namespace proxy::commands
