#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>
#include <vector>

#include "tools/load/report.h"
#include "tools/load/worker.h"

namespace load {

struct RunOptions {
  WorkerPlan plan;
  std::vector<pid_t> server;  // whose CPU time is watched
  bool progress = false;      // a live line on standard error
};

struct RunOutcome {
  Report report;        // the measured part; what was asked for is the caller's to add
  std::string failure;  // not empty: the server could not be reached and nothing was measured
};

/// Opens the connections, runs the threads of one plan to their end and puts their results
/// together. Blocks; `stop` may be set by a signal handler, the run then ends within 100 ms.
RunOutcome run(const RunOptions& options, const std::atomic<bool>& stop);

}  // namespace load
