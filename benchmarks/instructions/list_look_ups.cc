// Instructions of a look-up by how many entries its list has, for benchmarks/instructions/by_size:
// it runs this under callgrind and reads the dumps, one for each row, named "label|count".
#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "benchmarks/micro/list_values.h"
#include "core/lists/list.h"

namespace {

using core::lists::List;
using core::lists::Match;

constexpr std::uint64_t kSeed = 0x243f6a8885a308d3;
constexpr std::size_t kLookups = 2'000;

std::size_t count(const std::string& label, const List& list, list_values::Append append,
                  bool present, std::size_t entries) {
  list_values::Values values(append, present, std::min<std::size_t>(entries, 100'000));
  const std::string trigger = label + "|" + std::to_string(kLookups);  // outlives the request
  std::size_t found = 0;
  for (std::size_t i = 0; i < kLookups; ++i) found += list.contains(values.next());
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_ZERO_STATS;
  for (std::size_t i = 0; i < kLookups; ++i) found += list.contains(values.next());
  CALLGRIND_DUMP_STATS_AT(trigger.c_str());
  CALLGRIND_STOP_INSTRUMENTATION;
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: list_look_ups ENTRIES...\n");
    return 2;
  }
  std::size_t found = 0;  // printed, so that no work can be left out
  for (int i = 1; i < argc; ++i) {
    const std::size_t entries = std::strtoull(argv[i], nullptr, 10);
    const std::string size = argv[i];
    {
      const List list = List::parse(list_values::file_of(list_values::append_address, entries),
                                    Match::kEmail, kSeed);
      found += count("address found " + size, list, list_values::append_address, true, entries);
      found +=
          count("address not found " + size, list, list_values::append_address, false, entries);
    }
    const List list = List::parse(list_values::file_of(list_values::append_domain, entries),
                                  Match::kDomain, kSeed);
    found += count("domain found " + size, list, list_values::append_domain, true, entries);
    found += count("domain not found " + size, list, list_values::append_domain, false, entries);
  }
  std::printf("%zu\n", found);
}
