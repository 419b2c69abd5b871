#include "core/lists/set.h"

#include <algorithm>
#include <cstring>
#include <utility>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

namespace core::lists {

Set& Set::operator=(Set&& other) noexcept {
  buckets_ = std::move(other.buckets_);
  bucket_count_ = std::exchange(other.bucket_count_, 0);  // what is left behind is an empty set
  size_ = std::exchange(other.size_, 0);
  hasher_ = other.hasher_;
  return *this;
}

inline bool Set::Bucket::holds(std::uint64_t mark) const noexcept {
#ifdef __SSE4_1__
  const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(mark));
  const auto* const pairs = reinterpret_cast<const __m128i*>(marks);
  const auto equal = [&](int pair) {
    return _mm_cmpeq_epi64(_mm_load_si128(pairs + pair), wanted);
  };
  const __m128i any =
      _mm_or_si128(_mm_or_si128(equal(0), equal(1)), _mm_or_si128(equal(2), equal(3)));
  return _mm_testz_si128(any, any) == 0;
#else
  bool any = false;  // without a way out: the compiler makes vectors of it where there are some
  for (const std::uint64_t held : marks) any |= held == mark;
  return any;
#endif
}

std::optional<Set> Set::over(std::span<const std::byte> buckets, std::size_t size,
                             std::uint64_t seed, std::shared_ptr<const void> owner) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(buckets.data());
  if (buckets.size() % sizeof(Bucket) != 0 || at % alignof(Bucket) != 0) return std::nullopt;
  Set set;
  set.bucket_count_ = buckets.size() / sizeof(Bucket);
  set.size_ = size;
  set.hasher_ = Hasher{seed};
  set.buckets_ = std::shared_ptr<const Bucket>(std::move(owner),
                                               reinterpret_cast<const Bucket*>(buckets.data()));
  std::size_t marks = 0;
  std::size_t ends = 0;  // buckets at which a look-up ends whatever it looks for
  for (std::size_t i = 0; i < set.bucket_count_; ++i) {
    const Bucket& bucket = set.buckets_.get()[i];
    for (const std::uint64_t mark : bucket.marks) marks += mark != 0;
    ends += !bucket.overflowed();
  }
  if (marks != size || (set.bucket_count_ != 0 && ends == 0)) return std::nullopt;
  return set;
}

bool Set::contains(const Hash& hash) const noexcept {
  if (bucket_count_ == 0) return false;
  const std::uint64_t mark = stored(hash.mark);
  // Ends: there are more slots than marks, so some bucket never overflowed.
  for (std::size_t at = home(hash);; at = after(at)) {
    const Bucket& bucket = buckets_.get()[at];
    if (bucket.holds(mark)) return true;
    if (!bucket.overflowed()) return false;
  }
}

std::size_t Set::lines_of_miss(const Hash& hash) const noexcept {
  if (bucket_count_ == 0) return 0;
  std::size_t lines = 1;
  for (std::size_t at = home(hash); buckets_.get()[at].overflowed(); at = after(at)) ++lines;
  return lines;
}

std::size_t Set::Builder::bytes_for(std::size_t capacity) noexcept {
  // At least one bucket, and one more than exactly enough: the load stays below the aim.
  return (capacity / kMarksPerBucket + 1) * sizeof(Bucket);
}

std::optional<Set::Builder> Set::Builder::with_room(std::size_t capacity,
                                                    std::uint64_t seed) noexcept {
  constexpr std::size_t kCapacityMax = std::size_t{1} << 48;  // no machine has that; no overflow
  if (capacity > kCapacityMax) return std::nullopt;
  const std::size_t bytes = bytes_for(capacity);
  void* const raw = ::operator new (bytes, std::align_val_t{alignof(Bucket)}, std::nothrow);
  if (raw == nullptr) return std::nullopt;
  std::memset(raw, 0, bytes);
  std::optional<Builder> builder{Builder{}};
  builder->capacity_ = capacity;
  builder->writing_ = static_cast<Bucket*>(raw);
  try {
    // On an exception of its own the pointer frees what it was to own.
    builder->set_.buckets_ = std::shared_ptr<const Bucket>(
        builder->writing_, [](const Bucket* buckets) noexcept {
          ::operator delete (const_cast<Bucket*>(buckets), std::align_val_t{alignof(Bucket)});
        });
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  builder->set_.bucket_count_ = bytes / sizeof(Bucket);
  builder->set_.hasher_ = Hasher{seed};
  return builder;
}

void Set::Builder::add(const Hash& hash) noexcept {
  Hash& oldest = waiting_[added_ % kWaiting];
  if (added_ >= kWaiting) insert(oldest);
  oldest = hash;
  set_.prefetch(hash);
  ++added_;
}

void Set::Builder::insert(const Hash& hash) noexcept {
  const std::uint64_t mark = stored(hash.mark);
  std::size_t at = set_.home(hash);
  for (;; at = set_.after(at)) {
    Bucket& bucket = writing_[at];
    if (bucket.holds(mark)) return;
    if (!bucket.full()) break;
    if (!bucket.overflowed()) std::swap(bucket.marks[0], bucket.marks[1]);
  }
  if (set_.size_ == capacity_) return;
  Bucket& bucket = writing_[at];
  std::uint64_t* const slot =
      std::find(bucket.marks, bucket.marks + Bucket::kSlots, std::uint64_t{0});
  *slot = mark;
  if (bucket.overflowed()) std::swap(bucket.marks[0], bucket.marks[1]);  // full, none sent on yet
  ++set_.size_;
}

Set Set::Builder::finish() && noexcept {
  for (std::size_t i = added_ - std::min(added_, kWaiting); i < added_; ++i) {
    insert(waiting_[i % kWaiting]);
  }
  added_ = 0;
  capacity_ = 0;
  writing_ = nullptr;
  return std::move(set_);
}

}  // namespace core::lists
