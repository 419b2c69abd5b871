#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::audit {

/// "audit-2026-11-26.jsonl", by days since 1970.
std::string file_name(std::int64_t day);
/// The day of such a name.
std::optional<std::int64_t> day_of(std::string_view name);

/// The days of which `directory` has a file, in order; nothing and errno when it cannot be read.
std::optional<std::vector<std::int64_t>> days_in(const std::string& directory);

/// A file in `directory` that has the head which the last removed day ended in: the first line of what is
/// left follows it. Empty: nothing was removed yet. An altered one breaks the chain, as an altered line does.
std::string begin_of(const std::string& directory);
/// False and errno when it cannot be written.
bool write_begin(const std::string& directory, std::string_view head);

/// The end of a file: its last whole line, and the bytes behind it, which a crash has left.
struct Tail {
  std::string line;          // without its newline; empty: there is none
  std::uint64_t whole = 0;   // bytes up to and with the last newline
  std::uint64_t broken = 0;  // bytes behind it
};
/// Nothing and errno when it cannot be read.
std::optional<Tail> tail_of(const std::string& path);

}  // namespace proxy::audit
