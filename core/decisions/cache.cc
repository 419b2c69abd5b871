#include "core/decisions/cache.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

namespace core::decisions {
namespace {

constexpr std::size_t kShardsMax = 64;
constexpr std::size_t kShardBytesMin = 256 << 10;
constexpr std::size_t kUsualEntryBytes = 256;  // sizes the tables; more or smaller ones still work
constexpr std::size_t kMallocBytes = 16;       // what the allocator keeps beside a block
constexpr std::uint8_t kSeenMost = 3;          // a counter of two bits, as in the paper
constexpr std::size_t kSmallShare = 10;        // a tenth of the bytes is for newcomers

}  // namespace

/// One decision, in one block with its bytes behind it.
struct Cache::Entry {
  Key key;
  Entry* chain;          // the next one in its bucket
  Entry *newer, *older;  // neighbours in its queue
  std::uint64_t fresh_until_ms, stale_until_ms, unresolved_until_ms, refresh_at_ms;
  std::uint32_t size;  // of the decision
  std::uint8_t seen;   // hits, up to kSeenMost
  bool in_main;

  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::string_view decision() noexcept { return {bytes(), size}; }
  static std::size_t cost_of(std::size_t size) noexcept {
    return ((sizeof(Entry) + size + 15) & ~std::size_t{15}) + kMallocBytes;
  }
  std::size_t cost() const noexcept { return cost_of(size); }
  bool is_dead(std::uint64_t now_ms) const noexcept {
    return now_ms >= stale_until_ms && now_ms >= fresh_until_ms && now_ms >= unresolved_until_ms;
  }
};

namespace {

struct Queue {
  Cache::Entry* newest = nullptr;
  Cache::Entry* oldest = nullptr;
  std::size_t bytes = 0;
  std::size_t count = 0;

  void push(Cache::Entry* entry) noexcept {
    entry->older = newest;
    entry->newer = nullptr;
    (newest != nullptr ? newest->newer : oldest) = entry;
    newest = entry;
    bytes += entry->cost();
    ++count;
  }
  void remove(Cache::Entry* entry) noexcept {
    (entry->newer != nullptr ? entry->newer->older : newest) = entry->older;
    (entry->older != nullptr ? entry->older->newer : oldest) = entry->newer;
    bytes -= entry->cost();
    --count;
  }
};

/// Fingerprints of what left the small queue unseen. A place holds one; a newer one takes it.
struct Ghost {
  std::uint32_t fingerprint = 0;
  std::uint32_t at = 0;  // the number of the eviction, to tell old from new
};

}  // namespace

struct alignas(64) Cache::Shard {
  mutable std::mutex mutex;
  std::size_t bytes_max = 0;
  std::size_t mask = 0;  // of the bucket's number
  std::vector<Entry*> buckets;
  std::vector<Ghost> ghosts;
  Queue small, main;
  std::uint32_t evictions_from_small = 0;
  CacheFigures figures;  // entries and bytes are those of the queues

  /// Which bucket: the bits above those that chose the shard.
  std::size_t bucket(const Key& key) const noexcept {
    return static_cast<std::size_t>(key.high) & mask;
  }
  Entry* find(const Key& key) const noexcept {
    for (Entry* at = buckets[bucket(key)]; at != nullptr; at = at->chain) {
      if (at->key == key) return at;
    }
    return nullptr;
  }
  Queue& queue_of(const Entry* entry) noexcept { return entry->in_main ? main : small; }
  std::size_t bytes() const noexcept { return small.bytes + main.bytes; }

  /// Takes it out of everything; the caller frees it.
  void unlink(Entry* entry) noexcept {
    Entry** at = &buckets[bucket(entry->key)];
    while (*at != entry) at = &(*at)->chain;
    *at = entry->chain;
    queue_of(entry).remove(entry);
  }

  Ghost& ghost_of(const Key& key) noexcept {
    return ghosts[static_cast<std::size_t>(key.high) & (ghosts.size() - 1)];
  }
  static std::uint32_t fingerprint_of(const Key& key) noexcept {
    return static_cast<std::uint32_t>(key.low >> 32U) | 1U;  // 0 is an empty place
  }
  void remember_leaving(const Key& key) noexcept {
    ghost_of(key) = {fingerprint_of(key), ++evictions_from_small};
  }
  /// True for a key that left the small queue not longer ago than the main queue has entries.
  bool left_recently(const Key& key) noexcept {
    const Ghost& ghost = ghost_of(key);
    return ghost.fingerprint == fingerprint_of(key) &&
           evictions_from_small - ghost.at < std::max<std::size_t>(main.count, 16);
  }

  /// Makes room, at most kStepsMax steps; what leaves is chained in `gone`.
  void make_room(std::uint64_t now_ms, Entry*& gone) noexcept {
    const auto leave = [&](Entry* entry, bool dead) {
      unlink(entry);
      entry->chain = gone;
      gone = entry;
      ++(dead ? figures.expirations : figures.evictions);
    };
    int second_chances = kStepsMax;
    while (bytes() > bytes_max) {
      const bool from_small = main.oldest == nullptr || small.bytes * kSmallShare > bytes_max;
      Entry* const entry = from_small && small.oldest != nullptr ? small.oldest : main.oldest;
      if (entry == nullptr) return;
      if (entry->is_dead(now_ms)) {
        leave(entry, true);
      } else if (!entry->in_main) {
        if (entry->seen > 0) {
          small.remove(entry);
          entry->in_main = true;
          entry->seen = 0;
          main.push(entry);
        } else {
          remember_leaving(entry->key);
          leave(entry, false);
        }
      } else if (entry->seen > 0 && second_chances-- > 0) {
        --entry->seen;
        main.remove(entry);
        main.push(entry);
      } else {
        leave(entry, false);
      }
    }
  }
};

Cache::Cache(std::size_t bytes) : bytes_max_(bytes) {
  shard_count_ = std::bit_floor(std::clamp<std::size_t>(bytes / kShardBytesMin, 1, kShardsMax));
  shards_ = std::make_unique<Shard[]>(shard_count_);
  for (std::size_t i = 0; i < shard_count_; ++i) {
    Shard& shard = shards_[i];
    const std::size_t share = bytes / shard_count_;
    const std::size_t usual = std::bit_ceil(std::max<std::size_t>(share / kUsualEntryBytes, 8));
    shard.buckets.assign(usual, nullptr);
    shard.mask = usual - 1;
    shard.ghosts.assign(usual, {});
    const std::size_t tables = usual * (sizeof(Entry*) + sizeof(Ghost));
    shard.bytes_max = share > tables ? share - tables : 0;
  }
}

Cache::~Cache() { clear(); }

Cache::Shard& Cache::shard_of(const Key& key) const noexcept {
  return shards_[static_cast<std::size_t>(key.low) & (shard_count_ - 1)];
}

Cache::Found Cache::look(const Key& key, std::uint64_t now_ms, Arena& arena,
                         bool traceless) const noexcept {
  Shard& shard = shard_of(key);
  Found found;
  const std::lock_guard lock(shard.mutex);
  Entry* const entry = shard.find(key);
  CacheFigures& figures = shard.figures;
  if (entry == nullptr) {
    if (!traceless) ++figures.misses;
    return found;
  }
  if (now_ms < entry->fresh_until_ms) {
    found.state = State::kFresh;
    found.left_ms = entry->fresh_until_ms - now_ms;
  } else if (now_ms < entry->stale_until_ms) {
    found.state = State::kStale;
    found.refresh = now_ms >= entry->refresh_at_ms && now_ms >= entry->unresolved_until_ms;
  } else {
    if (now_ms < entry->unresolved_until_ms) found.state = State::kUnresolved;
    if (!traceless) ++figures.misses;
    return found;
  }
  found.decision = arena.copy(entry->decision());
  if (found.decision.data() == nullptr) return {};
  if (traceless) return found;
  if (found.refresh) entry->refresh_at_ms = now_ms + kRefreshMs;
  if (entry->seen < kSeenMost) ++entry->seen;
  ++(found.state == State::kFresh ? figures.hits : figures.stale_hits);
  return found;
}

Cache::Found Cache::find(const Key& key, std::uint64_t now_ms, Arena& arena) noexcept {
  return look(key, now_ms, arena, false);
}

Cache::Found Cache::peek(const Key& key, std::uint64_t now_ms, Arena& arena) const noexcept {
  return look(key, now_ms, arena, true);
}

bool Cache::put(const Key& key, std::string_view decision, const Lifetime& lifetime,
                std::uint64_t now_ms) noexcept {
  if (lifetime.fresh_ms == 0 && lifetime.stale_ms == 0) return false;
  // Entries that were made together do not end together. The key's bits and the time are random
  // enough for that, and nothing else here is.
  std::uint64_t bits = (key.low ^ now_ms) * 0x9E3779B97F4A7C15;
  bits ^= bits >> 32U;
  const double share = static_cast<double>(bits >> 40U) / static_cast<double>(1U << 24U);
  const auto shorter =
      static_cast<std::uint64_t>(static_cast<double>(lifetime.fresh_ms) * lifetime.jitter * share);
  const std::uint64_t fresh_until_ms = now_ms + lifetime.fresh_ms - shorter;
  return insert(key, decision, fresh_until_ms, fresh_until_ms + lifetime.stale_ms, 0, now_ms);
}

bool Cache::insert(const Key& key, std::string_view decision, std::uint64_t fresh_until_ms,
                   std::uint64_t stale_until_ms, std::uint64_t unresolved_until_ms,
                   std::uint64_t now_ms) noexcept {
  Shard& shard = shard_of(key);
  const std::size_t cost = Entry::cost_of(decision.size());
  if (cost > shard.bytes_max / 8) return false;
  void* const block = std::malloc(sizeof(Entry) + decision.size());
  if (block == nullptr) return false;
  auto* const entry = new (block) Entry{};
  entry->key = key;
  entry->fresh_until_ms = fresh_until_ms;
  entry->stale_until_ms = stale_until_ms;
  entry->unresolved_until_ms = unresolved_until_ms;
  entry->size = static_cast<std::uint32_t>(decision.size());
  if (!decision.empty()) std::memcpy(entry->bytes(), decision.data(), decision.size());
  Entry* gone = nullptr;
  {
    const std::lock_guard lock(shard.mutex);
    if (Entry* const old = shard.find(key)) {
      entry->in_main = old->in_main;  // it takes the old one's place and standing
      entry->seen = old->seen;
      shard.unlink(old);
      old->chain = gone;
      gone = old;
    } else {
      entry->in_main = shard.left_recently(key);
    }
    Entry*& bucket = shard.buckets[shard.bucket(key)];
    entry->chain = bucket;
    bucket = entry;
    shard.queue_of(entry).push(entry);
    ++shard.figures.insertions;
    shard.make_room(now_ms, gone);
  }
  while (gone != nullptr) {
    Entry* const next = gone->chain;
    std::free(gone);
    gone = next;
  }
  return true;
}

void Cache::put_unresolved(const Key& key, std::uint64_t for_ms, std::uint64_t now_ms) noexcept {
  if (for_ms == 0) return;
  {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (Entry* const entry = shard.find(key)) {
      entry->unresolved_until_ms = now_ms + for_ms;
      return;
    }
  }
  static_cast<void>(insert(key, {}, 0, 0, now_ms + for_ms, now_ms));
}

bool Cache::erase(const Key& key) noexcept {
  Shard& shard = shard_of(key);
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(shard.mutex);
    entry = shard.find(key);
    if (entry == nullptr) return false;
    shard.unlink(entry);
    ++shard.figures.deletions;
  }
  std::free(entry);
  return true;
}

void Cache::clear() noexcept {
  for (std::size_t i = 0; i < shard_count_; ++i) {
    Shard& shard = shards_[i];
    Entry* gone = nullptr;
    {
      const std::lock_guard lock(shard.mutex);
      for (Queue* const queue : {&shard.small, &shard.main}) {
        for (Entry* at = queue->oldest; at != nullptr; at = at->newer) {
          at->chain = gone;
          gone = at;
          ++shard.figures.deletions;
        }
        *queue = {};
      }
      std::fill(shard.buckets.begin(), shard.buckets.end(), nullptr);
    }
    while (gone != nullptr) {
      Entry* const next = gone->chain;
      std::free(gone);
      gone = next;
    }
  }
}

CacheFigures Cache::figures() const noexcept {
  CacheFigures sum;
  for (std::size_t i = 0; i < shard_count_; ++i) {
    const Shard& shard = shards_[i];
    const std::lock_guard lock(shard.mutex);
    const CacheFigures& one = shard.figures;
    sum.entries += shard.small.count + shard.main.count;
    sum.bytes += shard.bytes();
    sum.hits += one.hits;
    sum.stale_hits += one.stale_hits;
    sum.misses += one.misses;
    sum.insertions += one.insertions;
    sum.evictions += one.evictions;
    sum.expirations += one.expirations;
    sum.deletions += one.deletions;
  }
  return sum;
}

}  // namespace core::decisions
