#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/lists/list.h"
#include "proxy/lists/files.h"

namespace proxy::lists {

/// Where a list comes from.
struct Definition {
  enum class Kind : std::uint8_t { kValues, kFile, kUrl };
  std::string name;
  Kind kind = Kind::kValues;
  std::string location;  // a path or a URL
  std::vector<std::string> redirect_hosts;
  core::lists::Match match = core::lists::Match::kExact;
  std::chrono::milliseconds reload{0};  // 0: never by itself
};

/// What is known of the source a list was read from: enough to tell that it has not changed.
struct Origin {
  FileState file;
  std::uint64_t checksum = 0;  // of the contents
  std::string etag, last_modified;
  std::int64_t confirmed_at_s = 0;  // when it was read, or last found unchanged
};

struct Loaded {
  std::shared_ptr<const core::lists::List> list;  // null: unchanged, or failed
  std::string failure;                            // empty: unchanged, or loaded
  std::string remark;                             // a warning that comes with the list
  Origin origin;
};

/// Reads lists from files and URLs. Blocks: not on a loop's thread. Thread: any; `stop` and what
/// else it was made with must outlive it.
class Loader {
 public:
  /// `state_directory` is where the last good copies of fetched lists are, or empty. Copies are
  /// written only with `keep_copies`.
  Loader(std::string state_directory, bool keep_copies, const std::atomic<bool>& stop)
      : state_directory_(std::move(state_directory)), keep_copies_(keep_copies), stop_(stop) {}

  /// For a start or a reload of the configuration: bad lines are left out. When a URL does not
  /// answer, the copy of last time is taken, with a remark.
  Loaded load(const Definition& definition) const;

  /// For a look at a source from time to time: nothing when it has not changed, and a failure when
  /// what is there now looks broken beside `current` (docs/lists.md, "A list that became bad").
  Loaded load_again(const Definition& definition, const Origin& known,
                    const core::lists::List& current) const;

 private:
  Loaded load_file(const Definition& definition, const Origin* known) const;
  Loaded load_url(const Definition& definition, const Origin* known,
                  const core::lists::List* current) const;
  std::string copy_path(const Definition& definition) const;

  std::string state_directory_;
  bool keep_copies_;
  const std::atomic<bool>& stop_;
};

/// Seconds since 1970.
std::int64_t now_s() noexcept;
/// 64 bits from the kernel's random generator.
std::uint64_t random_bits() noexcept;

}  // namespace proxy::lists
