#include "proxy/forward/mailbox.h"

#include <new>
#include <utility>

namespace proxy::forward {

bool Mailbox::open(uv_loop_t& loop, Take take) {
  auto wake = net::open_uv<uv_async_t>(this, [&](uv_async_t* async) {
    return uv_async_init(&loop, async, [](uv_async_t* woken) {
      if (woken->data != nullptr) static_cast<Mailbox*>(woken->data)->on_wake();
    });
  });
  if (wake == nullptr) return false;
  uv_unref(reinterpret_cast<uv_handle_t*>(wake.get()));
  const std::lock_guard lock(mutex_);
  take_ = std::move(take);
  wake_ = std::move(wake);
  return true;
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  wake_.reset();
  posted_.clear();
}

void Mailbox::post(Delivery delivery) noexcept {
  const std::lock_guard lock(mutex_);
  if (wake_ == nullptr) return;
  try {
    posted_.push_back(std::move(delivery));
  } catch (const std::bad_alloc&) {
    return;  // its deadline sees to the request
  }
  // Inside the lock: close() cannot give the handle back meanwhile.
  if (posted_.size() == 1) uv_async_send(wake_.get());
}

void Mailbox::on_wake() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(posted_);
  }
  take_(taken_);
  taken_.clear();
}

}  // namespace proxy::forward
