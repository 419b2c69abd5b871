#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "core/gate/snapshot.h"

namespace core::gate {

struct CompileOptions {
  std::size_t lanes = 1;   // workers that will evaluate
  std::uint64_t seed = 0;  // keys every hash that a caller could aim at; random in production
};

/// Resolves the names of a configuration, reads its lists through `source` and lays all of it out
/// for answering. Every mistake goes to `diagnostics`; null when there was one. Bad lines of list
/// files are warnings.
std::shared_ptr<const Snapshot> compile(const config::Config& config, const CompileOptions& options,
                                        config::Source& source, config::Diagnostics& diagnostics);

}  // namespace core::gate
