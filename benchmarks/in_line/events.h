#pragma once

#include <string>
#include <string_view>

#include "benchmarks/load/work_unit.h"

namespace in_line {

/// The work unit with the same people as events of Microsoft Entra: what a request of the dialect
/// ext-id costs is compared with what the user flow's costs. The envelope has every member of
/// protocol.md d.1.
load::WorkUnit as_events(const load::WorkUnit& unit);

/// Whether an answer is the one that goes with what was expected of the user flow.
using AnswerIsRight = bool (*)(int status, std::string_view body, const load::Expected& expected);
/// That of a dialect by its name; null for an unknown one.
AnswerIsRight answers_of(std::string_view dialect);

}  // namespace in_line
