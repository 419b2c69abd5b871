#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proxy::state {

/// Why a store did not do what it was asked.
enum class Failure : std::uint8_t {
  kNone,
  kConflict,     // a record has another version than a write expects
  kTooLarge,     // above the sizes of store.h
  kBusy,         // too much waits already (`queue`)
  kUnavailable,  // cannot be reached, or answers with an error
  kTimeout,      // did not answer in time
  kFull,         // no space on its disk, or in its memory
  kReadOnly,
  kCorrupt,
  kEnding,       // the program ends
};
inline constexpr std::size_t kFailureCount = 10;

/// Its name in metrics, logs and the admin API: "conflict", "unavailable" ...
std::string_view name(Failure failure) noexcept;

inline void count(std::atomic<std::uint64_t>& figure) noexcept { figure.fetch_add(1, std::memory_order_relaxed); }

/// What a store counts. Written by its threads, read by whoever scrapes.
struct Counters {
  using Counter = std::atomic<std::uint64_t>;
  /// Upper bounds are powers of two of microseconds, 16 us to 2^23 us (8.4 s), then +Inf.
  static constexpr std::size_t kBuckets = 21;
  static constexpr std::size_t kFirstBit = 4;
  /// Upper bounds are powers of two, 1 to 4096, then +Inf.
  static constexpr std::size_t kSizes = 14;

  Counter transactions{0};  // made safe together
  Counter commits{0};       // batches that were acknowledged
  Counter reads{0};         // everything else that was answered
  Counter expired{0};       // records that were removed because their time was over
  std::array<Counter, kFailureCount> failures{};
  std::array<Counter, kBuckets> latency{};  // of batches, from commit() to `done`
  Counter latency_us{0};
  std::array<Counter, kSizes> sizes{};  // batches in a transaction
  std::atomic<std::size_t> waiting{0};  // asked and not answered yet
  std::atomic<Failure> health{Failure::kNone};  // of the last transaction

  void count_latency(std::uint64_t us) noexcept;
  void count_transaction(std::size_t batches) noexcept;
  void count_failure(Failure failure) noexcept {
    failures[static_cast<std::size_t>(failure)].fetch_add(1, std::memory_order_relaxed);
  }
};

}  // namespace proxy::state
