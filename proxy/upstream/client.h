#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/net/memory.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/counters.h"
#include "proxy/upstream/lookup.h"
#include "proxy/upstream/options.h"

namespace proxy::upstream {

class Switchboard;

/// Asks the backends of a configuration for one worker: pools of kept connections, balancing, health,
/// breaker, retries, credentials (docs/upstream.md). Nothing here takes a lock while it asks.
///
/// Thread: the loop's, all of it but counters(). Call abort() before the destructor, and turn the loop
/// afterwards until uv_loop_close() gives 0: closing handles takes a turn. A name look-up under way is
/// not waited for.
class Client final : public Asker {
 public:
  /// `seed` makes balancing and jitter; workers have different ones. `memory` outlives the client and bounds
  /// what is asked and answered; null: nothing does. `resolver` looks names up.
  Client(uv_loop_t& loop, std::shared_ptr<const BackendList> backends, std::uint64_t seed,
         net::Memory* memory = nullptr, Resolver resolver = ::getaddrinfo);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  CallId ask(std::size_t backend, core::mapping::Question&& question, std::uint64_t deadline_ms,
             const Trace& trace, Done&& done) override;
  void forget(CallId call) noexcept override;

  /// Another edition: numbers given to ask() are its numbers from now on. Backends are the same when
  /// their names are, endpoints when name, server name and TLS settings are: connections, breaker,
  /// health and token stay theirs. Calls of a backend that is gone end as they would have.
  void adopt(std::shared_ptr<const BackendList> backends);

  /// Ends when idle: later questions are answered kEnding, unused connections close, checks stop.
  void drain();
  /// No call is under way and no connection is open.
  bool drained() const noexcept;
  /// Ends at once: each call is told kEnding, from here, and every connection closes. Nothing may be
  /// asked afterwards: nobody would be told.
  void abort();

  /// Any thread. Good as long as the client.
  const Counters& counters() const noexcept;

 private:
  net::Memory unbounded_{net::Memory::Bounds{}};
  std::unique_ptr<Switchboard> board_;
};

}  // namespace proxy::upstream
