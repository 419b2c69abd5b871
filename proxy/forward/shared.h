#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/decisions/cache.h"
#include "core/decisions/key.h"
#include "proxy/forward/flights.h"
#include "proxy/forward/mailbox.h"

namespace proxy::forward {

/// What the workers share when they forward: decisions, the questions under way, and a way to tell
/// each other. Made before the workers and gone after them.
struct Shared {
  Shared(std::size_t cache_bytes, const core::decisions::Seed& key_seed, std::size_t workers)
      : cache(cache_bytes), seed(key_seed) {
    for (std::size_t i = 0; i < workers; ++i) mailboxes.push_back(std::make_unique<Mailbox>());
  }

  core::decisions::Cache cache;
  core::decisions::Seed seed;
  Flights flights;
  std::vector<std::unique_ptr<Mailbox>> mailboxes;  // by worker
};

}  // namespace proxy::forward
