#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/audit/chain.h"
#include "core/config/config.h"
#include "core/events/pseudonyms.h"
#include "core/gate/gate.h"
#include "core/result.h"
#include "proxy/byte_ring.h"
#include "proxy/request_names.h"
#include "proxy/rounds.h"

namespace proxy::audit {

/// A verdict, numbers only; behind it lie the values that say who it was about.
struct Record {
  std::int64_t time_us = 0;  // since 1970
  std::uint32_t generation = 0;
  std::int32_t rule = core::rules::Verdict::kNoRule;
  std::uint16_t connector = 0;
  std::uint8_t step = 0;
  std::uint8_t outcome = 0;
  std::uint8_t source = 0;  // core::gate::Source
};

/// The audit log: a line of JSON for every verdict, in a file for each day (UTC), each line chained to
/// the one before it over days and restarts (core/audit/chain.h). Workers hand verdicts over by rings, a
/// thread of its own writes them; a ring that is full is counted, and the next line says how many
/// verdicts are missing before it. docs/events.md says what a process that is killed leaves behind.
class AuditLog {
 public:
  static constexpr std::size_t kRingBytes = 1 << 20;  // of one worker

  /// The error says why, for a person. `config.audit` has a directory.
  static core::Result<std::unique_ptr<AuditLog>, std::string> open(const core::config::Config& config,
                                                                   std::size_t workers);
  /// Writes what the rings hold, when no worker answers any more.
  ~AuditLog();

  /// Takes verdicts of one worker. Thread: the worker's.
  class Witness {
   public:
    explicit Witness(AuditLog& log) : log_(log), ring_(kRingBytes), values_(new char[kValuesMax]) {}
    /// Behind an answer that told a verdict, while its evaluation is what it was.
    void note(const core::gate::Report& report, const core::gate::Snapshot& snapshot,
              core::rules::Evaluation& evaluation, std::uint32_t generation,
              std::int64_t time_us) noexcept;

   private:
    friend class AuditLog;
    static constexpr std::size_t kValuesMax = 8 << 10;  // a person of more is left out of the line
    AuditLog& log_;
    ByteRing<Record> ring_;
    std::unique_ptr<char[]> values_;
    std::uint64_t told_lost_ = 0;  // of the ring's, in a line already
  };

  Witness& witness(std::size_t worker) noexcept { return *witnesses_[worker]; }
  RequestNameBook& names() noexcept { return names_; }
  std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }
  std::uint64_t write_errors() const noexcept { return write_errors_.load(std::memory_order_relaxed); }
  /// Verdicts that are not in the log: a ring was full, or the file could not be written.
  std::uint64_t lost() const noexcept;

 private:
  AuditLog(const core::config::Config& config, std::size_t workers);
  std::string open_day(std::int64_t day);
  void write_waiting();
  void write(const Record& record, std::string_view values);
  void write_lost(Witness& witness);
  void begin_line(std::int64_t time_us);
  void flush();
  void remove_old(std::int64_t today);

  const std::string directory_;
  const std::int64_t keep_days_;  // 0: for ever
  core::events::Pseudonyms pseudonyms_;
  core::audit::Chain chain_;
  std::string written_head_;  // of the last line that is in a file
  RequestNameBook names_;
  std::vector<std::unique_ptr<Witness>> witnesses_;

  // The thread's own.
  int fd_ = -1;
  std::int64_t day_ = -1;
  std::shared_ptr<const RequestNames> known_;
  std::vector<core::events::TakenValue> values_;
  std::vector<std::uint32_t> person_;
  std::string lines_, line_;
  std::uint64_t lines_count_ = 0;
  std::uint64_t unwritten_ = 0;  // verdicts that a failed write has lost, not told yet
  std::atomic<std::uint64_t> written_{0}, write_errors_{0}, lost_{0};
  Rounds rounds_;
};

}  // namespace proxy::audit
