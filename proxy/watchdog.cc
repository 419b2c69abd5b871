#include "proxy/watchdog.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace proxy {

void Watchdog::start(uv_loop_t& loop, const std::vector<std::unique_ptr<Worker>>& workers,
                     const process::Notifier& notifier) {
  const auto period = process::watchdog_period(std::getenv("WATCHDOG_USEC"),
                                               std::getenv("WATCHDOG_PID"), ::getpid());
  if (!period || !notifier.on()) return;
  workers_ = &workers;
  notifier_ = &notifier;
  timer_ =
      net::open_uv<uv_timer_t>(this, [&](uv_timer_t* raw) { return uv_timer_init(&loop, raw); });
  if (timer_ == nullptr) return;
  // Three signs in a period: one that comes late, or is lost, is no reason to start again.
  const auto third_ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(period->count() / 3'000, 1));
  seen_.assign(workers.size(), 0);
  on_time();
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* raw) noexcept {
        if (raw->data != nullptr) static_cast<Watchdog*>(raw->data)->on_time();
      },
      third_ms, third_ms);
}

/// Gives a sign when every worker has turned since it was last asked to, and asks again.
void Watchdog::on_time() {
  bool alive = true;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    Worker& worker = *(*workers_)[i];
    const std::uint64_t turns = worker.turns();
    alive = alive && (worker.ended() || seen_[i] == 0 || turns >= seen_[i]);
    if (turns >= seen_[i]) seen_[i] = turns + 1;  // a slow one is not asked for two turns
    worker.turn();
  }
  if (alive) notifier_->send("WATCHDOG=1");
}

}  // namespace proxy
