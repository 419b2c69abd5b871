#include "proxy/upstream/asker.h"

#include <array>

namespace proxy::upstream {

std::string_view name(Failure failure) noexcept {
  static constexpr std::array<std::string_view, kFailureCount> kNames = {
      "none",     "resolve",   "connect",      "connect_timeout", "tls",
      "timeout",  "closed",    "protocol",     "too_large",       "breaker_open",
      "queue_full", "no_endpoint", "credentials", "ending"};
  return kNames[static_cast<std::size_t>(failure)];
}

}  // namespace proxy::upstream
