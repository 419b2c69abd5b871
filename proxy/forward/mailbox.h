#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/forward/flights.h"
#include "proxy/posted.h"

namespace proxy::forward {

/// One landing for one request of a worker, or what the second level says of a question before it is asked.
struct Delivery {
  static constexpr std::uint32_t kNoCall = 0xFFFFFFFF;
  std::uint64_t pending = 0;  // of a call: the number of the look-up
  std::uint32_t rule = 0;
  std::shared_ptr<const Landing> landing;  // of a call: null when nothing was found
  std::uint32_t call = kNoCall;
};

/// Where other workers leave landings for one worker. Lives longer than any worker.
class Mailbox : public Posted<Delivery> {
 public:
  /// Requests of this worker that wait. Written by its thread, read by any.
  std::atomic<std::size_t> waiting{0};
};

}  // namespace proxy::forward
