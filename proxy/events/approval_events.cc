#include "proxy/events/approval_events.h"

#include <algorithm>
#include <utility>

#include "core/config/approvals.h"
#include "core/events/render.h"
#include "proxy/events/courier.h"
#include "proxy/events/outbox.h"
#include "proxy/lists/loader.h"

namespace proxy::events {
namespace {

/// A trail says "account created", `on` account_created. The number of changes when it is none that is told.
std::size_t change_of(std::string_view what) {
  std::string name(what);
  std::replace(name.begin(), name.end(), ' ', '_');
  const auto& all = core::config::kApprovalChanges;
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), name) - all.begin());
}

}  // namespace

ApprovalEvents::ApprovalEvents() : random_(lists::random_bits()) {}

void ApprovalEvents::use(const core::gate::Snapshot& snapshot) {
  auto plans = std::make_shared<Plans>();
  plans->events = snapshot.events;
  for (std::size_t i = 0; i < snapshot.approvals.size(); ++i) {
    plans->by_approval[snapshot.approvals[i]] = snapshot.approval_events[i];
  }
  const std::lock_guard lock(mutex_);
  plans_ = std::move(plans);
}

void ApprovalEvents::use(Outbox* outbox) {
  const std::lock_guard lock(mutex_);
  outbox_ = outbox;
}

void ApprovalEvents::announce(const state::ApprovalChange& change, state::Batch& batch) {
  std::shared_ptr<const Plans> plans;
  {
    const std::lock_guard lock(mutex_);
    plans = plans_;
  }
  if (plans == nullptr) return;
  const auto found = plans->by_approval.find(change.name);
  const std::size_t kind = change_of(change.what);
  if (found == plans->by_approval.end() || kind == core::config::kApprovalChanges.size()) return;
  constexpr std::int64_t kUsPerSecond = 1'000'000;
  for (const std::uint32_t number : found->second[kind]) {
    const core::events::Plan& plan = plans->events[number];
    core::events::CloudEvent event;
    core::events::render_approval(plan, change.name, change.id, core::config::kApprovalChanges[kind], event);
    event.id = core::events::event_id(change.at_s * kUsPerSecond, random_, number_.fetch_add(1));
    core::events::append_time(event.time, change.at_s * kUsPerSecond);
    std::string value;
    core::events::append_stored(value, event);
    for (const std::string& sink : plan.sinks) {
      batch.appends.push_back({waiting_stream(sink), std::string(kUncounted), value});
    }
  }
}

void ApprovalEvents::committed() noexcept {
  const std::lock_guard lock(mutex_);
  if (outbox_ == nullptr) return;
  for (const auto& courier : outbox_->couriers()) courier->look();
}

}  // namespace proxy::events
