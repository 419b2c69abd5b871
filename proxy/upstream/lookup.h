#pragma once

#include <uv.h>

#include <string>

namespace proxy::upstream {

class Endpoint;

/// One name look-up, off the loop (libuv's threads). Owns itself: it ends with its callback, which libuv
/// calls in any case, also after cancel(). Thread: the loop's.
class Lookup {
 public:
  /// Null when it could not be begun. The endpoint is told by Endpoint::on_resolved().
  static Lookup* begin(uv_loop_t& loop, Endpoint& endpoint, const std::string& host);
  /// The endpoint does not want to know any more.
  void cancel() noexcept;

  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  explicit Lookup(Endpoint& endpoint) noexcept : endpoint_(&endpoint) {}
  static void on_done(uv_getaddrinfo_t* request, int status, addrinfo* answer) noexcept;

  uv_getaddrinfo_t request_{};
  Endpoint* endpoint_;
};

}  // namespace proxy::upstream
