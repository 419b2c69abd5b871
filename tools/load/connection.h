#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "tools/load/response_reader.h"
#include "tools/load/target.h"
#include "tools/load/tls.h"

namespace load {

/// One connection to the server, plain or TLS, opened and closed many times in its life. It moves
/// bytes and knows nothing of what they are for; `exchanges` and `reader` are kept here for the
/// worker. Never blocks. Belongs to one thread.
class Connection {
 public:
  enum class State : std::uint8_t { kClosed, kConnecting, kHandshaking, kReady };
  enum class Io : std::uint8_t { kMoved, kWouldBlock, kEnded, kFailed };

  explicit Connection(std::uint32_t number) : index(number) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect. False when not even a socket can be had; fault() says why. A connection
  /// refused at once is reported by advance(), like one refused later. `context` may be
  /// null: plain. `session` may be null. Registers with `epoll`, edge-triggered, under `token`.
  bool open(int epoll, std::uint64_t token, const Address& address, SSL_CTX* context,
            const std::string& host, bool verify_host, SSL_SESSION* session);
  /// Goes on with connecting and handshaking. kMoved: ready. kFailed: fault() says why.
  Io advance();
  void close() noexcept;

  /// Adds bytes to be sent by flush().
  void queue(std::string_view bytes) { out_.append(bytes); }
  /// Sends what is queued as far as the kernel takes it; counts it in `sent`.
  Io flush(std::uint64_t& sent);
  /// Reads into `to`; `got` is above 0 for kMoved. After less than `size` on a plain connection
  /// there is nothing more to read before the next event.
  Io read(char* to, std::size_t size, std::size_t& got);

  State state() const noexcept { return state_; }
  bool tls() const noexcept { return ssl_ != nullptr; }
  bool handshake_failed() const noexcept { return handshake_failed_; }
  bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1; }
  SslSessionPtr session() const { return SslSessionPtr(SSL_get1_session(ssl_.get())); }
  bool opening() const noexcept {
    return state_ == State::kConnecting || state_ == State::kHandshaking;
  }
  const std::string& fault() const noexcept { return fault_; }

  const std::uint32_t index;            // among the worker's connections
  std::deque<std::uint32_t> exchanges;  // sent and unanswered, in order
  ResponseReader reader;
  std::uint64_t answers = 0;  // since it was opened
  bool available = false;     // is in the worker's list of connections with room

 private:
  Io fail(std::string fault);

  int fd_ = -1;
  int refused_ = 0;  // errno of a connect() that failed at once
  State state_ = State::kClosed;
  bool handshake_failed_ = false;
  SslPtr ssl_;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string fault_;
};

}  // namespace load
