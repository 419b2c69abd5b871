#include "proxy/state/redis_failure.h"

#include <string>
#include <string_view>

namespace proxy::state {

Failure failure_of(redis::Failure failure, const redis::Reply& reply) noexcept {
  switch (failure) {
    case redis::Failure::kNone: return Failure::kNone;
    case redis::Failure::kTimeout: return Failure::kTimeout;
    case redis::Failure::kBusy: return Failure::kBusy;
    case redis::Failure::kEnding: return Failure::kEnding;
    case redis::Failure::kUnavailable:
    case redis::Failure::kLost:
    case redis::Failure::kProtocol: return Failure::kUnavailable;
    case redis::Failure::kRefused: break;
  }
  // Redis 6 puts what a command in a script said behind words of its own.
  const auto says = [&](std::string_view word) { return reply.text.find(word) != std::string::npos; };
  if (says("OOM command") || says("MISCONF")) return Failure::kFull;
  if (says("READONLY")) return Failure::kReadOnly;
  return Failure::kUnavailable;
}

}  // namespace proxy::state
