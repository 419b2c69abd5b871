#include "proxy/upstream/asker.h"

#include <array>

namespace proxy::upstream {

std::string_view name(Failure failure) noexcept {
  static constexpr std::array<std::string_view, kFailureCount> kNames = {
      "none",     "resolve",   "connect",      "connect_timeout", "tls",
      "timeout",  "closed",    "protocol",     "too_large",       "memory", "breaker_open",
      "queue_full", "no_endpoint", "credentials", "ending"};
  return kNames[static_cast<std::size_t>(failure)];
}

Outcome::Outcome(const Outcome& other)
    : failure(other.failure),
      status(other.status),
      bytes(other.bytes),
      fields(other.fields),
      body(other.body),
      sent(other.sent),
      tries(other.tries),
      duration_us(other.duration_us) {
  const auto begin = reinterpret_cast<std::uintptr_t>(other.bytes.data());
  const auto follow = [&](std::string_view& view) {
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(view.data()) - begin;
    if (at < bytes.size()) view = {bytes.data() + at, view.size()};  // else it was of static text
  };
  follow(body);
  for (core::http::Header& field : fields) {
    follow(field.name);
    follow(field.value);
  }
}

}  // namespace proxy::upstream
