#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "proxy/state/sqlite_database.h"
#include "proxy/state/store.h"

namespace proxy::state {

struct SqliteOptions {
  std::string path;  // empty: memory, gone with the store
  Synchronous synchronous = Synchronous::kFull;
  std::size_t queue_max = 65536;  // asked and not answered; more is kBusy
  std::function<std::int64_t()> now_s;  // Unix time; empty: the system's
};

/// A store in a SQLite database, or in memory. One thread does what it is asked: whatever waits while a
/// transaction is made safe goes into the next one together (group commit), so that the sync of the disk
/// is paid once for all of it. Without load a batch is a transaction of its own.
///
/// The error says why the database cannot be opened, for a person.
core::Result<std::unique_ptr<Store>, std::string> open_sqlite(SqliteOptions options);

}  // namespace proxy::state
