#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/decisions/decision.h"
#include "core/gate/snapshot.h"
#include "core/mapping/question.h"
#include "core/rules/evaluation.h"
#include "proxy/upstream/asker.h"

namespace proxy::forward {

/// What backend number `backend` is asked about the claims in `evaluation`; false when a claim that
/// the question needs is missing.
bool make_question(const core::gate::Snapshot& snapshot, std::size_t backend,
                   core::rules::Evaluation& evaluation, std::string_view body,
                   core::mapping::Question& question);

/// What its answer decides; false when that settles nothing.
bool read_reply(const core::gate::Snapshot& snapshot, std::size_t backend,
                const upstream::Outcome& outcome, core::decisions::Decision& decision);

/// The longest that a call of the backend takes, all its tries together.
std::uint64_t call_ms(const core::gate::Snapshot& snapshot, std::size_t backend) noexcept;

}  // namespace proxy::forward
