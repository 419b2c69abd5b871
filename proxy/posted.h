#pragma once

#include <uv.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "proxy/net/uv_handle.h"

namespace proxy {

/// Where other threads leave things for the one that runs a loop. Open only while that loop runs: what is
/// posted to a closed one is dropped, and what finds no memory is, too: make_room() sees to it that there is some.
template <typename Item>
class Posted {
 public:
  using Take = std::function<void(std::vector<Item>&)>;

  /// Wakes `loop` for what is posted from now on; `take` is called from there. False when libuv refuses.
  bool open(uv_loop_t& loop, Take take) {
    auto wake = net::open_uv<uv_async_t>(this, [&](uv_async_t* async) {
      return uv_async_init(&loop, async, [](uv_async_t* woken) {
        if (woken->data != nullptr) static_cast<Posted*>(woken->data)->on_wake();
      });
    });
    if (wake == nullptr) return false;
    uv_unref(reinterpret_cast<uv_handle_t*>(wake.get()));
    const std::lock_guard lock(mutex_);
    take_ = std::move(take);
    wake_ = std::move(wake);
    return true;
  }

  /// The loop's thread, before the loop's last turn.
  void close() {
    const std::lock_guard lock(mutex_);
    wake_.reset();
    posted_.clear();
  }

  /// The loop's thread: so many find room from now on, as long as it is open. Throws std::bad_alloc and has changed
  /// nothing then that matters.
  void make_room(std::size_t items) {
    std::vector<Item> other;
    other.reserve(items);
    const std::lock_guard lock(mutex_);
    posted_.reserve(items);
    (taking_ ? next_ : taken_).swap(other);  // the one is empty, as is the other while nothing is taken
  }

  /// Any thread.
  void post(Item item) noexcept {
    const std::lock_guard lock(mutex_);
    if (wake_ == nullptr) return;
    try {
      posted_.push_back(std::move(item));
    } catch (const std::bad_alloc&) {
      return;
    }
    // Inside the lock: close() cannot give the handle back meanwhile.
    if (posted_.size() == 1) uv_async_send(wake_.get());
  }

 private:
  void on_wake() {
    {
      const std::lock_guard lock(mutex_);
      taken_.swap(posted_);
    }
    taking_ = true;
    take_(taken_);
    taking_ = false;
    taken_.clear();
    if (next_.capacity() > taken_.capacity()) taken_.swap(next_);
    std::vector<Item>().swap(next_);
  }

  std::mutex mutex_;
  std::vector<Item> posted_;
  net::UvHandle<uv_async_t> wake_;
  std::vector<Item> taken_;  // the loop's
  std::vector<Item> next_;   // and what it is replaced by when it has been gone through
  bool taking_ = false;
  Take take_;
};

}  // namespace proxy
