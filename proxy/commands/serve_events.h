#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/config/config.h"
#include "core/gate/snapshot.h"
#include "proxy/audit/audit_log.h"
#include "proxy/events/approval_events.h"
#include "proxy/events/outbox.h"
#include "proxy/state/store.h"
#include "proxy/telemetry/metrics.h"

namespace proxy::commands {

/// What `serve` tells others behind its answers: the outbox with its sinks, and the audit log. Empty
/// where the configuration has neither. Thread: the main one.
class Told {
 public:
  /// Opens what `config` asks for; `store`, which outlives this, is where the outbox is. Empty, or why it
  /// cannot be opened.
  std::string open(const core::config::Config& config, std::size_t workers, state::Store* store,
                   telemetry::Metrics& metrics);
  /// Requests of `generation` are told with the names of `snapshot`. Before any worker uses it.
  void introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot);
  /// Opens files again (SIGHUP).
  void reopen() noexcept;
  /// When no worker answers any more: writes what is left and ends.
  void close() noexcept;

  events::Emitter* emitter(std::size_t worker) noexcept;
  audit::AuditLog::Witness* witness(std::size_t worker) noexcept;
  events::HeldAnswers::Figures* held() noexcept { return outbox_ == nullptr ? nullptr : &outbox_->held(); }
  events::Outbox* outbox() noexcept { return outbox_.get(); }
  /// What makes events of changes of approvals; before anything changes one, and as long as they do.
  events::ApprovalEvents& approval_events() noexcept { return approval_events_; }

 private:
  void add_outbox_metrics(telemetry::Metrics& metrics);
  void add_audit_metrics(telemetry::Metrics& metrics);

  events::ApprovalEvents approval_events_;
  std::unique_ptr<events::Outbox> outbox_;
  std::unique_ptr<audit::AuditLog> audit_;
};

/// What of the two a reload does not change, as one text to be compared.
std::string told_settings(const core::config::Config& config);

}  // namespace proxy::commands
