#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/decisions/key.h"

namespace core::velocity {

using decisions::Key;

/// What is asked of a counter. A time is a number of milliseconds of any clock that does not go back.
struct Question {
  Key counter;                 // of the limit and the values that it counts by
  Key request;                 // of the limit and the whole request: the caller's retry has the same
  std::uint64_t window_ms = 0;  // at most kWindowMsMax
  std::uint32_t at_most = 1;    // within any window; at most Counters::at_most_max()
  std::uint64_t repeat_ms = 0;  // for so long `request` is known again; 0: it is not kept in mind
  bool look_for_repeat = false;
  bool counts_when_over = true;  // attempts do; accounts that are not created do not
  bool only_look = false;        // nothing is counted
};

struct Counted {
  bool over = false;
  bool repeated = false;    // it was counted before, and this is what it was told then
  std::uint32_t before = 0;  // within the window before this one, at most Question::at_most; not known
                             // when repeated
  std::uint32_t stamp = 0;   // for take_back(); 0: nothing was counted
};

/// What a counter holds, for people who inspect.
struct Look {
  bool found = false;
  std::uint32_t count = 0;
  std::uint64_t oldest_leaves_ms = 0;  // until the oldest is out of the window
};

/// Sums over the shards.
struct Figures {
  std::uint64_t counters = 0, bytes = 0;  // bytes that hold something
  std::uint64_t evictions = 0;            // counters, or the oldest of one, that there was no room for
  std::uint64_t forgotten_repeats = 0;    // requests that were not kept in mind for their time
};

/// Sliding windows, exact, shared by all workers, bounded in bytes.
///
/// A counter holds the time of each thing it has counted, newest at most `at_most` of them: more are
/// not needed to say whether one more is over the limit. Times are of four bytes in cells of 64 that
/// lie in one block a shard, taken when it is made and never again; a counter takes two cells and one
/// more for each fourteen times. So a key that comes once costs 128 bytes, and an approximation, two
/// counts of fixed windows in one cell, would save half of that and be wrong by up to the limit.
///
/// Without room the counter that was asked longest ago is forgotten: of all it is most likely empty.
/// What a caller's retry would count twice is kept in mind in a quarter of the bytes, the oldest
/// forgotten first.
///
/// Keys choose a shard, each with a mutex of its own that is held for two look-ups and the times that
/// have left the window since it was asked last: as many as were put in, so a constant each.
///
/// Thread: any. Never allocates but in its constructor.
class Counters {
 public:
  /// Times have 32 bits and are compared when a counter is asked: those seen last time, less than a
  /// window old then, are less than two windows old now, which must be less than 2^32 ms.
  static constexpr std::uint64_t kWindowMsMax = std::uint64_t{21} * 24 * 3'600'000;
  static constexpr std::uint32_t kAtMostMax = 100'000;
  /// Less than that holds no counter of kAtMostMax.
  static constexpr std::size_t kBytesMin = 1 << 20;

  /// At most `bytes`, tables included; kBytesMin when it is less. Throws std::bad_alloc. Memory that
  /// holds nothing is not touched.
  explicit Counters(std::size_t bytes);
  ~Counters();
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  /// Counts one more, unless it was counted before. Time does not go back for a counter: what comes
  /// with an older one than the last, from another worker, is counted at the last's.
  Counted count(const Question& question, std::uint64_t now_ms) noexcept;

  /// What was counted has not come to pass: it and its request are forgotten. `stamp` is Counted's.
  void take_back(const Key& counter, const Key& request, std::uint32_t stamp) noexcept;

  Look look(const Key& counter, std::uint64_t window_ms, std::uint64_t now_ms) const noexcept;
  /// Forgets a counter. True when there was one. Requests that it has counted stay counted.
  bool erase(const Key& counter) noexcept;

  Figures figures() const noexcept;
  std::size_t bytes_max() const noexcept { return bytes_max_; }
  /// The largest limit that its shards have room for.
  std::uint32_t at_most_max() const noexcept;

  struct Shard;

 private:
  Shard& shard_of(const Key& key) const noexcept;

  std::size_t bytes_max_;
  std::size_t shard_count_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace core::velocity
