#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/load/histogram.h"
#include "tools/load/traffic.h"

namespace load {

/// Why a request got no answer.
enum class ErrorKind : std::uint8_t { kConnect, kTls, kReset, kTimeout, kMalformed };
inline constexpr std::size_t kErrorKinds = 5;
inline constexpr std::array<const char*, kErrorKinds> kErrorNames = {
    "connect", "tls", "reset", "timeout", "malformed_response"};
/// By AnswerFault; the first is never counted.
inline constexpr std::size_t kAnswerFaults = 5;
inline constexpr std::array<const char*, kAnswerFaults> kFaultNames = {"none", "status", "body",
                                                                       "action", "claims"};
inline constexpr std::array<const char*, kRequestKinds> kKindNames = {"new", "known", "from_file",
                                                                      "duplicate", "malformed"};

/// What happened to the requests. It always adds up:
///   offered  = sent + not sent (backlog full, or still waiting at the end)
///   sent     = answered + failed (sum of errors) + abandoned (still out when the run was stopped)
///   answered = right + sum of wrong
struct Tally {
  std::uint64_t offered = 0;        // were due
  std::uint64_t sent = 0;           // handed to a connection at least once
  std::uint64_t not_sent_full = 0;  // no free connection and the backlog was full
  std::uint64_t not_sent_end = 0;   // still waiting for a connection at the end
  std::uint64_t answered = 0;       // a complete response arrived
  std::uint64_t right = 0;
  std::uint64_t abandoned = 0;
  std::uint64_t queued = 0;  // had to wait for a free connection
  std::uint64_t attempts_timed_out = 0;
  std::uint64_t retries = 0;  // second attempts after a time-out
  std::uint64_t resent = 0;   // sent again because a kept-alive connection had gone
  std::array<std::uint64_t, kErrorKinds> errors{};
  std::array<std::uint64_t, kAnswerFaults> wrong{};
  std::array<std::uint64_t, kRequestKinds> kinds{};
  std::array<std::uint64_t, 6> status_classes{};  // index 2 is 2xx

  std::uint64_t failed() const noexcept;
  std::uint64_t wrong_answers() const noexcept;
  std::uint64_t not_sent() const noexcept { return not_sent_full + not_sent_end; }
  void add(const Tally& other) noexcept;
};

/// What concerns connections and bytes rather than requests; the warm-up is part of it.
struct TransportTally {
  std::uint64_t opened = 0;
  std::uint64_t resumed = 0;           // TLS handshakes that resumed a session
  std::uint64_t closed_by_server = 0;  // while no request was out
  std::uint64_t unsolicited = 0;       // bytes arrived that no request asked for
  std::uint64_t bytes_out = 0;
  std::uint64_t bytes_in = 0;

  void add(const TransportTally& other) noexcept;
};

/// One phase of the schedule, counted by the intended time of its requests.
struct PhaseTally {
  std::uint64_t offered = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // without an answer, or with a wrong one
  std::uint64_t not_sent = 0;
  Histogram response;
};

/// All that one thread has measured; merged into one for the report.
struct Measured {
  Tally tally;
  Tally warmup;
  TransportTally transport;
  Histogram response;  // from the intended send time to the last byte of the answer
  Histogram service;   // from the (last) actual sending to the last byte
  Histogram lag;       // from the intended send time to its being noticed by the generator
  std::vector<PhaseTally> phases;
  std::vector<std::string> examples;  // the first different failures, in words
  std::uint64_t ended_ns = 0;         // after the start; the latest of all
  std::uint64_t cpu_ns = 0;           // used by the generator's threads
  std::uint64_t spun_ns = 0;          // of that, waiting for the next send time without sleeping

  /// CPU time without the waiting.
  std::uint64_t own_cpu_ns() const noexcept { return cpu_ns > spun_ns ? cpu_ns - spun_ns : 0; }

  static constexpr std::size_t kExamplesMax = 5;
  void add_example(const std::string& example);
  void merge(const Measured& other);
};

}  // namespace load
