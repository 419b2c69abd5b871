#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/gate/gate.h"
#include "core/result.h"
#include "proxy/net/address.h"
#include "proxy/rounds.h"

namespace proxy::telemetry {

/// One request as the access log remembers it until it is written: numbers only. Names come from
/// the snapshot of its generation when the line is formatted.
struct AccessRecord {
  static constexpr std::uint16_t kNoConnector = 0xFFFF;

  std::int64_t time_us = 0;       // since 1970, when the request was read
  std::uint64_t tags = 0;         // a bit for each of the connector's tags
  std::uint32_t duration_us = 0;  // until its answer was ready
  std::uint32_t bytes_in = 0;
  std::uint32_t bytes_out = 0;
  std::uint32_t generation = 0;
  std::int32_t rule = core::rules::Verdict::kNoRule;
  std::int32_t shadow_rule = core::rules::Verdict::kNoRule;
  std::uint16_t connector = kNoConnector;
  std::uint16_t status = 0;
  std::uint8_t step = 0;
  std::uint8_t outcome = 0;
  std::uint8_t shadow = 0;  // what the shadow rules say otherwise: 1 + its VerdictKind; 0: nothing
  std::uint8_t source = 0;        // core::gate::Source
  net::PeerAddress peer;
  std::uint32_t backend_us = 0;   // of which backends took, by their own account

  /// True when a line about `other` has the same names in it.
  bool same_names(const AccessRecord& other) const noexcept {
    return generation == other.generation && rule == other.rule && connector == other.connector &&
           status == other.status && step == other.step && outcome == other.outcome &&
           tags == other.tags && shadow == other.shadow && shadow_rule == other.shadow_rule &&
           source == other.source;
  }
};
static_assert(sizeof(AccessRecord) <= 72, "little more than a cache line a request");

/// The records of one worker on their way to the writer: one producer, one consumer, no lock.
class AccessRing {
 public:
  static constexpr std::size_t kRecords = 8192;  // about 80 ms at 100,000 requests/s

  /// Producer. False when the writer is that far behind: the line is lost and counted.
  bool push(const AccessRecord& record) noexcept {
    const std::uint64_t at = produced_.load(std::memory_order_relaxed);
    if (at - seen_consumed_ == kRecords) {
      seen_consumed_ = consumed_.load(std::memory_order_acquire);
      if (at - seen_consumed_ == kRecords) {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return false;
      }
    }
    records_[at % kRecords] = record;
    produced_.store(at + 1, std::memory_order_release);
    return true;
  }
  /// Producer: true at the moments when the writer should be woken.
  bool wants_writer() const noexcept {
    const std::uint64_t at = produced_.load(std::memory_order_relaxed);
    return at % (kRecords / 4) == 0;
  }

  /// Consumer: hands each waiting record to `take`; how many there were.
  template <typename Take>
  std::size_t drain(Take take) {
    const std::uint64_t first = consumed_.load(std::memory_order_relaxed);
    const std::uint64_t last = produced_.load(std::memory_order_acquire);
    for (std::uint64_t at = first; at != last; ++at) take(records_[at % kRecords]);
    consumed_.store(last, std::memory_order_release);
    return static_cast<std::size_t>(last - first);
  }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::array<AccessRecord, kRecords> records_;
  alignas(64) std::atomic<std::uint64_t> produced_{0};
  std::uint64_t seen_consumed_ = 0;  // the producer's last look
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::uint64_t> consumed_{0};
};

/// Writes one JSON line a request, on a thread of its own. Lines hold no claim, no credential and
/// no query: connector, step, verdict and rule are names from the configuration.
class AccessLog {
 public:
  struct OpenError {
    std::string why;
  };
  /// `file` is "stdout", "stderr", "off" or a path that is appended to.
  static core::Result<std::unique_ptr<AccessLog>, OpenError> open(const std::string& file,
                                                                  std::size_t workers);
  ~AccessLog();

  bool enabled() const noexcept { return fd_ >= 0; }
  AccessRing& ring(std::size_t worker) noexcept { return *rings_[worker]; }
  /// Any thread: the rings fill.
  void wake() noexcept { rounds_.wake(); }

  /// Records of `generation` are written with this snapshot's names. Before any worker uses it.
  void introduce(std::uint32_t generation, const core::gate::Snapshot& snapshot);
  /// Opens the file again, after it was moved away (SIGHUP).
  void reopen();

  std::uint64_t dropped() const noexcept;
  std::uint64_t write_errors() const noexcept { return write_errors_.load(); }

 private:
  /// What a line says about a connector and its rules, already JSON.
  struct Names {
    std::uint32_t generation = 0;
    struct Connector {
      std::string connector;
      std::vector<std::string> rules;
      std::vector<std::string> shadow_rules;
      std::vector<std::string> tags;
    };
    std::vector<Connector> connectors;
  };
  AccessLog() = default;
  void round();
  std::size_t write_waiting();
  void format(const AccessRecord& record, std::size_t worker);
  const std::string& names_of(const AccessRecord& record);
  void render_names(const AccessRecord& record, std::string& text) const;
  void render_second(std::int64_t second);
  void flush();

  std::string path_;
  int fd_ = -1;
  std::vector<std::unique_ptr<AccessRing>> rings_;
  std::mutex names_mutex_;  // of what follows, up to names_
  bool reopen_ = false;
  std::vector<std::shared_ptr<const Names>> names_;        // the last few generations
  std::vector<std::shared_ptr<const Names>> known_;        // the writer's copy
  std::string text_;           // lines to be written, a fixed block
  std::size_t text_size_ = 0;  // bytes of it in use
  std::int64_t second_ = -1;
  std::string second_text_;   // {"time":"2026-11-23T02:24:00.
  /// The names of a kind of line, and a record that has them.
  struct Rendered {
    AccessRecord record;
    std::string text;
  };
  std::array<Rendered, 16> rendered_;
  std::atomic<std::uint64_t> write_errors_{0};
  Rounds rounds_;
};

}  // namespace proxy::telemetry
