#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/callers/key_set.h"
#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "proxy/net/uv_handle.h"

namespace proxy::tokens {

/// Where the keys of one authority come from, for both versions of its tokens.
struct KeyAuthority {
  std::string url;     // ends in the tenant
  std::string tenant;
  std::string label;   // for logs and metrics: the URL, or a number where it is a secret
  std::string authorities;  // for its TLS, PEM; empty: those of the system
  std::uint64_t refresh_ms = 24 * 3'600'000;

  /// The same keys, however often they are fetched.
  bool same_source(const KeyAuthority& other) const {
    return url == other.url && authorities == other.authorities;
  }
};

/// Reads the files that `auth.entra` names, in the order of core::config::Config::token_authorities.
/// Mistakes go to `diagnostics`. Blocking.
std::vector<KeyAuthority> resolve_authorities(const core::config::Config& config,
                                              core::config::Source& source,
                                              core::config::Diagnostics& diagnostics);

/// Fetches the keys of callers' tokens and keeps them fresh: at the start, every `refresh`, and when a
/// token names a key that is not there. What cannot be fetched is tried again, the keys at hand stay.
/// Whatever changes, it publishes a new table, which the workers take up between two batches; also when
/// complete() may have become true.
///
/// Documents are fetched on libuv's thread pool, one at a time: the pool has four threads, and lists may hold
/// two of them. Thread: its loop's, but for wake().
class KeyKeeper {
 public:
  using Table = std::shared_ptr<const core::callers::KeyTable>;
  using Publish = std::function<void(const Table&)>;

  static constexpr long kConnectMs = 3'000;
  static constexpr long kDocumentMs = 5'000;  // for each of the two documents
  static constexpr std::uint64_t kRetryMs = 1'000;  // after a failure; doubles
  static constexpr std::uint64_t kRetryMsMax = 60'000;

  KeyKeeper(uv_loop_t& loop, Publish publish);
  KeyKeeper(const KeyKeeper&) = delete;
  KeyKeeper& operator=(const KeyKeeper&) = delete;

  /// Takes up the authorities of a configuration, begins to fetch what is not at hand, and answers the
  /// table to begin with.
  Table take_up(std::vector<KeyAuthority> authorities);
  /// Ends everything; the loop has to turn until it is empty before the keeper goes.
  void stop();

  /// Any thread: a worker has asked for keys (core::callers::KeyRequest).
  void wake() noexcept { uv_async_send(wake_.get()); }

  /// Whether there are keys of each authority's tokens of version 2.0, and those of version 1.0 were tried:
  /// some have none, and say so in different ways. Those of version 1.0 are enough for an authority that
  /// answers 404 for the others; one that does not answer at all may have callers with either.
  bool complete() const noexcept;

  struct State {
    std::string label;  // "https://login.microsoftonline.com/TENANT/v2.0", without /v2.0 for version 1.0
    std::size_t keys;
    double age_s;  // since they were fetched; 0 when there are none
    std::uint64_t failures;
  };
  std::vector<State> states() const;

 private:
  /// One version of an authority. A fetch under way holds it over a reload.
  struct Slot {
    KeyAuthority authority;
    core::callers::TokenVersion version = core::callers::TokenVersion::kV2;
    std::shared_ptr<const core::callers::KeySet> keys;
    std::shared_ptr<core::callers::KeyRequest> request = std::make_shared<core::callers::KeyRequest>();
    std::uint64_t fetched_ms = 0;
    std::uint64_t due_ms = 0;
    std::uint64_t failures = 0;
    unsigned failures_in_a_row = 0;
    std::string last_failure;
    bool absent = false;  // the authority said 404, the last time it was asked

    std::string url() const;
    std::string label() const;
  };
  struct Fetch {
    uv_work_t work;
    KeyKeeper* keeper;
    std::shared_ptr<Slot> slot;
    KeyAuthority authority;  // copies: the slot is the loop's
    std::string url;
    std::shared_ptr<const core::callers::KeySet> keys;
    std::string failure;
    bool absent = false;
  };

  void look_for_work();
  void fetch(std::shared_ptr<Slot> slot);
  void run(Fetch& fetch) const;
  void on_fetched(Fetch& fetch);
  Table table() const;

  uv_loop_t& loop_;
  Publish publish_;
  std::atomic<bool> stop_{false};
  net::UvHandle<uv_async_t> wake_;
  net::UvHandle<uv_timer_t> timer_;
  std::vector<std::shared_ptr<Slot>> slots_;  // by TokenPolicy::slot()
  bool fetching_ = false;
};

}  // namespace proxy::tokens
