#pragma once

#include <vector>

#include "proxy/redis/command.h"

/// What a store runs inside Redis. A script is one step there: nobody sees half of it.
///
/// Under "{PREFIX}:", so that all of it lies in one slot:
///   n           the last number that was given out, to a version or an entry: at least the microseconds
///               of the server's clock, so that a server which has lost its last second (appendfsync
///               everysec, a failover) gives no number twice
///   r:T:k       a record: "VERSION EXPIRES\nvalue"; T is the table behind its size, "5:guest"; expires
///               by itself
///   i:table     the keys of a table, a sorted set: for scan()
///   x           "T:k" by the second at which it expires, a sorted set: what i is purged by
///   s:stream    entries with the ids NUMBER-0
namespace proxy::state::redis_scripts {

extern const redis::Script kCommit, kScan, kReadStream, kTrim, kMeasure, kPurge;

/// All of them, to be loaded with each connection.
std::vector<const redis::Script*> all();

/// How many records kPurge looks at.
inline constexpr int kPurgedMax = 500;

}  // namespace proxy::state::redis_scripts
