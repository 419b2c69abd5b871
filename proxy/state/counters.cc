#include "proxy/state/counters.h"

#include <algorithm>
#include <bit>

#include "proxy/state/store.h"

namespace proxy::state {

std::string_view name(Failure failure) noexcept {
  switch (failure) {
    case Failure::kNone: return "none";
    case Failure::kConflict: return "conflict";
    case Failure::kTooLarge: return "too_large";
    case Failure::kBusy: return "busy";
    case Failure::kUnavailable: return "unavailable";
    case Failure::kTimeout: return "timeout";
    case Failure::kFull: return "full";
    case Failure::kReadOnly: return "read_only";
    case Failure::kCorrupt: return "corrupt";
    case Failure::kEnding: return "ending";
  }
  return "unknown";
}

void Counters::count_latency(std::uint64_t us) noexcept {
  const auto bits = us == 0 ? 0 : static_cast<std::size_t>(std::bit_width(us - 1));
  const std::size_t bucket = bits <= kFirstBit ? 0 : std::min(bits - kFirstBit, kBuckets - 1);
  latency[bucket].fetch_add(1, std::memory_order_relaxed);
  latency_us.fetch_add(us, std::memory_order_relaxed);
}

void Counters::count_transaction(std::size_t batches) noexcept {
  const auto bits = batches <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(batches - 1));
  sizes[std::min(bits, kSizes - 1)].fetch_add(1, std::memory_order_relaxed);
  transactions.fetch_add(1, std::memory_order_relaxed);
  commits.fetch_add(batches, std::memory_order_relaxed);
}

bool fits(const Batch& batch) noexcept {
  if (batch.writes.size() + batch.appends.size() > kBatchItemsMax) return false;
  const auto small = [](const std::string& text) { return text.size() <= kKeyBytesMax; };
  return std::all_of(batch.writes.begin(), batch.writes.end(),
                     [&](const Write& write) {
                       return small(write.table) && small(write.key) &&
                              write.value.size() <= kValueBytesMax;
                     }) &&
         std::all_of(batch.appends.begin(), batch.appends.end(), [&](const Append& append) {
           return small(append.stream) && small(append.key) && append.value.size() <= kValueBytesMax;
         });
}

}  // namespace proxy::state
