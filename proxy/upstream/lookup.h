#pragma once

#include <netdb.h>
#include <uv.h>

#include <memory>
#include <string>

#include "proxy/net/uv_handle.h"

namespace proxy::upstream {

class Endpoint;
class Switchboard;

/// getaddrinfo(3) or what a test puts in its place. What it answers is freed with freeaddrinfo().
/// Thread: any, and several at once.
using Resolver = int (*)(const char* host, const char* service, const addrinfo* hints,
                         addrinfo** answer);

/// One name look-up, off the loop. A resolver cannot be called off: without a name server it takes tens
/// of seconds. So it runs on a thread of its own that nobody ever waits for: not libuv's threads, which
/// the end of the process waits for and which slow names would take from everything else that uses
/// them. Owns itself until the endpoint has been told or has cancelled it. Thread: the loop's.
class Lookup {
 public:
  /// Null when it could not be begun; throws std::bad_alloc. The endpoint is told by
  /// Endpoint::on_resolved(). An endpoint has one under way at most, which bounds the threads.
  static Lookup* begin(Switchboard& board, Endpoint& endpoint, const std::string& host);
  /// The endpoint does not want to know any more, and is not told. Ends this.
  void cancel() noexcept;
  /// What the `status` of Endpoint::on_resolved() means, static.
  static const char* reason(int status) noexcept { return ::gai_strerror(status); }

  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  struct Shared;
  explicit Lookup(Endpoint& endpoint) noexcept : endpoint_(endpoint) {}
  void on_done() noexcept;

  Endpoint& endpoint_;
  std::shared_ptr<Shared> shared_;  // with the thread
  net::UvHandle<uv_async_t> wake_;
};

}  // namespace proxy::upstream
