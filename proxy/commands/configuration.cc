#include "proxy/commands/configuration.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "core/gate/compile.h"
#include "proxy/commands/file_source.h"

namespace proxy::commands {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) std::abort();  // cannot fail on Linux
  return seed;
}

Configuration read_configuration(const std::string& path, std::size_t workers) {
  FileSource source;
  Configuration read;
  read.config = core::config::load(path, source, read.diagnostics);
  const auto cores = static_cast<std::size_t>(std::max(1u, std::thread::hardware_concurrency()));
  read.workers = workers > 0                ? workers
                 : read.config.workers > 0 ? static_cast<std::size_t>(read.config.workers)
                                           : cores;
  core::gate::CompileOptions options;
  options.lanes = read.workers;
  options.seed = random_seed();
  read.snapshot = core::gate::compile(read.config, options, source, read.diagnostics);
  return read;
}

}  // namespace proxy::commands
