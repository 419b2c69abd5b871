#pragma once

#include <uv.h>

#include <cstdint>

#include "proxy/net/uv_handle.h"
#include "proxy/upstream/deadlines.h"

namespace proxy::upstream {

/// Deadlines and the timer of their loop that calls them, for whoever has nothing else to time. Thread: the
/// loop's.
class TimedDeadlines {
 public:
  /// From here on what is due is called. Without a timer, which takes a lack of memory, nothing ever is.
  void open(uv_loop_t& loop) noexcept;
  /// Whoever has set any takes them out, before or afterwards.
  void close() noexcept { timer_.reset(); }
  bool is_open() const noexcept { return timer_ != nullptr; }

  /// To make a Deadline with.
  Deadlines& all() noexcept { return deadlines_; }
  /// Sets or moves it. `due_ms` as uv_now() counts.
  void set(Deadline& deadline, std::uint64_t due_ms) noexcept {
    deadlines_.set(deadline, due_ms);
    if (due_ms < armed_ms_) arm();
  }
  void clear(Deadline& deadline) noexcept { deadlines_.clear(deadline); }

 private:
  void arm() noexcept;
  void on_timer() noexcept;

  Deadlines deadlines_;
  net::UvHandle<uv_timer_t> timer_;
  std::uint64_t armed_ms_ = UINT64_MAX;
};

}  // namespace proxy::upstream
