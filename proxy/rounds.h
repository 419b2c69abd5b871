#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace proxy {

/// A thread that does a round of work whenever it is woken, at least once in an interval, and a last one when it
/// is told to end: what writers of logs and events are, who empty the workers' rings.
class Rounds {
 public:
  Rounds() = default;
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;
  ~Rounds() { stop(); }

  /// `round` must not throw; it is told whether it is the last one. Throws std::system_error without a thread.
  void start(std::chrono::milliseconds interval, std::function<void(bool last)> round);
  /// Any thread: a round soon.
  void wake() noexcept;
  /// Waits for the last round. Nothing when it has not been started, or has ended.
  void stop() noexcept;
  /// In a round: waits; true at once when it is to end.
  bool wait_for_end(std::chrono::milliseconds time);

 private:
  void run(std::chrono::milliseconds interval);

  std::function<void(bool)> round_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace proxy
