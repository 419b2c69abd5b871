#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/gate/snapshot.h"
#include "core/http/message.h"
#include "proxy/admin/access.h"
#include "proxy/admin/reply.h"
#include "proxy/forward/shared.h"
#include "proxy/state/redis_decisions.h"

namespace proxy::admin {

/// `/decisions` of the admin address (docs/forwarding.md, "The admin API"): which decisions are
/// remembered, and under whose claims; forgetting and preloading them. Claims go to nobody but who
/// asked with them. Thread: its loop's.
class DecisionRequests {
 public:
  using Now = std::function<std::shared_ptr<const core::gate::Snapshot>()>;
  /// `now` is the configuration in force; `machines` has the decisions that machines share, and is null where they
  /// share none. It outlives this.
  DecisionRequests(forward::Shared& shared, Now now, Access access, state::RedisDecisions* machines = nullptr)
      : shared_(shared), now_(std::move(now)), access_(std::move(access)), machines_(machines) {}

  static bool is_meant(std::string_view path) noexcept { return path == "/decisions"; }
  /// A refusal that the head alone gives rise to.
  std::optional<Reply> refuse(const core::http::Request& request) const;
  /// The answer to a complete request. Throws std::bad_alloc.
  Reply answer(const core::http::Request& request);

 private:
  Reply overview() const;
  Reply look_or_delete(std::string_view query, bool deletes);
  Reply preload(std::string_view body);
  Reply forget(const std::vector<core::decisions::Key>& keys);
  Reply forget_all();
  Reply forgotten(std::size_t here, const std::function<void(state::RedisDecisions::Done)>& elsewhere);

  forward::Shared& shared_;
  Now now_;
  Access access_;
  state::RedisDecisions* machines_;
};

}  // namespace proxy::admin
