#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "core/gate/snapshot.h"

namespace core::gate {

/// A list that was read from its source, or why it could not be.
struct LoadedList {
  std::shared_ptr<const lists::List> list;
  std::string failure;  // when there is no list
  std::string remark;   // a warning that comes with it
};
/// Reads the list that a configuration takes from a file or URL; `path` is the file's, resolved.
using ListLoader = std::function<LoadedList(const config::ListSource& source,
                                            const std::string& path, lists::Match match)>;

lists::Match match_of(config::ListMatch match);

struct CompileOptions {
  std::size_t lanes = 1;   // workers that will evaluate
  std::uint64_t seed = 0;  // keys every hash that a caller could aim at; random in production
  /// When set, the lists go here and not into the snapshot, which would keep what is replaced later.
  std::shared_ptr<const lists::Table>* lists = nullptr;
  ListLoader load_list = {};  // without it files are read by the Source, and URLs refused
};

/// Resolves the names of a configuration, reads its lists through `source` and lays all of it out
/// for answering. Every mistake goes to `diagnostics`; null when there was one. Bad lines of list
/// files are warnings.
std::shared_ptr<const Snapshot> compile(const config::Config& config, const CompileOptions& options,
                                        config::Source& source, config::Diagnostics& diagnostics);

}  // namespace core::gate
