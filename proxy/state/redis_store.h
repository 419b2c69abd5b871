#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "proxy/redis/link.h"
#include "proxy/state/store.h"

namespace proxy::state {

/// Bytes of commands that its link holds at most, of the store and of whoever else asks there; more is kBusy.
inline constexpr std::size_t kLinkBytesMax = 32 << 20;
/// Of one answer, but for what one record or entry has more. It is held twice while it is taken apart.
inline constexpr std::size_t kRedisPageBytes = 8 << 20;

struct RedisStoreOptions {
  std::string prefix = "claimgate";   // of all keys, in braces: "{claimgate}:..."
  std::uint64_t timeout_ms = 1'000;   // of one question
  std::size_t queue_max = 65536;      // asked and not answered; more is kBusy
};

/// A store in a Redis or Valkey (6.2 or newer) that several machines share: what one has committed the
/// others see. A batch is one script there, all or nothing. How safe what was acknowledged is, the
/// server's configuration says (docs/state.md).
///
/// The link was made with redis_scripts::all() among its scripts; it may have other users, and is closed
/// behind the store. Throws std::bad_alloc.
std::unique_ptr<Store> make_redis_store(std::shared_ptr<redis::Link> link, RedisStoreOptions options);

}  // namespace proxy::state
