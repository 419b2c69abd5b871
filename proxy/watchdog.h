#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/net/uv_handle.h"
#include "proxy/process/notify.h"
#include "proxy/worker.h"

namespace proxy {

/// Gives the service manager its signs of life (WatchdogSec= of a systemd unit), for as long as
/// every worker's loop turns: a process with one worker that hangs is started again. Thread: the
/// loop's.
class Watchdog {
 public:
  /// Nothing when the manager wants no signs. The three outlive it or stop().
  void start(uv_loop_t& loop, const std::vector<std::unique_ptr<Worker>>& workers,
             const process::Notifier& notifier);
  void stop() noexcept { timer_.reset(); }

 private:
  void on_time();

  const std::vector<std::unique_ptr<Worker>>* workers_ = nullptr;
  const process::Notifier* notifier_ = nullptr;
  std::vector<std::uint64_t> seen_;  // turns of each worker when it was last asked for one
  net::UvHandle<uv_timer_t> timer_;
};

}  // namespace proxy
