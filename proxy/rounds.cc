#include "proxy/rounds.h"

#include <utility>

namespace proxy {

void Rounds::start(std::chrono::milliseconds interval, std::function<void(bool)> round) {
  round_ = std::move(round);
  thread_ = std::thread([this, interval] { run(interval); });
}

void Rounds::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void Rounds::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

// Absolute waits by the system's clock: the monotonic variant is one that ThreadSanitizer of the oldest supported
// compiler does not know.
bool Rounds::wait_for_end(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return wake_.wait_until(lock, std::chrono::system_clock::now() + time, [this] { return stopping_; });
}

void Rounds::run(std::chrono::milliseconds interval) {
  for (bool last = false; !last;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, std::chrono::system_clock::now() + interval, [this] { return woken_ || stopping_; });
      woken_ = false;
      last = stopping_;
    }
    round_(last);
  }
}

}  // namespace proxy
