#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/forward/flights.h"
#include "proxy/net/uv_handle.h"

namespace proxy::forward {

/// One landing for one request of a worker, or what the second level says of a question before it is asked.
struct Delivery {
  static constexpr std::uint32_t kNoCall = 0xFFFFFFFF;
  std::uint64_t pending = 0;  // of a call: the number of the look-up
  std::uint32_t rule = 0;
  std::shared_ptr<const Landing> landing;  // of a call: null when nothing was found
  std::uint32_t call = kNoCall;
};

/// Where other workers leave landings for one worker. Lives longer than any worker; open only while
/// its own loop runs, and what is posted to a closed one is dropped: nobody waits there any more.
class Mailbox {
 public:
  using Take = std::function<void(std::vector<Delivery>&)>;

  /// Wakes `loop` for deliveries from now on; `take` is called from there. False when libuv
  /// refuses.
  bool open(uv_loop_t& loop, Take take);
  /// The loop's thread, before the loop's last turn.
  void close();

  /// Any thread. What finds no memory is dropped: the request's deadline sees to it.
  void post(Delivery delivery) noexcept;

  /// Requests of this worker that wait. Written by its thread, read by any.
  std::atomic<std::size_t> waiting{0};

 private:
  void on_wake();

  std::mutex mutex_;
  std::vector<Delivery> posted_;
  net::UvHandle<uv_async_t> wake_;
  std::vector<Delivery> taken_;  // the loop's
  Take take_;
};

}  // namespace proxy::forward
