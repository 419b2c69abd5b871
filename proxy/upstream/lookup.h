#pragma once

#include <netdb.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "proxy/net/uv_handle.h"

namespace proxy::upstream {

/// getaddrinfo(3) or what a test puts in its place. What it answers is freed with freeaddrinfo().
/// Thread: any, and several at once.
using Resolver = int (*)(const char* host, const char* service, const addrinfo* hints,
                         addrinfo** answer);

/// One name look-up, off the loop. A resolver cannot be called off: without a name server it takes tens
/// of seconds. So it runs on a thread of its own that nobody ever waits for: not libuv's threads, which
/// the end of the process waits for and which slow names would take from everything else that uses
/// them. Owns itself until its owner has been told or has cancelled it. Thread: the loop's.
class Lookup {
 public:
  /// What getaddrinfo() said, and its answer, which is good for the call; null when `status` is not 0.
  using Done = std::function<void(int status, const addrinfo* answer)>;

  /// Null when it could not be begun; throws std::bad_alloc. `done` is called in a later turn. Whoever
  /// looks up has one under way at most, which bounds the threads.
  static Lookup* begin(uv_loop_t& loop, Resolver resolver, const std::string& host, Done done);
  /// The owner does not want to know any more, and is not told. Ends this.
  void cancel() noexcept;
  /// What `status` means, static.
  static const char* reason(int status) noexcept { return ::gai_strerror(status); }

  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  struct Shared;
  explicit Lookup(Done done) noexcept : done_(std::move(done)) {}
  void on_done() noexcept;

  Done done_;
  std::shared_ptr<Shared> shared_;  // with the thread
  net::UvHandle<uv_async_t> wake_;
};

}  // namespace proxy::upstream
