#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/decisions/cache.h"
#include "core/decisions/key.h"
#include "core/gate/at_hand.h"
#include "proxy/forward/flights.h"

namespace proxy::forward {

/// Decisions that machines share, behind the cache of each. What is found there is in the cache before it is
/// told. Thread: any.
class SecondLevel {
 public:
  virtual ~SecondLevel() = default;

  /// Whether it is worth asking now: it is there, as far as is known.
  virtual bool ready() const noexcept = 0;
  /// What is kept under the keys of `asked`, which outlives the call alone; null when there is nothing. `done` is
  /// called once, within the configured wait, on any thread, perhaps before the call returns; it does not block and
  /// does not throw. Throws std::bad_alloc.
  virtual void find(const core::gate::Asked& asked, std::function<void(std::shared_ptr<const Landing>)> done) = 0;

  /// Keeps a decision (encoded) behind an answer: nobody waits. What cannot be kept is not.
  virtual void keep(const core::decisions::Key& key, std::string_view decision,
                    const core::decisions::Lifetime& lifetime) noexcept = 0;
  /// The backend could not settle it.
  virtual void keep_unresolved(const core::decisions::Key& key, std::uint64_t for_ms) noexcept = 0;
};

}  // namespace proxy::forward
