#include "proxy/redis/counters.h"

#include <bit>

namespace proxy::redis {

std::string_view name(Failure failure) noexcept {
  constexpr std::string_view kNames[kFailureCount] = {"none", "unavailable", "lost",     "timeout",
                                                      "busy", "refused",     "protocol", "ending"};
  return kNames[static_cast<std::size_t>(failure)];
}

void Counters::count_latency(std::uint64_t us) noexcept {
  const auto bits = static_cast<std::size_t>(us <= 1 ? 0 : std::bit_width(us - 1));
  const std::size_t bucket = bits <= kFirstBit ? 0 : bits - kFirstBit;
  latency[bucket < kBuckets ? bucket : kBuckets - 1].fetch_add(1, std::memory_order_relaxed);
  latency_us.fetch_add(us, std::memory_order_relaxed);
}

}  // namespace proxy::redis
