#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "proxy/state/store.h"

namespace proxy::state {

/// How long the admin address waits for the state.
inline constexpr std::chrono::seconds kAdminWait{5};

/// Waits on the calling thread for something that answers by a callback: `begin(done)` begins it. What it
/// answers, or `late` when it takes longer than kAdminWait; then it goes on, and its answer is for nobody.
/// Never on a worker's thread.
template <typename Answer, typename Begin>
Answer wait_for(Begin begin, Answer late) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  begin([promise](Answer given) { promise->set_value(std::move(given)); });
  if (answer.wait_for(kAdminWait) != std::future_status::ready) return late;
  return answer.get();
}

}  // namespace proxy::state
