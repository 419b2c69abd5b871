#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "core/velocity/counters.h"

/// The inside of Counters: one shard, its cells and what it keeps in mind. Nothing here locks but for
/// whoever holds the shard's mutex.
namespace core::velocity {

/// Memory that reads as zeros and whose pages are not there before they are written.
struct FreeZeros {
  void operator()(void* block) const noexcept { std::free(block); }
};
template <typename T>
using Zeros = std::unique_ptr<T[], FreeZeros>;

/// Where a cell or mark is in its array. None is at 0.
using Place = std::uint32_t;

/// A counter: the first of its cells.
struct Counter {
  Key key;
  std::uint64_t last_ms;       // when it was asked last, and the time that its stamps are read at
  Place chain;                 // the next one in its bucket
  Place newer, older;          // in the order in which they were asked
  Place first, last;           // cells of its stamps; 0 when it has none
  std::uint32_t live;          // stamps that were not taken back
  std::uint8_t first_at;       // the oldest stamp in its first cell
  std::uint8_t last_end;       // behind the newest one in its last cell
};

/// Fourteen stamps: the low 32 bits of the time. 0 is one that was taken back.
struct Stamps {
  static constexpr std::uint8_t kCount = 14;
  Place older, newer;
  std::uint32_t at[kCount];
};

union Cell {
  Counter counter;
  Stamps stamps;
  Place next_free;
};
static_assert(sizeof(Cell) == 64, "a cache line");

/// A request that was counted.
struct Mark {
  Key request;
  std::uint64_t until_ms;  // 0: of none
  Place chain;
  std::uint32_t stamp;  // 0: it was told that it is over
};

struct alignas(64) Counters::Shard {
  mutable std::mutex mutex;
  Zeros<Cell> cells;
  Zeros<Place> buckets;
  Zeros<Mark> marks;
  Zeros<Place> mark_buckets;
  Place cell_count = 0, used_cells = 1;  // cells from used_cells on were never taken
  Place free_cell = 0;
  Place mark_count = 0, next_mark = 1;
  std::size_t bucket_mask = 0, mark_mask = 0;
  Place newest = 0, oldest = 0;  // counters
  std::uint64_t counters = 0, taken_cells = 0, evictions = 0, forgotten_repeats = 0;

  void open(std::size_t bytes);

  Counter* find(const Key& key) noexcept;
  Counter& make(const Key& key, std::uint64_t now_ms) noexcept;
  void forget(Place counter) noexcept;
  void touch(Counter& counter) noexcept;

  /// Drops the stamps that are out of the window at `counter.last_ms`.
  void prune(Counter& counter, std::uint64_t window_ms) noexcept;
  void push(Counter& counter, std::uint32_t stamp) noexcept;
  /// The oldest one, taken back or not. There is one.
  void pop_oldest(Counter& counter) noexcept;
  void take_back(Counter& counter, std::uint32_t stamp) noexcept;

  Mark* find_mark(const Key& request, std::uint64_t now_ms) noexcept;
  void keep_in_mind(const Key& request, std::uint32_t stamp, std::uint64_t until_ms,
                    std::uint64_t now_ms) noexcept;
  void unlink(Mark& mark) noexcept;

 private:
  Place take_cell(const Counter* but_not) noexcept;
  void give_back(Place cell) noexcept;
  void give_back_stamps(Counter& counter) noexcept;
  void link(Counter& counter) noexcept;
  void unlink(Counter& counter) noexcept;
  Place place_of(const Counter& counter) const noexcept {
    return static_cast<Place>(reinterpret_cast<const Cell*>(&counter) - cells.get());
  }
  Place& bucket(const Key& key) noexcept {
    return buckets[static_cast<std::size_t>(key.high) & bucket_mask];
  }
  Place& mark_bucket(const Key& key) noexcept {
    return mark_buckets[static_cast<std::size_t>(key.high) & mark_mask];
  }
};

}  // namespace core::velocity
