#pragma once

#include <atomic>
#include <cstdint>

#include "core/http/http_date.h"
#include "proxy/admin/approval_requests.h"
#include "proxy/admin/decision_requests.h"
#include "proxy/admin/invitation_requests.h"
#include "proxy/admin/event_requests.h"
#include "proxy/admin/list_requests.h"
#include "proxy/admin/velocity_requests.h"
#include "proxy/net/handler.h"
#include "proxy/telemetry/metrics.h"

namespace proxy::admin {

/// The admin listener: GET /healthz, /readyz and /metrics, which ask for no credentials, so it
/// belongs on loopback or a management network (docs/operation.md); and /lists, /decisions,
/// /velocity, /approvals, /invitations and /events, which have a token. Thread: its loop's.
class AdminHandler final : public net::Handler {
 public:
  AdminHandler(const telemetry::Metrics& metrics, ListRequests lists, DecisionRequests decisions,
               VelocityRequests velocity, ApprovalRequests approvals, InvitationRequests invitations,
               EventRequests events)
      : metrics_(metrics),
        lists_(std::move(lists)),
        decisions_(std::move(decisions)),
        velocity_(std::move(velocity)),
        approvals_(std::move(approvals)),
        invitations_(std::move(invitations)),
        events_(std::move(events)) {}

  /// What /readyz says: 200 when it is kReady, else 503.
  enum class Readiness : std::uint8_t { kStarting, kNoKeys, kReady, kDraining };
  /// Any thread.
  void set(Readiness readiness) noexcept { readiness_.store(readiness, std::memory_order_relaxed); }

  void on_batch(std::uint64_t now_ns) noexcept override;
  bool refuse_early(const net::Exchange& exchange) noexcept override;
  Progress answer(const net::Exchange& exchange) noexcept override;
  void refuse(const core::http::Refusal& refusal, const net::PeerAddress& peer,
              core::http::OutBuffer& out) noexcept override;
  void overload(core::http::OutBuffer& out) noexcept override;
  void timed_out(const net::PeerAddress& peer, core::http::OutBuffer& out) noexcept override;

 private:
  std::string_view date() const noexcept { return {date_, sizeof date_}; }
  void reply(const net::Exchange& exchange) noexcept;
  template <typename Requests>
  void answer_by(Requests& requests, const net::Exchange& exchange) noexcept;
  void write(const Reply& reply, const net::Exchange& exchange) noexcept;
  void error(int status, std::string_view message, core::http::OutBuffer& out) noexcept;

  const telemetry::Metrics& metrics_;
  ListRequests lists_;
  DecisionRequests decisions_;
  VelocityRequests velocity_;
  ApprovalRequests approvals_;
  InvitationRequests invitations_;
  EventRequests events_;
  std::atomic<Readiness> readiness_{Readiness::kStarting};
  char date_[core::http::kHttpDateBytes] = {};
};

}  // namespace proxy::admin
