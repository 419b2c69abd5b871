#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "core/callers/address.h"
#include "core/lists/hash.h"

namespace core::callers {

/// Who has shown wrong credentials how often: whoever does so `failures_max` times within a window is
/// refused until it ends, whatever it shows, so that guessing is slow. IPv6 callers are counted by
/// their /64, which is what one customer is given (RFC 6177).
///
/// The table has a fixed size. Each address has its place in one bucket of eight, chosen by a keyed
/// hash; when all eight are taken, the one with the fewest failures makes room. So a flood of
/// addresses costs no memory, and lets others off sooner at worst.
/// Thread: any. Nobody who asks barred_ms() takes a lock while nobody is barred.
class Attempts {
 public:
  struct Options {
    std::uint32_t failures_max = 100;  // 0: nobody is counted
    std::uint64_t window_ms = 60'000;
    std::size_t addresses_max = 16'384;
    std::uint64_t seed = 0;  // random, so that nobody chooses addresses that share a bucket
  };
  explicit Attempts(const Options& options);

  /// How long `address` is refused still, in milliseconds; 0 when it is not. `now_ms` is of any clock
  /// that does not go back, the same for all calls.
  std::uint64_t barred_ms(const Address& address, std::uint64_t now_ms) noexcept {
    if (now_ms >= barred_until_ms_.load(std::memory_order_relaxed)) [[likely]] return 0;
    return look_up(address, now_ms);
  }
  /// Counts a failure. True when the address has just been barred.
  bool failed(const Address& address, std::uint64_t now_ms) noexcept;

  /// Times an address was barred.
  std::uint64_t barred() const noexcept { return barred_.load(std::memory_order_relaxed); }
  /// Bytes of the table, for the memory bound.
  std::size_t bytes() const noexcept { return bucket_count_ * sizeof(Bucket); }

 private:
  struct Entry {
    std::uint64_t mark = 0;  // of the address; 0: free
    std::uint64_t began_ms = 0;
    std::uint32_t failures = 0;
  };
  static constexpr std::size_t kEntriesPerBucket = 8;
  static constexpr std::size_t kLocks = 16;
  struct Bucket {
    std::array<Entry, kEntriesPerBucket> entries;
  };
  std::uint64_t look_up(const Address& address, std::uint64_t now_ms) noexcept;
  lists::Hash hash_of(const Address& address) const noexcept;

  const Options options_;
  const lists::Hasher hasher_;
  std::size_t bucket_count_;  // a power of two
  std::unique_ptr<Bucket[]> buckets_;
  std::array<std::mutex, kLocks> locks_;
  std::atomic<std::uint64_t> barred_{0};
  std::atomic<std::uint64_t> barred_until_ms_{0};  // nobody is barred from then on
};

}  // namespace core::callers
