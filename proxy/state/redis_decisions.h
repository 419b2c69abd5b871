#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/decisions/key.h"
#include "core/secret.h"
#include "proxy/forward/second_level.h"
#include "proxy/forward/shared.h"
#include "proxy/redis/link.h"
#include "proxy/state/store.h"

namespace proxy::state {

struct RedisDecisionsOptions {
  std::string prefix = "claimgate";  // as RedisStoreOptions has it
  std::uint64_t wait_ms = 50;        // of a look-up
  std::uint64_t timeout_ms = 500;    // of what nobody waits for
  std::vector<std::string> keys;     // of the state: the first encrypts, all decrypt
};

/// Decisions in a Redis or Valkey, under "{PREFIX}:d:GENERATION:KEY", each sealed (AES-256-GCM under a key that is
/// derived of the state's and of its name) and gone by itself when its time is over. Keys have to be made with one
/// seed by all machines.
///
/// Forgetting reaches the others by a stream of the store that each reads four times a second; all of them are
/// forgotten by another generation. A machine that has not read it for kUnreadMsMax forgets what it remembers itself,
/// since it may have missed something, and what is in the stream is kept twice as long.
///
/// Thread: any. The link and the store are closed before this goes.
class RedisDecisions final : public forward::SecondLevel {
 public:
  static constexpr std::uint64_t kReadEveryMs = 250;
  static constexpr std::uint64_t kUnreadMsMax = 5 * 60'000;
  static constexpr std::size_t kForgottenMax = 1000;  // keys of one forget()
  using Done = std::function<void(Failure)>;

  RedisDecisions(std::shared_ptr<redis::Link> link, Store& store, forward::Shared& shared,
                 RedisDecisionsOptions options);
  /// Begins to read what others forget.
  void start();

  bool ready() const noexcept override;
  void find(const core::gate::Asked& asked,
            std::function<void(std::shared_ptr<const forward::Landing>)> done) override;
  void keep(const core::decisions::Key& key, std::string_view decision,
            const core::decisions::Lifetime& lifetime) noexcept override;
  void keep_unresolved(const core::decisions::Key& key, std::uint64_t for_ms) noexcept override;

  /// Makes all machines forget what they have under `keys`, at most kForgottenMax. kNone: it is gone from the Redis,
  /// and the others will see it.
  void forget(const std::vector<core::decisions::Key>& keys, Done done);
  void forget_all(Done done);

  struct Figures {
    std::atomic<std::uint64_t> hits{0}, misses{0}, late{0}, unreadable{0};  // of look-ups
    std::atomic<std::uint64_t> kept{0}, not_kept{0};
    std::atomic<std::uint64_t> forgotten{0};  // that others, or we, have asked for
    std::atomic<std::uint64_t> missed{0};     // times that all was forgotten because nothing had been read for long
  };
  const Figures& figures() const noexcept { return figures_; }

 private:
  struct Lookup;
  struct Value {
    bool unresolved = false;
    std::uint64_t fresh_ms = 0, stale_ms = 0;
    std::string decision;
  };
  std::string name_of(const core::decisions::Key& key) const;
  void put(const core::decisions::Key& key, Value value) noexcept;
  bool seal(const std::string& name, const Value& value, std::string& sealed) const;
  bool open(const std::string& name, std::string_view sealed, std::uint64_t left_ms, Value& value) const;
  void finish(Lookup& lookup);

  // The link's thread.
  void read_on();
  void begin();
  void take_up(Failure failure, const std::vector<Entry>& entries);
  void read_generation();
  void forget_here(std::string_view keys);

  const std::shared_ptr<redis::Link> link_;
  Store& store_;
  forward::Shared& shared_;
  RedisDecisionsOptions options_;  // without its keys
  const std::string base_;
  std::vector<core::Secret> keys_;
  std::atomic<std::uint64_t> generation_{0};  // 0: not known
  Figures figures_;
  // The link's thread.
  bool reading_ = false;
  bool begun_ = false;
  std::uint64_t read_up_to_ = 0;
  std::uint64_t read_ms_ = 0;  // when it was read last
};

}  // namespace proxy::state
