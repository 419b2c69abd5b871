#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/net/uv_handle.h"
#include "proxy/redis/client.h"
#include "proxy/redis/counters.h"
#include "proxy/redis/options.h"

namespace proxy::redis {

/// A client with a thread and a loop of its own, for whoever has something to ask from other threads.
/// What is posted while the loop is busy goes out together.
class Link {
 public:
  /// On the link's thread. Must not throw but for std::bad_alloc, whose work is then left undone.
  using Job = std::function<void(Client&)>;

  /// Begins at once, whether the server is there or not. Throws std::bad_alloc, std::system_error.
  Link(Options options, std::uint64_t seed);
  ~Link() { close(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Any thread. False when the link is closed: the job is not kept. Throws std::bad_alloc.
  bool post(Job job);
  /// Runs `job` every `period_ms` from now on, until the link closes. Throws std::bad_alloc. False when it
  /// is closed already.
  bool every(std::uint64_t period_ms, Job job);
  /// Runs what was posted, waits for the answers (each has its deadline) and ends the thread. Not from
  /// the link's thread.
  void close() noexcept;

  const Counters& counters() const noexcept { return counters_; }
  /// Whether commands can be sent now. Any thread.
  bool connected() const noexcept { return counters_.connected.load(std::memory_order_relaxed) != 0; }

 private:
  struct Repeated {
    Link& link;
    Job job;
    net::UvHandle<uv_timer_t> timer;
  };
  void run() noexcept;
  void on_wake();
  bool ending();

  Counters counters_;
  uv_loop_t loop_;
  net::UvHandle<uv_async_t> wake_;
  std::unique_ptr<Client> client_;
  std::mutex mutex_;
  std::vector<Job> posted_;
  bool closing_ = false;
  std::vector<Job> taken_;  // the thread's
  std::vector<std::unique_ptr<Repeated>> repeated_;  // the thread's
  std::thread thread_;
};

}  // namespace proxy::redis
