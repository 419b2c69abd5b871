#pragma once

#include <string>
#include <string_view>

#include "benchmarks/load/work_unit.h"

namespace in_line {

/// The work unit with the same people as events of Microsoft Entra: what a request of the dialect
/// ext-id costs is compared with what the user flow's costs. The envelope has every member of
/// protocol.md d.1.
load::WorkUnit as_events(const load::WorkUnit& unit);

/// Whether an answer to an event is the action that goes with what was expected of the user flow.
bool event_answer_is_right(int status, std::string_view body, const load::Expected& expected);

}  // namespace in_line
