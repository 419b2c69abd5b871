#pragma once

#include <cstdint>
#include <string_view>

#include "core/http/message.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/random.h"

namespace proxy::forward {

/// Makes what goes along with a question so that it can be followed: the caller's trace when it
/// sent a valid one (W3C Trace Context, level 1), else a new one; the caller's X-Request-Id when it
/// is a plain word of at most 128 characters, else a new one. Nothing else of the caller's goes
/// along. Thread: one worker's.
class Tracing {
 public:
  explicit Tracing(std::uint64_t seed) noexcept : random_(seed) {}
  upstream::Trace begin(const core::http::Request& request) noexcept;
  /// For a question without a request.
  upstream::Trace begin() noexcept;

 private:
  upstream::Trace begin(std::string_view traceparent, std::string_view request_id) noexcept;
  char* put_hex(char* to, int words) noexcept;

  upstream::Random random_;
};

/// True for a traceparent of any version that can be continued.
bool is_traceparent(std::string_view text) noexcept;

}  // namespace proxy::forward
