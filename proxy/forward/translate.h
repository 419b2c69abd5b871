#pragma once

#include <cstddef>
#include <string_view>

#include "core/gate/snapshot.h"
#include "core/mapping/answer.h"
#include "core/mapping/question.h"
#include "core/rules/evaluation.h"
#include "proxy/upstream/asker.h"

namespace proxy::forward {

/// What backend number `backend` is asked about the claims in `evaluation`, which are those of
/// `body`, a request at `connector`; `kept` goes with it to read_reply(). A backend that speaks as
/// another caller does gets the body in its words (core/bridge). Anything but kNone: it cannot be
/// asked.
core::mapping::NotAsked make_question(const core::gate::Snapshot& snapshot,
                                      const core::gate::Connector& connector, std::size_t backend,
                                      core::rules::Evaluation& evaluation, std::string_view body,
                                      core::mapping::Question& question, core::mapping::Kept& kept);

/// Makes `answer` what its answer decides. `lane` is the worker's number.
void read_reply(const core::gate::Snapshot& snapshot, std::size_t backend,
                const upstream::Outcome& outcome, const core::mapping::Kept& kept, std::size_t lane,
                core::mapping::ReplyRoom& room, core::mapping::Answer& answer);

}  // namespace proxy::forward
