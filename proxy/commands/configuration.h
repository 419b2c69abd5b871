#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/gate/snapshot.h"
#include "proxy/lists/keeper.h"
#include "proxy/tls_listeners.h"
#include "proxy/tokens/key_keeper.h"
#include "proxy/upstream/options.h"

namespace proxy::commands {

/// How the process ends; documented in docs/operation.md.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // at run time: an address in use, say
  kExitUsage = 2,        // command line or configuration; nothing was opened
  kExitTestsFailed = 3,  // `check`: the configuration's own tests, or too few of them
  kExitCutOff = 4,       // the drain time-out passed with requests unfinished
  kExitDiffers = 5,      // `replay`: two configurations decide differently
  kExitSystemCall = 6,   // it made a system call that `process.seccomp` does not let through
};

/// A configuration read from its files. `snapshot` is null when it has mistakes.
struct Configuration {
  core::config::Config config;
  core::config::Diagnostics diagnostics;
  std::shared_ptr<const core::gate::Snapshot> snapshot;
  std::shared_ptr<const core::lists::Table> lists;  // as their sources have them
  std::vector<lists::Source> sources;               // of each
  std::vector<TlsListener> tls;
  std::shared_ptr<const net::CallerTrust> trust;  // null: no connector wants certificates
  std::vector<tokens::KeyAuthority> token_authorities;  // of callers' tokens
  std::shared_ptr<const upstream::BackendList> backends;  // null when one has mistakes
  std::shared_ptr<const net::TlsContext> redis_tls;       // of `state: { redis: rediss://... }`; null: none
  std::size_t workers = 1;  // the number that `workers: 0` stands for, at least 1
};

/// Reads and compiles `path`, for `workers` workers instead of what it says unless that is 0: their
/// number does not change while the process runs. Hashes that a caller could aim at get a new
/// random key. `serving` keeps copies of fetched lists, where the configuration says. Blocks while
/// lists are fetched; not for long once `stop` is true.
/// `tickets` has the keys that listeners go on with; null: they get new ones.
Configuration read_configuration(const std::string& path, std::size_t workers = 0,
                                 bool serving = false, const std::atomic<bool>* stop = nullptr,
                                 TicketBook* tickets = nullptr);

/// 64 bits from the kernel's random generator.
std::uint64_t random_seed();

}  // namespace proxy::commands
