#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/gate/caller.h"
#include "core/http/request_reader.h"
#include "proxy/net/address.h"
#include "proxy/net/memory.h"
#include "proxy/net/tls_session.h"

namespace proxy::net {

class CallerTrust;
class Server;

/// One accepted socket. It reads, has complete requests answered in order, and writes; what it does
/// not need while idle it does not own. Watched by a uv_poll_t and read and written by itself,
/// because the server shares its buffers between all connections of the loop. Owned by the loop:
/// close() is the end of it, one loop turn later libuv's close callback deletes it.
class Connection {
 public:
  /// What a deadline is running for. Each phase has a queue of the server's.
  enum class Phase : std::uint8_t { kIdle, kHead, kBody, kWriting, kLinger, kWaiting, kHandshake };
  static constexpr std::size_t kPhaseCount = 7;
  /// What a connection of a listener without TLS has for the number of its TLS.
  static constexpr std::uint16_t kPlain = 0xFFFF;

  /// Takes over `fd` and begins to watch it; null when libuv refuses it. `tls` is the number of the
  /// listener's TLS (Server::listen), or kPlain; `front` may be null, and outlives it.
  static Connection* open(Server& server, UniqueFd fd, const PeerAddress& peer, std::uint16_t tls,
                          const Front* front);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Ends it at once. The object lives until the loop's next turn but does nothing any more.
  void close() noexcept;

  /// The phase's deadline has passed.
  void on_deadline() noexcept;
  /// Its memory is wanted for others: what it has begun is given up. A request whose head was readable
  /// gets an answer, if the socket takes it at once; then it lingers, with nothing but itself.
  void shed() noexcept;
  /// The server drains: reads what may already have come, then ends if it is idle.
  void on_drain() noexcept;

 private:
  friend class Server;
  friend struct Exchange;
  Connection(Server& server, int fd, const PeerAddress& peer, std::uint16_t tls, const Front* front);
  ~Connection() = default;

  /// A message that came in pieces, or bytes that wait until the client has taken its answers.
  struct Input {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t capacity = 0;
    std::uint64_t began_ms = 0;  // when the message at its beginning was begun
    std::unique_ptr<core::http::RequestReader> reader;
    Held held;
    explicit Input(Memory& memory) noexcept : held(memory, Memory::For::kMessages) {}
  };
  /// Answers that the socket did not take.
  struct Output {
    std::string bytes;
    std::size_t sent = 0;
    Held held;
    explicit Output(Memory& memory) noexcept : held(memory, Memory::For::kMessages) {}
  };
  /// The caller's certificate, as `by` sees it.
  struct Shown {
    std::unique_ptr<const core::gate::ShownCertificate> certificate;
    std::shared_ptr<const CallerTrust> by;
  };
  enum class Flush : std::uint8_t { kDone, kBlocked, kFailed };

  static constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;

  static void on_poll(uv_poll_t* poll, int status, int events) noexcept;
  void on_readable() noexcept;
  bool takes_long() const noexcept;
  void take_turn() noexcept;
  void read(std::size_t room) noexcept;
  void receive_into_own(std::size_t room) noexcept;
  void on_writable() noexcept;
  // connection_end.cc: the last of it.
  void finish() noexcept;
  void discard() noexcept;
  void shed(core::http::RequestReader* reader, char* bytes, std::size_t size) noexcept;
  void send_at_once() noexcept;
  // connection_tls.cc: what is different when the bytes are sealed.
  void receive_sealed(std::size_t room) noexcept;
  bool begin_session() noexcept;
  bool shake_hands() noexcept;
  void take_plain_text(std::size_t size) noexcept;
  void say_goodbye() noexcept;
  void release_session() noexcept;
  std::size_t own_bytes() const noexcept;
  const core::gate::ShownCertificate* certificate(
      const std::shared_ptr<const CallerTrust>& trust) noexcept;
  // connection_front.cc: what load balancers say.
  void on_proxy_header() noexcept;
  PeerAddress caller_of(const core::http::Request& request) const noexcept;
  std::size_t converse(char* bytes, std::size_t size, core::http::RequestReader& reader) noexcept;
  bool wait_for_body(core::http::RequestReader& reader) noexcept;
  void settle(char* bytes, std::size_t size) noexcept;
  bool keep_rest(char* rest, std::size_t size) noexcept;
  bool reserve_input(std::size_t capacity) noexcept;
  void release_input() noexcept;
  Flush flush() noexcept;
  void go_on() noexcept;
  void complete(std::string_view answer, bool close) noexcept;
  void watch(int events) noexcept;
  void enter(Phase phase) noexcept;

  uv_poll_t poll_;
  Server& server_;
  // Neighbours in the queue of phase_, and among those that wait for a turn; kept by the server.
  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;
  Connection* earlier_ = nullptr;
  Connection* later_ = nullptr;
  std::uint64_t queued_ms_ = 0;
  std::uint64_t active_ms_ = 0;  // when it was last read
  Held held_;  // itself and its session; input and output count what they have
  std::unique_ptr<Input> input_;
  std::unique_ptr<Output> output_;
  std::unique_ptr<TlsSession> tls_;  // from the first byte of a handshake on
  std::unique_ptr<Shown> shown_;     // once somebody has asked for it
  const Front* front_;               // null: nobody stands in front
  std::unique_ptr<std::string> proxy_header_;  // as much as has come; null when it is read
  int fd_;
  std::uint32_t requests_ = 0;
  std::uint32_t slot_ = kNoSlot;  // of its ticket, while it waits
  std::uint16_t tls_number_;
  PeerAddress peer_;
  Phase phase_ = Phase::kIdle;
  std::uint8_t watched_ = 0;
  bool closed_ = false;
  bool postponed_ = false;    // it waits for a turn; nothing is read meanwhile
  bool waiting_ = false;      // for an answer that comes later; nothing is read meanwhile
  bool last_answer_ = false;  // the connection ends when what is written is out
  bool unfinished_ = false;   // more messages are here than fit a turn
  bool linger_ = false;       // and what the client still sends is read and thrown away first
};
static_assert(sizeof(Connection) <= 352, "an idle connection is this and nothing else");

}  // namespace proxy::net
