#pragma once

#include "proxy/redis/counters.h"
#include "proxy/redis/reply.h"
#include "proxy/state/counters.h"

namespace proxy::state {

/// What a command's end is to whoever asked the state. `reply` is looked at when the server refused.
Failure failure_of(redis::Failure failure, const redis::Reply& reply) noexcept;

}  // namespace proxy::state
