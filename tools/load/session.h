#pragma once

#include <atomic>

#include "core/result.h"
#include "tools/load/arguments.h"
#include "tools/load/report.h"

namespace load {

/// Does what the arguments ask: one run, or the runs of a rate search. An error means that nothing
/// could be measured: code 2 for what the user must change, 1 for a server that is not there.
core::Result<Report, EarlyExit> measure(const Arguments& arguments, const std::atomic<bool>& stop);

/// 0, or 1 when the server did not do as the arguments demand.
int exit_code(const Report& report, const Arguments& arguments);

/// Writes the pages asked for. An empty answer means success, otherwise what failed.
std::string write_reports(const Report& report, const Arguments& arguments);

}  // namespace load
