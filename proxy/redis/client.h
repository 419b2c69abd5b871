#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/out_buffer.h"
#include "proxy/net/uv_handle.h"
#include "proxy/redis/command.h"
#include "proxy/redis/counters.h"
#include "proxy/redis/options.h"
#include "proxy/redis/reply.h"
#include "proxy/redis/wire.h"
#include "proxy/upstream/addresses.h"
#include "proxy/upstream/deadlines.h"
#include "proxy/upstream/lookup.h"
#include "proxy/upstream/random.h"

namespace proxy::redis {

/// A Redis or Valkey server over one connection, pipelined: what is asked in one turn of the loop goes out
/// together, answers come in order. Nothing waits longer than its own deadline, whatever the server does,
/// and nothing is sent twice: an answer that does not come leaves open whether the command was done.
///
/// A connection that ends is made again, at once after a good one, with growing, jittered pauses after a
/// bad one; during a pause commands are refused at once (kUnavailable), so that nobody waits for a
/// server that is known to be away. One that is asked and silent is closed.
///
/// Thread: the loop's.
class Client final : private Wire::Owner {
 public:
  /// Called once for each ask(), from the loop or from inside ask(). `reply` is the callee's to take; it
  /// is nil but for kNone and kRefused (the server's error).
  using Done = std::function<void(Failure, Reply& reply)>;

  Client(uv_loop_t& loop, Options options, Counters& counters, std::uint64_t seed);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins to connect.
  void start() noexcept;
  /// `deadline_ms` as uv_now() counts. Throws std::bad_alloc, and has asked nothing then.
  void ask(Command command, std::uint64_t deadline_ms, Done done);
  /// Tells whoever waits kEnding, closes the connection, and refuses what comes. Not from inside a Done.
  void close() noexcept;

  bool connected() const noexcept { return state_ == State::kReady; }
  /// Commands that wait for an answer.
  std::size_t waiting() const noexcept { return held_; }
  const Options& options() const noexcept { return options_; }
  uv_loop_t* loop() const noexcept { return &loop_; }
  /// Called whenever a connection is ready. Set before start().
  std::function<void()> on_ready;

 private:
  enum class State : std::uint8_t { kAway, kConnecting, kGreeting, kReady, kClosed };
  struct Pending;
  enum class Greeting : std::uint8_t { kAuth, kSelect, kName, kScript, kPing };

  void on_open() noexcept override;
  void on_bytes(std::string_view bytes) noexcept override;
  void on_end(std::string_view why) noexcept override;

  void connect() noexcept;
  void connect_to_addresses() noexcept;
  void greet();
  bool take_greeting(const Reply& reply) noexcept;
  void become_ready() noexcept;
  void take(Reply& reply) noexcept;
  bool send_as_text(std::unique_ptr<Pending>& pending);
  void lose(Failure failure, std::string_view why) noexcept;
  void fail_all(std::deque<std::unique_ptr<Pending>>& from, Failure failure) noexcept;
  void tell(Pending& pending, Failure failure, Reply& reply) noexcept;
  void on_due(Pending& pending) noexcept;
  void on_connect_due() noexcept;
  void ping() noexcept;
  void flush() noexcept;
  void on_prepare() noexcept;
  void on_timer() noexcept;
  void arm() noexcept;
  void note(std::string_view trouble) noexcept;
  std::uint64_t now_ms() const noexcept { return uv_now(&loop_); }

  uv_loop_t& loop_;
  const Options options_;
  Counters& counters_;
  upstream::Random random_;
  upstream::Addresses addresses_;
  net::SslSessionPtr session_;
  upstream::Deadlines deadlines_;
  upstream::Deadline connect_due_;  // connecting: it has taken too long; away: the next attempt
  upstream::Deadline silence_due_;  // asked, and nothing came
  upstream::Deadline ping_due_;
  net::UvHandle<uv_timer_t> timer_;
  net::UvHandle<uv_prepare_t> prepare_;
  std::uint64_t armed_ms_ = UINT64_MAX;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<ReplyReader> reader_;
  upstream::Lookup* lookup_ = nullptr;  // owns itself
  std::vector<Greeting> greeting_;      // what its answers are to
  std::size_t greeted_ = 0;
  std::deque<std::unique_ptr<Pending>> waiting_;    // not sent yet
  std::deque<std::unique_ptr<Pending>> in_flight_;  // sent, in order
  core::http::OutBuffer batch_;
  std::size_t held_ = 0;
  std::size_t held_bytes_ = 0;
  std::uint64_t ready_ms_ = 0;
  unsigned failures_ = 0;  // in a row
  State state_ = State::kAway;
  bool literal_ = false;  // the host is an address
  bool started_ = false;
  bool pausing_ = false;  // connect_due_ begins the next attempt
  std::string noted_;  // the trouble that was logged last
};

}  // namespace proxy::redis
