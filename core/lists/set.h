#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include "core/lists/hash.h"

// A set of texts that remembers fingerprints
//
// The problem. A list holds up to ten million addresses and is asked two or three times a request,
// in caches that the kernel has just walked through: what a look-up costs is the cache lines it
// touches. Most answers are "not in the list".
//
// Ways considered, for 1.1 million entries (docs/performance.md):
//   tables and trees of strings (Lua, HAProxy)   389 and 268 MiB; a miss follows pointers
//   texts in one block, control bytes, offsets   51 MiB; a miss is one line, a hit three
//   this: 64 bits of a keyed hash                13.4 MiB; a miss is 1.1 lines, a hit 1.03
// A look-up takes 4 ns in warm caches, and 40 ns when a million different values are asked of a
// million entries (benchmarks/micro/lists_bench.cc; AMD EPYC 2.6 GHz, g++ 12.2 -O3).
//
// The layout. A bucket is one cache line: eight fingerprints ("marks") of 64 bits, filled from the
// front, 0 where it is empty. One half of a 128-bit hash is the mark, the other chooses the bucket
// by a multiplication, so the number of buckets need not be a power of two. A full bucket sends
// the next one to its neighbour. Probing "until a bucket with room" would make full buckets dear
// for misses; so a full bucket also says whether it ever sent one on, by the order of its first
// two marks (descending: it did), which costs no memory. Five marks a bucket at most (load 0.625,
// 12.8 bytes an entry) leave 8 misses of 100 with a second line; measured over two million entries:
//   marks a bucket   bytes an entry   lines a miss   without the order   lines a hit
//        6.4             10.0            1.90             2.28              1.15
//        6               10.7            1.48             1.74              1.10
//        5               12.8            1.12             1.22              1.03
//
// What forgetting the texts means. A text that is not in the set is taken for one that is when its
// mark equals one of those in the bucket it falls into. Place and mark are independent, so the
// chance is the marks compared over 2^64: 5.6 / 2^64 or 3e-19 a look-up, however many entries the
// set has. Ten thousand look-ups a second, year in, year out, answer wrongly once in ten million
// years. More than 8 % of memory modules show an error within one year (Schroeder, Pinheiro, Weber,
// "DRAM errors in the wild", 2009), and where no ECC corrects it a flipped bit answers just as
// wrongly: long before the hash errs, the memory that holds it does. The key is random and stays in
// the process, so nobody can search for such a text outside it, and a trial against the proxy is
// one of 3e18. Two entries that share a bucket and a mark would be counted as one; both are still
// found. Keeping the texts would cost four times the memory and one more line for each hit, to rule
// out what never happens; and a set without them holds no address that a core dump could give away.
//
// Besides its buckets a set is a seed and two numbers, and the buckets hold no pointer: they are
// written to a file as they are and mapped again (compiled.h). The byte order is the machine's.
namespace core::lists {

/// Immutable once built. An empty set (also a default-constructed one) contains nothing.
/// Thread: any.
class Set {
 public:
  class Builder;

  Set() = default;
  Set(Set&& other) noexcept { *this = std::move(other); }
  Set& operator=(Set&& other) noexcept;

  /// A set over buckets that another one gave (bucket_bytes()), kept alive by `owner`; nothing when
  /// they cannot be such: their number or alignment is wrong, they do not hold `size` marks, or a
  /// look-up in them might not end. Reads all of them.
  static std::optional<Set> over(std::span<const std::byte> buckets, std::size_t size,
                                 std::uint64_t seed, std::shared_ptr<const void> owner) noexcept;
  std::span<const std::byte> bucket_bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(buckets_.get()), bytes()};
  }

  /// A look-up in steps, for callers with several to do: hash all, prefetch all, then ask.
  Hash hash(std::string_view text) const noexcept { return hasher_(text); }
  void prefetch(const Hash& hash) const noexcept {
    if (bucket_count_ != 0) __builtin_prefetch(buckets_.get() + home(hash));
  }
  /// `hash` is this set's own: sets with different seeds do not understand each other.
  bool contains(const Hash& hash) const noexcept;
  bool contains(std::string_view text) const noexcept { return contains(hash(text)); }

  /// The cache lines that a look-up of `hash` reads when it is not in the set: the measure that
  /// the layout is made for. For tests and benchmarks.
  std::size_t lines_of_miss(const Hash& hash) const noexcept;

  std::size_t size() const noexcept { return size_; }
  /// Bytes of the buckets, on the heap or in a mapped file.
  std::size_t bytes() const noexcept { return bucket_count_ * sizeof(Bucket); }

  /// Marks a bucket is meant to hold; the eight slots beyond it are for chance.
  static constexpr std::size_t kMarksPerBucket = 5;
  static constexpr std::size_t kBucketBytes = 64;

 private:
  struct alignas(kBucketBytes) Bucket {
    static constexpr std::size_t kSlots = 8;
    std::uint64_t marks[kSlots];

    bool full() const noexcept { return marks[kSlots - 1] != 0; }
    /// True when a mark that belongs here may be in the next bucket.
    bool overflowed() const noexcept { return full() && marks[0] > marks[1]; }
    bool holds(std::uint64_t mark) const noexcept;
  };
  static_assert(sizeof(Bucket) == kBucketBytes, "a bucket is a cache line");

  std::size_t home(const Hash& hash) const noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((static_cast<Wide>(hash.place) * bucket_count_) >> 64);
  }
  std::size_t after(std::size_t bucket) const noexcept {
    return bucket + 1 == bucket_count_ ? 0 : bucket + 1;
  }
  /// 0 says "empty": the texts that hash to it share the mark 1.
  static std::uint64_t stored(std::uint64_t mark) noexcept { return mark == 0 ? 1 : mark; }

  std::shared_ptr<const Bucket> buckets_;  // the first of them
  std::size_t bucket_count_ = 0;
  std::size_t size_ = 0;
  Hasher hasher_{0};
};

/// Fills a set. Thread: one owner.
class Set::Builder {
 public:
  /// Room for `capacity` different texts; nothing when there is no memory for it. Never throws.
  static std::optional<Builder> with_room(std::size_t capacity, std::uint64_t seed) noexcept;
  /// The bytes that with_room(capacity) takes.
  static std::size_t bytes_for(std::size_t capacity) noexcept;

  Hash hash(std::string_view text) const noexcept { return set_.hash(text); }
  /// Adds what is not there yet. Once `capacity` different texts are held, others are ignored.
  void add(const Hash& hash) noexcept;
  void add(std::string_view text) noexcept { add(hash(text)); }
  /// The set. The builder is used up.
  Set finish() && noexcept;

 private:
  Builder() = default;
  void insert(const Hash& hash) noexcept;

  // Every new mark falls into a line that is far away. Sixteen wait here while their lines come,
  // which halves the time to read a file of a million lines.
  static constexpr std::size_t kWaiting = 16;
  Hash waiting_[kWaiting] = {};
  std::size_t added_ = 0;
  std::size_t capacity_ = 0;
  Bucket* writing_ = nullptr;  // the set's buckets, while they may change
  Set set_;
};

}  // namespace core::lists
