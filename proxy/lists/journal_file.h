#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/lists/live.h"
#include "proxy/net/unique_fd.h"

namespace proxy::lists {

/// The live changes of one list and the file that keeps them (core/lists/journal.h). Thread: one
/// owner.
class JournalFile {
 public:
  struct Opened {
    std::string failure;  // it cannot be used, and why
    std::string remark;   // what was repaired
  };
  /// Reads the journal at `path`, making it when there is none; what is kept is read anew as values
  /// of `match`. An append that was cut off is taken back, on disk as well.
  Opened open(std::string path, core::lists::Match match);

  /// Keeps the steps, then applies them: on disk first. Empty, or why nothing was kept.
  std::string append(const std::vector<core::lists::Step>& steps);

  const core::lists::Changes& changes() const noexcept { return changes_; }
  core::lists::Match match() const noexcept { return match_; }
  bool expire(std::int64_t now_s) { return changes_.expire(now_s); }
  /// A copy for another thread. Throws std::bad_alloc.
  core::lists::Changes share() { return changes_.share(); }
  /// What such a copy has become, in place of what was there and is answered. Only expiries may have changed
  /// it: those are no steps of the journal.
  core::lists::Changes take(core::lists::Changes expired) {
    return std::exchange(changes_, std::move(expired));
  }

 private:
  std::string compact();

  std::string path_;
  core::lists::Match match_ = core::lists::Match::kExact;
  net::UniqueFd fd_;
  std::size_t size_ = 0;   // of the file
  std::size_t steps_ = 0;  // in the file
  core::lists::Changes changes_;
};

}  // namespace proxy::lists
