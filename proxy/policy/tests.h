#pragma once

#include <cstddef>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "proxy/policy/coverage.h"
#include "proxy/policy/rehearsal.h"

namespace proxy::policy {

/// What became of a configuration's own tests.
struct TestRun {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

/// Asks each of `config.tests` and compares. Every expectation that is not met becomes an error in
/// `diagnostics`, at the place where it is written, with what came instead; values that came from
/// `${env:}` or `${file:}` are not printed. Bodies in files are read through `source`. `coverage`
/// may be null.
TestRun run_tests(const core::config::Config& config, Rehearsal& rehearsal,
                  core::config::Source& source, core::config::Diagnostics& diagnostics,
                  Coverage* coverage);

}  // namespace proxy::policy
