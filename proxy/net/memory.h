#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace proxy::net {

/// What the connections of one worker and its requests that wait hold, and how much they may. Counted
/// where memory that belongs to a connection is acquired, grown and released; an in-line request that
/// comes in one read needs none of it, and nothing is counted for it.
///
/// There are four purposes with a bound each, so that none can take from another: a flood of connections
/// leaves room for messages, slow messages for new connections, both for requests that wait, and a backend
/// that answers at length for all of them.
///
/// Thread: the loop's; held() and limit() are read by any.
class Memory {
 public:
  enum class For : std::uint8_t {
    kConnections,  // themselves, their TLS sessions and handshakes
    kMessages,     // requests that came in pieces, answers that are not taken
    kWaiting,      // requests that wait for a backend
    kBackends,     // what backends are asked, and their answers until they are told
  };
  static constexpr std::size_t kPurposes = 4;
  static constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();
  struct Bounds {
    std::size_t connections = kUnbounded, messages = kUnbounded, waiting = kUnbounded, backends = kUnbounded;
    std::size_t sum() const noexcept { return connections + messages + waiting + backends; }
  };

  explicit Memory(const Bounds& bounds)
      : limits_{bounds.connections, bounds.messages, bounds.waiting, bounds.backends} {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  bool fits(For purpose, std::size_t bytes) const noexcept {
    const auto at = static_cast<std::size_t>(purpose);
    return bytes <= limits_[at] && held_[at] <= limits_[at] - bytes;
  }
  /// Counts what is there: who can do without it has asked fits().
  void change(For purpose, std::size_t from, std::size_t to) noexcept {
    const auto at = static_cast<std::size_t>(purpose);
    held_[at] = held_[at] - from + to;
    seen_[at].store(held_[at], std::memory_order_relaxed);
  }

  std::size_t limit(For purpose) const noexcept { return limits_[static_cast<std::size_t>(purpose)]; }
  std::uint64_t held(For purpose) const noexcept {
    return seen_[static_cast<std::size_t>(purpose)].load(std::memory_order_relaxed);
  }

  // What is counted for things that cannot be asked for their size, with the allocator's part.
  static constexpr std::size_t kConnectionBytes = 1 << 10;   // with its poll handle and its ticket
  static constexpr std::size_t kSessionBytes = 15 << 10;     // OpenSSL's, idle (performance.md: 14,434)
  static constexpr std::size_t kHandshakeBytes = 48 << 10;   // and while it shakes hands
  static constexpr std::size_t kShownBytes = 8 << 10;        // a caller's certificate, as it was looked at
  static constexpr std::size_t kProxyHeaderBytes = 4 << 10;  // twice core::callers::ProxyHeader's bound
  static constexpr std::size_t kWaitingBytes = 3 << 10;      // a request that waits and its claims, without its body

 private:
  const std::array<std::size_t, kPurposes> limits_;
  std::array<std::size_t, kPurposes> held_{};
  std::array<std::atomic<std::uint64_t>, kPurposes> seen_{};
};

/// Bytes counted for one owner, as long as it lives.
class Held {
 public:
  Held(Memory& memory, Memory::For purpose) noexcept : memory_(memory), purpose_(purpose) {}
  ~Held() { set(0); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  void set(std::size_t bytes) noexcept {
    const auto next = static_cast<std::uint32_t>(
        std::min<std::size_t>(bytes, std::numeric_limits<std::uint32_t>::max()));
    if (next == bytes_) return;
    memory_.change(purpose_, bytes_, next);
    bytes_ = next;
  }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  Memory& memory_;
  std::uint32_t bytes_ = 0;
  Memory::For purpose_;
};

}  // namespace proxy::net
