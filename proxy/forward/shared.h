#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/decisions/cache.h"
#include "core/decisions/key.h"
#include "core/velocity/counters.h"
#include "proxy/forward/flights.h"
#include "proxy/forward/mailbox.h"

namespace proxy::forward {

/// The clock that decisions and counts of limits are kept by: the same in all workers.
inline std::uint64_t cache_now_ms() noexcept { return uv_hrtime() / 1'000'000; }

/// What the workers share: decisions, what limits have counted, the questions under way, and a way to tell
/// each other. Made before the workers and gone after them.
struct Shared {
  Shared(std::size_t cache_bytes, const core::decisions::Seed& key_seed, std::size_t workers,
         std::size_t counter_bytes = core::velocity::Counters::kBytesMin)
      : cache(cache_bytes), seed(key_seed), counters(counter_bytes) {
    for (std::size_t i = 0; i < workers; ++i) mailboxes.push_back(std::make_unique<Mailbox>());
  }

  core::decisions::Cache cache;
  core::decisions::Seed seed;
  core::velocity::Counters counters;
  Flights flights;
  std::vector<std::unique_ptr<Mailbox>> mailboxes;  // by worker
};

}  // namespace proxy::forward
