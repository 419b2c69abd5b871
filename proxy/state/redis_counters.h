#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/velocity/counters.h"
#include "proxy/redis/link.h"
#include "proxy/state/counters.h"

namespace proxy::state {

/// Sliding windows in a Redis or Valkey, exact over all machines that share it: what
/// core::velocity::Counters is on one. A counter is a list of the times, by the server's clock, of the
/// newest `at_most` things that it has counted, which is all that is needed to say whether one more is
/// over the limit; each question is one script there. Both expire by themselves.
///
/// Keys of counters and requests must be made with one seed by all machines. The link was made with
/// RedisCounters::scripts() among its scripts, and is closed before this is gone. Thread: any; each `done` is
/// called exactly once, on the link's thread, or on the caller's before the call returns.
class RedisCounters {
 public:
  using Done = std::function<void(Failure, core::velocity::Counted)>;
  using ErasedDone = std::function<void(Failure, bool)>;

  /// `prefix` as RedisStoreOptions has it; `timeout_ms` is how long a question may wait.
  RedisCounters(std::shared_ptr<redis::Link> link, const std::string& prefix, std::uint64_t timeout_ms);
  static std::vector<const redis::Script*> scripts();

  /// Counts one more, unless it was counted before. After kTimeout and kUnavailable it may be counted or not.
  void count(const core::velocity::Question& question, Done done);
  /// What was counted has not come to pass: it is taken back once, however often that is said while `request` is
  /// kept in mind. `stamp` is Counted's.
  void take_back(const core::velocity::Key& counter, const core::velocity::Key& request, std::uint32_t stamp,
                 std::function<void(Failure)> done);
  using LookDone = std::function<void(Failure, core::velocity::Look)>;
  void look(const core::velocity::Key& counter, std::uint64_t window_ms, LookDone done);
  /// Forgets a counter. True when there was one.
  void erase(const core::velocity::Key& counter, ErasedDone done);

 private:
  void ask(redis::Command command, std::function<void(Failure, redis::Reply&)> done);
  std::string counter_key(const core::velocity::Key& key) const;
  std::string request_key(const core::velocity::Key& key) const;

  const std::shared_ptr<redis::Link> link_;
  const std::string base_;
  const std::uint64_t timeout_ms_;
};

}  // namespace proxy::state
