// The endpoint's health: checks, ejection, return, and its life over reloads.
#include <algorithm>
#include <new>
#include <utility>

#include "proxy/log.h"
#include "proxy/net/server.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/switchboard.h"

namespace proxy::upstream {

using net::bump;

Candidate Endpoint::candidate(std::uint64_t now_ms) const noexcept {
  return {static_cast<double>(options_.weight) * health_.share(now_ms), in_flight};
}

void Endpoint::on_success() noexcept {
  health_.try_succeeded();
  noted_.clear();
}

void Endpoint::on_failure() noexcept {
  if (!health_.try_failed() || retired_ || !backend_.can_spare(*this)) return;
  health_.eject(now_ms());
  show_health(false);
  if (!health_.checked() && !board_.ending()) board_.set(health_deadline_, health_.returns_ms());
}

void Endpoint::show_health(bool was_ejected) noexcept {
  if (health_.ejected() == was_ejected) return;
  counters_.available.store(was_ejected ? 1 : 0, std::memory_order_relaxed);
  if (!was_ejected) bump(counters_.ejections);
  log::warn("backend {}: {} {}", backend_.options().name, options_.name,
               was_ejected ? "is asked again" : "is ejected");
}

void Endpoint::note(std::string_view trouble, std::string_view detail) noexcept {
  try {
    std::string all(trouble);
    all.append(detail);
    if (all == noted_) return;
    noted_ = std::move(all);
  } catch (const std::bad_alloc&) {
    return;
  }
  log::warn("backend {}: {}: {}", backend_.options().name, options_.name, noted_);
}

void Endpoint::on_health_due() noexcept {
  if (health_.checked()) {
    check();
  } else if (health_.ejected()) {
    health_.come_back(now_ms());
    show_health(true);
  }
}

/// Somewhere within the interval at first, so that workers and endpoints do not check together; then
/// after 80 to 100 % of it, so that two checks fit into two intervals.
void Endpoint::schedule_check(bool first) noexcept {
  if (board_.ending() || retired_) return;
  const std::uint64_t interval_ms = backend_.options().health.interval_ms;
  const std::uint64_t wait_ms = first ? board_.random.below(interval_ms + 1)
                                      : interval_ms - board_.random.below(interval_ms / 5 + 1);
  board_.set(health_deadline_, now_ms() + wait_ms);
}

void Endpoint::check() noexcept {
  const HealthOptions& health = backend_.options().health;
  schedule_check(false);
  if (check_id_ != 0) return;  // the last one is still under way
  bump(counters_.health_checks);
  try {
    core::mapping::Question question;
    question.method = "GET";
    question.target = health.path;
    check_id_ = board_.ask(&backend_, this, std::move(question), now_ms() + health.timeout_ms, {},
                           [this](Outcome&& outcome) { on_checked(outcome); });
  } catch (const std::bad_alloc&) {
    check_id_ = 0;
  }
}

void Endpoint::on_checked(const Outcome& outcome) noexcept {
  check_id_ = 0;
  if (outcome.failure == Failure::kEnding) return;
  const bool was_ejected = health_.ejected();
  const auto& statuses = backend_.options().health.statuses;
  const bool passed =
      outcome.failure == Failure::kNone &&
      std::any_of(statuses.begin(), statuses.end(), [&](const std::pair<int, int>& range) {
        return outcome.status >= range.first && outcome.status <= range.second;
      });
  if (passed) {
    health_.check_passed(now_ms());
  } else {
    bump(counters_.health_failures);
    health_.check_failed(now_ms());
  }
  show_health(was_ejected);
}

void Endpoint::stop_checks() noexcept {
  board_.clear(health_deadline_);
  if (check_id_ != 0) board_.forget(check_id_);
  check_id_ = 0;
}

void Endpoint::adopt(const EndpointOptions& options) {
  options_ = options;
  writer_ = std::make_unique<RequestWriter>(backend_.options(), options);
  for (Connection* at = connections_; at != nullptr; at = at->next_) at->adopt_limits();
  const bool was_checked = health_.checked();
  const bool was_ejected = health_.ejected();
  health_.adopt(backend_.options().health);
  hasten();
  if (was_checked == health_.checked()) return;
  stop_checks();
  if (health_.checked()) {
    schedule_check(true);
  } else if (was_ejected) {
    health_.come_back(now_ms());
    show_health(true);
  }
}

/// Times that were made shorter count from now on, not only when the longer ones have passed.
void Endpoint::hasten() noexcept {
  const BackendOptions& options = backend_.options();
  const auto no_later_than = [&](Deadline& deadline, std::uint64_t due_ms) {
    if (deadline.set() && deadline.due_ms() > due_ms) board_.set(deadline, due_ms);
  };
  if (idle_last_ != nullptr) no_later_than(idle_deadline_, idle_last_->idle_since_ms_ + options.idle_ms);
  if (lookup_ == nullptr) no_later_than(resolve_deadline_, now_ms() + options.dns_ttl_ms);
  if (health_.checked()) no_later_than(health_deadline_, now_ms() + options.health.interval_ms);
}

void Endpoint::retire() noexcept {
  retired_ = true;
  counters_.available.store(0, std::memory_order_relaxed);
  stop_checks();
  board_.clear(resolve_deadline_);
  close_idle(CloseReason::kAddress);
  board_.note_unused();
}

bool Endpoint::unused() const noexcept { return in_flight == 0 && open_ == 0; }

}  // namespace proxy::upstream
