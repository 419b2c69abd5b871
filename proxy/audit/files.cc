#include "proxy/audit/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "core/audit/chain.h"
#include "proxy/lists/files.h"
#include "proxy/net/unique_fd.h"

namespace proxy::audit {
namespace {

const std::string kBegin = "begin";
constexpr std::string_view kPrefix = "audit-", kSuffix = ".jsonl";
constexpr std::size_t kTailBytes = 64 << 10;  // a line is shorter

}  // namespace

std::string file_name(std::int64_t day) {
  using namespace std::chrono;
  const year_month_day date{sys_days{days{day}}};
  char text[40];
  std::snprintf(text, sizeof text, "audit-%04d-%02u-%02u.jsonl", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::optional<std::int64_t> day_of(std::string_view name) {
  using namespace std::chrono;
  constexpr std::size_t kDate = 10;
  if (name.size() != kPrefix.size() + kDate + kSuffix.size() || !name.starts_with(kPrefix) ||
      !name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  const char* const at = name.data() + kPrefix.size();
  int parts[3] = {};
  constexpr std::size_t kBegin[] = {0, 5, 8}, kSize[] = {4, 2, 2};
  for (std::size_t i = 0; i < 3; ++i) {
    const char* const end = at + kBegin[i] + kSize[i];
    const auto [stop, ec] = std::from_chars(at + kBegin[i], end, parts[i]);
    if (ec != std::errc{} || stop != end || parts[i] < 0) return std::nullopt;
  }
  const year_month_day date{year{parts[0]}, month{static_cast<unsigned>(parts[1])},
                            day{static_cast<unsigned>(parts[2])}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t number = sys_days{date}.time_since_epoch().count();
  if (file_name(number) != name) return std::nullopt;
  return number;
}

std::optional<std::vector<std::int64_t>> days_in(const std::string& directory) {
  DIR* const open = ::opendir(directory.c_str());
  if (open == nullptr) return std::nullopt;
  std::vector<std::int64_t> days;
  while (const dirent* const entry = ::readdir(open)) {
    if (const auto day = day_of(entry->d_name)) days.push_back(*day);
  }
  ::closedir(open);
  std::sort(days.begin(), days.end());
  return days;
}

std::string begin_of(const std::string& directory) {
  const net::UniqueFd fd(::open((directory + "/" + kBegin).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  char head[core::audit::Chain::kDigestChars];
  if (!fd.valid() || ::pread(fd.get(), head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return {};
  return {head, sizeof head};
}

bool write_begin(const std::string& directory, std::string_view head) {
  const std::string path = directory + "/" + kBegin, fresh = path + ".new";
  const net::UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  return fd.valid() && lists::write_all(fd.get(), std::string(head) + "\n") && ::fdatasync(fd.get()) == 0 &&
         ::rename(fresh.c_str(), path.c_str()) == 0;
}

std::optional<Tail> tail_of(const std::string& path) {
  const net::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t begin = size > 2 * kTailBytes ? size - 2 * kTailBytes : 0;
  std::string bytes(static_cast<std::size_t>(size - begin), '\0');
  const ssize_t got = ::pread(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
  if (got < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  Tail tail;
  const std::size_t end = bytes.rfind('\n');
  if (end == std::string::npos) {
    tail.broken = bytes.size();
    tail.whole = begin;
    return tail;
  }
  const std::size_t before = end == 0 ? std::string::npos : bytes.rfind('\n', end - 1);
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  tail.line = bytes.substr(first, end - first);
  tail.whole = begin + end + 1;
  tail.broken = bytes.size() - end - 1;
  return tail;
}

}  // namespace proxy::audit
