#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/response_reader.h"
#include "proxy/net/memory.h"
#include "proxy/net/tls_session.h"
#include "proxy/net/unique_fd.h"
#include "proxy/net/uv_handle.h"
#include "proxy/upstream/addresses.h"
#include "proxy/upstream/call.h"
#include "proxy/upstream/counters.h"
#include "proxy/upstream/deadlines.h"

namespace proxy::upstream {

/// One socket to an endpoint, with TLS or without. It connects (trying the name's addresses one after
/// the other), then carries one exchange after the other, never two at a time. While nothing is asked
/// any byte or end from the other side closes it. Watched by a uv_poll_t that stays registered for
/// reading, so an exchange costs one send and one recv. Owned by its endpoint until close(), by the
/// switchboard until the end of the turn. Thread: the loop's.
class Connection {
 public:
  enum class State : std::uint8_t { kConnecting, kHandshaking, kIdle, kBusy, kClosed };
  enum class Begun : std::uint8_t { kYes, kNothingSent };

  explicit Connection(Endpoint& endpoint);  // throws std::bad_alloc
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect. Success and failure are told to the endpoint later, never from here.
  void open() noexcept;
  /// Sends the request of `attempt`. kNothingSent: not a byte went out, and the connection is closed.
  Begun begin(Try& attempt) noexcept;
  /// True when nothing has come in since the last answer; costs a system call.
  bool quiet() const noexcept;
  /// Ends it at once. Tells nobody but the counters.
  void close(CloseReason reason) noexcept;
  /// Its try is ended by its call.
  void cancel(CloseReason reason) noexcept;

  State state() const noexcept { return state_; }
  /// The backend's options have changed: their limits count from the next answer on.
  void adopt_limits() noexcept;
  bool established() const noexcept { return state_ == State::kIdle || state_ == State::kBusy; }
  bool used() const noexcept { return exchanges_ > 0; }
  const Address& address() const noexcept { return order_[at_]; }
  std::uint64_t idle_since_ms() const noexcept { return idle_since_ms_; }

 private:
  friend class Endpoint;
  friend class Switchboard;  // which buries it

  static void on_poll(uv_poll_t* poll, int status, int events) noexcept;
  void on_events(int status, int events) noexcept;
  bool connect_next() noexcept;
  void on_connected() noexcept;
  void shake_hands(std::string_view received) noexcept;
  void become_ready() noexcept;
  bool receive() noexcept;
  void take_cipher_text(std::string_view received) noexcept;
  bool take_unasked() noexcept;
  void keep_session() noexcept;
  bool take(std::string_view bytes, std::size_t& left_over) noexcept;
  /// How the other side went: it said so over TLS, closed its socket in order, or was cut off.
  enum class End : std::uint8_t { kSaid, kClosed, kCutOff };
  void on_end(End end) noexcept;
  void answered(bool left_over, bool ended) noexcept;
  void fail(Failure failure, CloseReason reason) noexcept;
  void fail_to_connect(Failure failure) noexcept;
  bool send_out() noexcept;
  bool flush_unsent() noexcept;
  void watch(int events) noexcept;
  void on_due() noexcept;

  Endpoint& endpoint_;
  net::UniqueFd fd_;
  net::UvHandle<uv_poll_t> poll_;  // closed before fd_
  Deadline deadline_;              // while it connects
  std::unique_ptr<net::TlsSession> tls_;
  core::http::ResponseReader reader_;
  net::Held held_;                 // what reader_ holds
  std::string unsent_;             // what the socket did not take
  std::size_t unsent_at_ = 0;
  Try* try_ = nullptr;
  Connection* previous_ = nullptr;  // neighbours among all of the endpoint's
  Connection* next_ = nullptr;
  Connection* idle_previous_ = nullptr;  // neighbours among the idle ones
  Connection* idle_next_ = nullptr;
  Address order_[Addresses::kTriedMax];
  std::size_t order_size_ = 0;
  std::size_t at_ = 0;
  std::uint64_t connect_until_ms_ = 0;
  std::uint64_t idle_since_ms_ = 0;
  std::uint32_t exchanges_ = 0;
  Failure last_failure_ = Failure::kConnect;
  State state_ = State::kConnecting;
  std::uint8_t watched_ = 0;
  bool in_idle_ = false;
  bool tls_ended_ = false;  // the other side has said that nothing more comes
};

}  // namespace proxy::upstream
