#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/gate/snapshot.h"
#include "core/http/message.h"
#include "proxy/admin/access.h"
#include "proxy/admin/reply.h"
#include "proxy/state/invitations.h"

namespace proxy::admin {

/// `/invitations` of the admin address (docs/invitations.md): codes are created, which is the only time that
/// they are seen, listed, shown and revoked. Waits for the state, five seconds at most. Thread: its loop's.
class InvitationRequests {
 public:
  using Snapshots = std::function<std::shared_ptr<const core::gate::Snapshot>()>;

  /// `invitations` may be null: there is no state. `snapshot` is the one in force.
  InvitationRequests(state::Invitations* invitations, Snapshots snapshot, Access access)
      : invitations_(invitations), snapshot_(std::move(snapshot)), access_(std::move(access)) {}

  static bool is_meant(std::string_view path) noexcept {
    return path == "/invitations" || path.starts_with("/invitations/");
  }
  /// A refusal that the head alone gives rise to.
  std::optional<Reply> refuse(const core::http::Request& request) const;
  /// The answer to a complete request. Throws std::bad_alloc.
  Reply answer(const core::http::Request& request);

 private:
  Reply create(const core::gate::InvitationTerms& terms, std::string_view body) const;
  Reply list(std::string_view name, std::string_view query) const;
  Reply read(std::string_view name, std::string_view id) const;
  Reply revoke(const core::gate::InvitationTerms& terms, std::string_view id, std::string_view body) const;

  state::Invitations* invitations_;
  Snapshots snapshot_;
  Access access_;
};

/// Reads what new codes are to be from {"by":"anna","count":10,...} into `making`; `as.created_s` is now, and
/// times are counted from it. Empty, or what is wrong.
std::string read_making(std::string_view body, std::int64_t valid_s, state::Invitations::Making& making);

}  // namespace proxy::admin
