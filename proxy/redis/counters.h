#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proxy::redis {

/// Why a command has no answer, or not the one wanted.
enum class Failure : std::uint8_t {
  kNone,
  kUnavailable,  // there is no connection: nothing was sent
  kLost,         // sent, and the connection ended without an answer: it may have been done
  kTimeout,      // no answer by its deadline: it may have been done, or be done yet
  kBusy,         // too many wait already
  kRefused,      // the server answered with an error
  kProtocol,     // the server answered with what is no answer of Redis
  kEnding,
};
inline constexpr std::size_t kFailureCount = 8;
/// "unavailable", "lost" ...: a label.
std::string_view name(Failure failure) noexcept;

/// What one client counts. Written by its loop, read by whoever scrapes.
struct Counters {
  using Counter = std::atomic<std::uint64_t>;
  /// Upper bounds are powers of two of microseconds, 16 us to 2^23 us (8.4 s), then +Inf.
  static constexpr std::size_t kBuckets = 21;
  static constexpr std::size_t kFirstBit = 4;

  Counter commands{0};     // asked
  Counter answers{0};      // in time
  Counter late{0};         // answers that nobody waited for any more
  std::array<Counter, kFailureCount> failures{};
  Counter in_flight{0};    // a gauge: asked and neither answered nor given up
  Counter connected{0};    // a gauge: 1 while commands can be sent
  Counter connections{0};  // that came to be
  Counter connect_failures{0};
  Counter scripts_sent{0};  // as text, because the server did not know them
  std::array<Counter, kBuckets> latency{};  // of answers in time
  Counter latency_us{0};

  void count_latency(std::uint64_t us) noexcept;
};

}  // namespace proxy::redis
