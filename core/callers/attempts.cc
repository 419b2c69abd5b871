#include "core/callers/attempts.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace core::callers {
namespace {

constexpr std::uint8_t kIpv6Bits = 64;

}  // namespace

Attempts::Attempts(const Options& options)
    : options_(options),
      hasher_(options.seed),
      bucket_count_(std::bit_ceil(std::max<std::size_t>(
          options.failures_max == 0 ? 1 : options.addresses_max / kEntriesPerBucket, 1))),
      buckets_(std::make_unique<Bucket[]>(bucket_count_)) {}

lists::Hash Attempts::hash_of(const Address& address) const noexcept {
  char bytes[17] = {};
  std::size_t size = 1;
  if (address.family != Address::Family::kUnix) {
    lists::Network network = address.network();
    if (!network.is_v4) network = network.cut(kIpv6Bits);
    bytes[0] = network.is_v4 ? 4 : 6;
    for (const std::uint8_t byte : network.bytes) bytes[size++] = static_cast<char>(byte);
  }
  lists::Hash hash = hasher_({bytes, size});
  if (hash.mark == 0) hash.mark = 1;
  return hash;
}

std::uint64_t Attempts::look_up(const Address& address, std::uint64_t now_ms) noexcept {
  const lists::Hash hash = hash_of(address);
  const std::size_t number = hash.place & (bucket_count_ - 1);
  const std::lock_guard lock(locks_[number % kLocks]);
  for (const Entry& entry : buckets_[number].entries) {
    if (entry.mark != hash.mark) continue;
    const std::uint64_t until_ms = entry.began_ms + options_.window_ms;
    return entry.failures >= options_.failures_max && now_ms < until_ms ? until_ms - now_ms : 0;
  }
  return 0;
}

bool Attempts::failed(const Address& address, std::uint64_t now_ms) noexcept {
  if (options_.failures_max == 0) return false;
  const lists::Hash hash = hash_of(address);
  const std::size_t number = hash.place & (bucket_count_ - 1);
  const std::lock_guard lock(locks_[number % kLocks]);
  Entry* chosen = nullptr;
  for (Entry& entry : buckets_[number].entries) {
    if (entry.mark != 0 && now_ms >= entry.began_ms + options_.window_ms) entry = {};
    if (entry.mark == hash.mark) {
      chosen = &entry;
      break;
    }
    if (chosen == nullptr || entry.failures < chosen->failures) chosen = &entry;
  }
  if (chosen->mark != hash.mark) *chosen = {hash.mark, now_ms, 0};
  if (++chosen->failures != options_.failures_max) return false;
  barred_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t until_ms = chosen->began_ms + options_.window_ms;
  std::uint64_t before = barred_until_ms_.load(std::memory_order_relaxed);
  while (before < until_ms &&
         !barred_until_ms_.compare_exchange_weak(before, until_ms, std::memory_order_relaxed)) {
  }
  return true;
}

}  // namespace core::callers
