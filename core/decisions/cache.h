#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/decisions/key.h"

namespace core::decisions {

/// How long a decision is told. All in milliseconds.
struct Lifetime {
  std::uint64_t fresh_ms = 0;  // 0: it is not kept
  std::uint64_t stale_ms = 0;  // behind that: told when there is nothing better
  double jitter = 0;           // 0 to 1: the share of fresh_ms that is taken off at most
};

/// What the cache counts. Sums over its shards.
struct CacheFigures {
  std::uint64_t entries = 0, bytes = 0;
  std::uint64_t hits = 0, stale_hits = 0, misses = 0;
  std::uint64_t insertions = 0, evictions = 0, expirations = 0, deletions = 0;
};

/// Decisions of backends, shared by all workers, bounded in bytes.
///
/// Eviction is S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023):
/// a small queue of newcomers with a tenth of the bytes, a main queue, and the fingerprints of what
/// left the small queue unseen. A sign-up peak is a scan, people who come once; they pass through
/// the small queue and leave the main one alone, where LRU would throw out everybody for them. And
/// a hit moves nothing: it raises a counter of two bits. W-TinyLFU does about as well on such
/// traffic but keeps an LRU list and a sketch that every hit writes to.
///
/// Keys choose a shard, each with a mutex of its own that is held for one look-up and one copy
/// (well under a microsecond), or for one insertion with at most kStepsMax steps of eviction; what
/// is thrown out is freed behind it. A hit is copied into the caller's arena, so entries need no
/// count of who reads them, whose cache line all workers would fight for
/// (benchmarks/micro/decisions_bench.cc has both side by side).
///
/// Time comes in as a value: milliseconds of any clock that does not go back. Thread: any.
class Cache {
 public:
  /// At most `bytes`, tables included. With 0 nothing is ever kept.
  explicit Cache(std::size_t bytes);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  enum class State : std::uint8_t {
    kMissing,
    kFresh,
    kStale,
    kUnresolved,  // nothing to tell, and the backend is not to be asked again yet
  };
  struct Found {
    State state = State::kMissing;
    bool refresh = false;       // kStale: this caller is the one to ask the backend for a new one
    std::string_view decision;  // kFresh, kStale: encoded (encoded.h), in the arena
    std::uint64_t left_ms = 0;  // until it is not fresh any more
  };
  /// What is known under `key`. A stale decision asks one caller for a refresh; if none comes
  /// within kRefreshMs, another. When `arena` cannot hold the copy the result is kMissing. Never
  /// allocates.
  Found find(const Key& key, std::uint64_t now_ms, Arena& arena) noexcept;
  /// The same without any trace of it: for people who inspect.
  Found peek(const Key& key, std::uint64_t now_ms, Arena& arena) const noexcept;

  /// Keeps `decision` (encoded) under `key` instead of what was there. False when it was not kept:
  /// it has no lifetime, is larger than an eighth of a shard, or there was no memory.
  bool put(const Key& key, std::string_view decision, const Lifetime& lifetime,
           std::uint64_t now_ms) noexcept;
  /// The backend could not settle it: until then it is not asked again. A decision that is there,
  /// stale perhaps, stays.
  void put_unresolved(const Key& key, std::uint64_t for_ms, std::uint64_t now_ms) noexcept;

  /// True when there was one.
  bool erase(const Key& key) noexcept;
  void clear() noexcept;

  CacheFigures figures() const noexcept;
  std::size_t bytes_max() const noexcept { return bytes_max_; }

  static constexpr std::uint64_t kRefreshMs = 10'000;
  static constexpr int kStepsMax = 64;

  struct Entry;

 private:
  struct Shard;
  Shard& shard_of(const Key& key) const noexcept;
  Found look(const Key& key, std::uint64_t now_ms, Arena& arena, bool traceless) const noexcept;
  bool insert(const Key& key, std::string_view decision, std::uint64_t fresh_until_ms,
              std::uint64_t stale_until_ms, std::uint64_t unresolved_until_ms,
              std::uint64_t now_ms) noexcept;

  std::size_t bytes_max_;
  std::size_t shard_count_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace core::decisions
