#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/mapping/mapping.h"
#include "proxy/forward/forwarder.h"

namespace proxy::forward {

/// A question of a forwarder: on its way to a backend, or to the second level before that. Thread: the forwarder's.
struct Forwarder::Call {
  std::shared_ptr<Serving> serving;
  const core::gate::Connector* connector = nullptr;
  core::gate::Asked asked;
  core::mapping::Kept kept;
  std::size_t number = 0;            // of the backend
  core::mapping::Question question;  // while the second level is asked
  upstream::Trace trace;             // the same
  std::uint64_t lookup = 0;          // 0: it is not
  std::size_t held = 0;              // bytes of the question, counted in the server's memory
};

}  // namespace proxy::forward
