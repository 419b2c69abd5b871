#include "proxy/upstream/health.h"

#include <algorithm>

namespace proxy::upstream {

void Health::check_passed(std::uint64_t now_ms) noexcept {
  checks_failed_ = 0;
  checks_passed_ = std::min(checks_passed_ + 1, options_.rise);
  if (ejected_ && checks_passed_ >= options_.rise) come_back(now_ms);
}

void Health::check_failed(std::uint64_t now_ms) noexcept {
  checks_passed_ = 0;
  checks_failed_ = std::min(checks_failed_ + 1, options_.fall);
  if (!ejected_ && checks_failed_ >= options_.fall) eject(now_ms);
}

void Health::try_succeeded() noexcept {
  failures_ = 0;
  ejections_ = 0;
}

bool Health::try_failed() noexcept {
  if (ejected_) return false;
  failures_ = std::min(failures_ + 1, options_.fall);
  return failures_ >= options_.fall;
}

void Health::eject(std::uint64_t now_ms) noexcept {
  ejected_ = true;
  failures_ = 0;
  checks_passed_ = 0;
  const std::uint64_t away_ms = kEjectedMs << std::min(ejections_, 5U);
  returns_ms_ = now_ms + std::min(away_ms, kEjectedMsMax);
  ++ejections_;
}

void Health::come_back(std::uint64_t now_ms) noexcept {
  ejected_ = false;
  failures_ = 0;
  checks_failed_ = 0;
  slow_return_.begin(now_ms, options_.slow_return_ms);
}

}  // namespace proxy::upstream
