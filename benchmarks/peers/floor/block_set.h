#pragma once

#include <absl/container/flat_hash_set.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace peers {

/// A blocked list: the file's text as it is, and a Swiss table of views into it, so that a miss is
/// one cache line of control bytes. Read-only once loaded. Thread: any.
class BlockSet {
 public:
  /// One entry a line, already lower case. Nothing when the file cannot be read.
  static std::optional<BlockSet> load(const std::string& path);

  bool contains(std::string_view value) const noexcept { return entries_.contains(value); }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  std::unique_ptr<std::string> text_;  // at a fixed address: the entries point into it
  absl::flat_hash_set<std::string_view> entries_;
};

}  // namespace peers
