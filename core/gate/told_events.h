#pragma once

#include <cstdint>

#include "core/gate/gate.h"

namespace core::gate {

/// Behind an answer that told a verdict: calls `each(number, rule)` for every event of it, those that
/// rules have emitted first; `rule` is the one that did, for the connector's own the one that decided
/// (rules::Verdict::kNoRule, kOtherwise). The evaluation is as the last rule left it, so that an event's
/// values are what the answer was made of.
template <typename Each>
void each_event(const Report& report, const rules::Evaluation& evaluation, Each&& each) {
  if (report.connector == nullptr || report.outcome > Outcome::kValidationError) return;
  for (const rules::Evaluation::Emitted& one : evaluation.emitted()) {
    each(one.event, static_cast<std::int32_t>(one.rule));
  }
  for (const std::uint32_t event : report.connector->on[static_cast<std::size_t>(report.outcome)]) {
    each(event, report.rule);
  }
}

}  // namespace core::gate
