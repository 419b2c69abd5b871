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
#include "proxy/state/approvals.h"

namespace proxy::admin {

/// `/approvals` of the admin address (docs/approvals.md): which there are, one with its claims and its
/// trail, and the decisions about them. Waits for the state, five seconds at most. Thread: its loop's.
class ApprovalRequests {
 public:
  /// `approvals` may be null: there is no state. `names` are those of the configuration in force.
  ApprovalRequests(state::Approvals* approvals, std::function<std::vector<std::string>()> names, Access access)
      : approvals_(approvals), names_(std::move(names)), access_(std::move(access)) {}

  static bool is_meant(std::string_view path) noexcept {
    return path == "/approvals" || path.starts_with("/approvals/");
  }
  /// A refusal that the head alone gives rise to.
  std::optional<Reply> refuse(const core::http::Request& request) const;
  /// The answer to a complete request. Throws std::bad_alloc.
  Reply answer(const core::http::Request& request);

 private:
  Reply list(std::string_view name, std::string_view query) const;
  Reply read(std::string_view name, std::string_view id) const;
  Reply decide(std::string_view name, std::string_view id, core::approvals::State wanted,
               std::string_view body);

  state::Approvals* approvals_;
  std::function<std::vector<std::string>()> names_;
  Access access_;
};

}  // namespace proxy::admin
