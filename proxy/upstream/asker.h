#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/mapping/question.h"

namespace proxy::upstream {

/// Why a backend gave no complete answer. Each is a label of a metric, see name().
enum class Failure : std::uint8_t {
  kNone,            // it answered: any status
  kResolve,         // no address for the endpoint's name
  kConnect,         // refused, unreachable
  kConnectTimeout,
  kTls,             // handshake, verification, name
  kTimeout,         // asked, and not answered in time
  kClosed,          // closed or reset before the answer was whole
  kProtocol,        // no HTTP/1.1 answer, broken framing
  kTooLarge,        // beyond header_bytes or response_bytes
  kMemory,          // no memory is left for the answer (`limits.memory`)
  kBreakerOpen,     // not asked
  kQueueFull,       // not asked
  kNoEndpoint,      // not asked: every endpoint is ejected or has weight 0
  kCredentials,     // no OAuth token to be had
  kEnding,          // the process or this edition of the configuration ends
};
inline constexpr std::size_t kFailureCount = 15;
std::string_view name(Failure failure) noexcept;

/// A backend's whole answer, or why there is none. Views point into `bytes`, and go along when it is moved
/// or copied.
struct Outcome {
  Outcome() = default;
  Outcome(Outcome&&) noexcept = default;
  Outcome& operator=(Outcome&&) noexcept = default;
  Outcome(const Outcome& other);
  Outcome& operator=(const Outcome& other) { return *this = Outcome(other); }

  Failure failure = Failure::kNone;
  int status = 0;
  std::string bytes;  // the answer's memory; empty, or too long for std::string's own object
  std::vector<core::http::Header> fields;
  std::string_view body;       // transfer coding removed, content coding not
  bool sent = false;           // a byte of a request went out: the backend may have acted
  unsigned tries = 0;
  std::uint64_t duration_us = 0;  // from ask() on

  std::size_t held_bytes() const noexcept {
    return bytes.capacity() + fields.capacity() * sizeof(core::http::Header);
  }
};

/// What goes along with a question (W3C Trace Context; X-Request-Id), made by the asker's caller. It
/// allocates nothing.
struct Trace {
  /// A value that may stand in a field (RFC 9110, 5.5); set() takes nothing else, and nothing longer.
  template <std::size_t kMax>
  class Value {
   public:
    void set(std::string_view text) noexcept {
      size_ = 0;
      if (text.size() > kMax) return;
      bool fits = true;  // all of it is looked at: the compiler does so 16 bytes at a time
      for (const char c : text) fits &= c >= 0x20 && c <= 0x7e;
      if (!fits) return;
      std::memcpy(text_, text.data(), text.size());
      size_ = static_cast<std::uint8_t>(text.size());
    }
    std::string_view view() const noexcept { return {text_, size_}; }
    bool empty() const noexcept { return size_ == 0; }

   private:
    static_assert(kMax < 256);
    std::uint8_t size_ = 0;
    char text_[kMax];
  };
  Value<55> traceparent;  // empty: none is sent
  Value<128> request_id;
};

/// Asks backends on behalf of one worker. Thread: the worker's loop.
class Asker {
 public:
  using CallId = std::uint64_t;
  using Done = std::function<void(Outcome&&)>;
  virtual ~Asker() = default;

  /// Asks backend number `backend` (of the configuration, in its order). `question` is left with whatever
  /// memory can be used for the next one. `done` is called once, from
  /// the loop and never from inside ask(), no later than `deadline_ms` (uv_now's clock) and a loop
  /// turn; whatever then comes of the try is counted and dropped.
  virtual CallId ask(std::size_t backend, core::mapping::Question&& question,
                     std::uint64_t deadline_ms, const Trace& trace, Done&& done) = 0;

  /// Nobody wants the answer any more: `done` is not called. The try under way may go on, so that its
  /// connection can be kept.
  virtual void forget(CallId call) noexcept = 0;
};

}  // namespace proxy::upstream
