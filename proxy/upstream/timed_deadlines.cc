#include "proxy/upstream/timed_deadlines.h"

namespace proxy::upstream {

void TimedDeadlines::open(uv_loop_t& loop) noexcept {
  timer_ = net::open_uv<uv_timer_t>(this, [&](uv_timer_t* timer) { return uv_timer_init(&loop, timer); });
}

/// The timer may be early, when what it was set for has been taken out: then it finds nothing due and is set
/// again. It is never late.
void TimedDeadlines::arm() noexcept {
  if (deadlines_.empty() || timer_ == nullptr) return;
  armed_ms_ = deadlines_.next_ms();
  const std::uint64_t now = uv_now(timer_->loop);
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<TimedDeadlines*>(timer->data)->on_timer();
      },
      armed_ms_ > now ? armed_ms_ - now : 0, 0);
}

void TimedDeadlines::on_timer() noexcept {
  armed_ms_ = UINT64_MAX;
  const std::uint64_t now = uv_now(timer_->loop);
  while (deadlines_.run_one(now)) {
  }
  if (!deadlines_.empty() && deadlines_.next_ms() < armed_ms_) arm();
}

}  // namespace proxy::upstream
