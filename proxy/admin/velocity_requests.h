#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/gate/snapshot.h"
#include "core/http/message.h"
#include "proxy/admin/access.h"
#include "proxy/admin/reply.h"
#include "proxy/forward/shared.h"
#include "proxy/state/redis_counters.h"

namespace proxy::admin {

/// `/velocity` of the admin address (docs/velocity.md, "The admin API"): which limits there are, how far
/// one is used by whoever has these claims, and making that nothing again. Claims go to nobody but who
/// asked with them. Thread: its loop's, which waits for a Redis for a few seconds at most.
class VelocityRequests {
 public:
  using Now = std::function<std::shared_ptr<const core::gate::Snapshot>()>;
  /// `now` is the configuration in force.
  /// `machines` has the counters of limits that machines share; null: there are none. It outlives this.
  VelocityRequests(forward::Shared& shared, Now now, Access access, state::RedisCounters* machines = nullptr)
      : shared_(shared), now_(std::move(now)), access_(std::move(access)), machines_(machines) {}

  static bool is_meant(std::string_view path) noexcept { return path == "/velocity"; }
  /// A refusal that the head alone gives rise to.
  std::optional<Reply> refuse(const core::http::Request& request) const;
  /// The answer to a complete request. Throws std::bad_alloc.
  Reply answer(const core::http::Request& request);

 private:
  Reply overview() const;
  Reply look_or_reset(std::string_view query, bool resets);
  std::optional<Reply> reset_shared(const core::velocity::Key& key, bool& was_there);

  forward::Shared& shared_;
  Now now_;
  Access access_;
  state::RedisCounters* machines_;
};

}  // namespace proxy::admin
