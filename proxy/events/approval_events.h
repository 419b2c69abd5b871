#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/gate/snapshot.h"
#include "proxy/state/approvals.h"

namespace proxy::events {

class Outbox;

/// Makes events of changes of approvals (`on` of one), in the batch that brings the change: into the
/// streams that couriers bring away. They name the approval and its id, and nobody.
/// Thread: any.
class ApprovalEvents final : public state::ApprovalAnnouncer {
 public:
  ApprovalEvents();

  /// What `snapshot` says counts from now on.
  void use(const core::gate::Snapshot& snapshot);
  /// Whose couriers are told of events; null: none are. It outlives this or is taken back.
  void use(Outbox* outbox);

  void announce(const state::ApprovalChange& change, state::Batch& batch) override;
  void committed() noexcept override;

 private:
  /// Compiled: events by the change, of each approval.
  struct Plans {
    std::vector<core::events::Plan> events;
    std::map<std::string, std::array<std::vector<std::uint32_t>, core::config::kApprovalChanges.size()>, std::less<>>
        by_approval;
  };

  std::mutex mutex_;  // of the two below
  std::shared_ptr<const Plans> plans_;
  Outbox* outbox_ = nullptr;
  const std::uint64_t random_;
  std::atomic<std::uint64_t> number_{0};
};

}  // namespace proxy::events
