#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/load/work_unit.h"
#include "core/config/diagnostics.h"
#include "core/gate/gate.h"
#include "core/http/out_buffer.h"
#include "core/http/request_reader.h"
#include "core/rules/evaluation.h"
#include "proxy/gate_handler.h"
#include "proxy/telemetry/access_log.h"
#include "proxy/telemetry/metrics.h"

/// The in-line path without sockets: what happens between recv() and send(), in steps that can be
/// measured one behind the other. Each step does what the ones before it do and something more, so
/// a stage costs the difference between two neighbours and all of them add up to the whole.
namespace in_line {

enum class Step : std::uint8_t {
  kRead,       // the HTTP message: http::RequestReader
  kClaims,     // and the body as claims: dialects::read()
  kRules,      // and the verdict: gate::decide()
  kAnswer,     // and its answer, by the gate: Gate::answer_body()
  kAdmission,  // and path, credentials and media type: Gate::answer()
  kHandler,    // and clocks, metrics and the access log's record: GateHandler::answer(). The whole
};
inline constexpr std::size_t kSteps = 6;

/// One request as the network would deliver it, behind it the padding that parsers may read.
struct Wire {
  char* bytes;
  std::size_t size;
};

/// The requests of a work unit (benchmarks/work_unit/generate), with what they must be told.
class Requests {
 public:
  explicit Requests(load::WorkUnit unit);
  const std::vector<Wire>& all() const noexcept { return wires_; }
  const load::WorkUnit& unit() const noexcept { return unit_; }
  /// Those that end in Continue: every rule looks at them.
  std::vector<Wire> continuing() const;

 private:
  load::WorkUnit unit_;
  std::string bytes_;
  std::vector<Wire> wires_;
};

/// What the workers of one process share.
class House {
 public:
  /// Loads and compiles `configuration`. A text stands for the file of that name, beside which its
  /// lists are looked for. Its own `workers` and `access_log` do not count. `seed` is fixed, so
  /// that two runs execute the same instructions. Null when something is wrong: `why` says what.
  static std::unique_ptr<House> open(const std::string& configuration,
                                     const std::optional<std::string>& text, std::size_t lanes,
                                     const std::string& log_file, std::string& why);

  proxy::Edition edition() const { return {snapshot_, 1, snapshot_->lists}; }
  const core::gate::Snapshot& snapshot() const noexcept { return *snapshot_; }
  proxy::telemetry::Metrics& metrics() noexcept { return metrics_; }
  proxy::telemetry::AccessLog& log() noexcept { return *log_; }

 private:
  std::shared_ptr<const core::gate::Snapshot> snapshot_;
  proxy::telemetry::Metrics metrics_;
  std::unique_ptr<proxy::telemetry::AccessLog> log_;
};

/// One worker: its reader, its scratch memory, its handler. Thread: one.
class Lane {
 public:
  Lane(House& house, std::size_t lane, double log_sample = 1);

  /// Takes `wire` as far as `step`. The number of bytes in the answer, or something else that
  /// depends on all of the work. Ends the process when the request is not what it should be.
  std::size_t run(Step step, const Wire& wire);

  proxy::GateHandler& handler() noexcept { return handler_; }
  /// The answer to the last request that was taken to kAnswer or further.
  std::string_view answer() const noexcept { return out_.view(); }

 private:
  const core::http::Request& read(const Wire& wire);

  const core::gate::Snapshot& snapshot_;
  core::http::RequestReader reader_;
  core::http::OutBuffer out_;
  core::gate::Gate gate_;
  core::rules::Evaluation evaluation_;
  core::dialects::Exchange exchange_;
  proxy::net::PeerAddress peer_;
  proxy::GateHandler handler_;
};

}  // namespace in_line
