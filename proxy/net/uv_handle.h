#pragma once

#include <uv.h>

#include <memory>

namespace proxy::net {

/// Gives a libuv handle back. libuv reads the memory until the close callback, one loop turn after
/// uv_close(), so the callback is where it is deleted.
struct CloseUv {
  template <typename T>
  void operator()(T* handle) const noexcept {
    handle->data = nullptr;  // a late callback finds no owner and returns
    uv_close(reinterpret_cast<uv_handle_t*>(handle),
             [](uv_handle_t* closed) noexcept { delete reinterpret_cast<T*>(closed); });
  }
};

/// Owns one open handle. Destroyed on its loop's thread, before the loop's last turn.
template <typename T>
using UvHandle = std::unique_ptr<T, CloseUv>;

/// Opens a handle. `init` calls its uv_*_init() and nothing more: from then on only uv_close() may
/// free it. Callbacks find `owner` in handle->data. Null when init fails.
template <typename T, typename Init>
UvHandle<T> open_uv(void* owner, Init init) {
  auto raw = std::make_unique<T>();
  if (init(raw.get()) < 0) return nullptr;
  raw->data = owner;
  return UvHandle<T>{raw.release()};
}

}  // namespace proxy::net
