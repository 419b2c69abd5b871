#pragma once

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/http/out_buffer.h"
#include "core/http/request_reader.h"
#include "proxy/net/address.h"
#include "proxy/net/connection.h"
#include "proxy/net/handler.h"
#include "proxy/net/listener.h"
#include "proxy/net/memory.h"
#include "proxy/net/tls_server.h"
#include "proxy/net/uv_handle.h"

namespace proxy::net {

/// What connections may cost a worker (docs/configuration.md, `limits`).
struct ServerLimits {
  core::http::Limits http;
  std::size_t connections_max = 16384;
  std::uint64_t requests_per_connection_max = 0;  // 0: no limit
  std::uint64_t head_timeout_ms = 10'000;   // from its first byte to the end of the head
  std::uint64_t body_timeout_ms = 10'000;   // from the end of the head to the end of the body
  std::uint64_t idle_timeout_ms = 60'000;   // between two requests
  std::uint64_t write_timeout_ms = 10'000;  // for a client to take what it asked for
  std::uint64_t tls_handshake_timeout_ms = 10'000;  // from accepting; with a PROXY header
  std::size_t tls_handshakes_max = 1024;    // under way at once; one more ends the oldest
  Memory::Bounds memory;                    // what connections and waiting requests may hold
};

/// What happened to connections, counted by the server's thread and read by any.
struct ServerCounters {
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> evicted{0};     // idle ones closed to make room
  std::atomic<std::uint64_t> turned_away{0}; // answered 503 because there was no room
  std::atomic<std::uint64_t> shed{0};        // given up, with what they had begun, for want of memory
  std::atomic<std::uint64_t> timed_out{0};   // head, body or write
  std::atomic<std::uint64_t> accept_pauses{0};  // out of file descriptors
  std::atomic<std::uint64_t> tls_handshakes{0};  // full ones, completed
  std::atomic<std::uint64_t> tls_resumed{0};     // completed by a ticket
  std::atomic<std::uint64_t> tls_failed{0};      // ended by an alert, ours or theirs
  std::atomic<std::uint64_t> proxy_refused{0};   // without an acceptable PROXY header
};

/// Adds to a counter that only this thread writes: no locked instruction, no shared cache line.
inline void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

/// The HTTP/1.1 server of one loop: its listeners, its connections, their deadlines and the memory
/// they share. Connections that are idle own nothing but themselves: bytes are received into one
/// buffer of the server's, answers are collected in another and leave with one send.
///
/// Deadlines cost no timer and no system call a request: a connection stands in one queue for each
/// phase, in the order of entering it, and one timer looks at the front of each queue. A connection
/// in use goes to the back of the idle queue once a sixteenth of the idle time-out, not at each
/// request, so an idle one is closed after the time-out and at most a sixteenth of it more.
///
/// Thread: the loop's. The destructor wants drained() or abort(), then turns of the loop.
class Server {
 public:
  Server(uv_loop_t& loop, const ServerLimits& limits, Handler& handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Begins to accept, with `tls` when it is not null, behind `front`. False when libuv refuses the
  /// descriptor.
  bool listen(ListenSocket socket, std::shared_ptr<const TlsServer> tls = nullptr,
              const Front& front = {});
  /// What the TLS listeners show from the next handshake on, in the order in which they were opened.
  void adopt_tls(std::vector<std::shared_ptr<const TlsServer>> tls);

  /// Stops accepting, closes idle connections, and lets every other end with its next answer.
  void drain();
  bool drained() const noexcept { return connection_count_ == 0; }
  /// Closes whatever is left at once.
  void abort();

  bool draining() const noexcept { return draining_; }

  /// Whether the ticket's connection is still there.
  bool waits(Ticket ticket) const noexcept {
    return ticket.generation != 0 && ticket.slot < slots_.size() &&
           slots_[ticket.slot].generation == ticket.generation &&
           slots_[ticket.slot].connection != nullptr;
  }

  /// Sends the answer that a connection waits for, and goes on with it. `close` says that the answer
  /// is the connection's last. False when the connection is gone. Not from inside a handler's call.
  bool complete(Ticket ticket, std::string_view answer, bool close) noexcept;

  const ServerCounters& counters() const noexcept { return counters_; }
  /// What connections hold; requests that wait are counted in it too, by whoever keeps them.
  Memory& memory() noexcept { return memory_; }
  const Memory& memory() const noexcept { return memory_; }

  /// Bytes of the receive buffer: libuv's lesson, larger than any usual request (performance.md).
  static constexpr std::size_t kReceiveBytes = 64 << 10;
  /// Answers waiting for one send before it is done, and the most a slow reader keeps waiting.
  static constexpr std::size_t kFlushBytes = 64 << 10;
  /// What one read of sealed bytes can open to: itself, and the part of a record that came before.
  static constexpr std::size_t kPlainBytes = kReceiveBytes + (17 << 10);
  /// Messages of one connection that are answered in one turn of the loop; then it is the others' turn.
  static constexpr unsigned kMessagesPerTurn = 16;

  // What takes long, which is reading or answering kLargeBytes at once, beginning a handshake, or the rest
  // of more messages than kMessagesPerTurn, is done once in a turn of the loop. Whoever comes with it later
  // in the same turn is postponed: those wait in line, and each turn gives them kLongWorkNs, or as much more
  // as the last of them takes. In between everybody is served whose request is small and here. So a small
  // request waits behind a few hundred microseconds of others' work, and not behind all of their handshakes and
  // bodies; and nobody who waits in line is overtaken.
  static constexpr std::size_t kLargeBytes = 16 << 10;
  static constexpr std::uint64_t kLongWorkNs = 200'000;
  /// In a turn with long work: what is read of others, and how many of their messages are answered.
  static constexpr std::size_t kReceiveBytesWhenBusy = 8 << 10;
  static constexpr unsigned kMessagesWhenBusy = 4;

 private:
  friend class Connection;
  friend class Listener;
  friend struct Exchange;

  void accept_one(UniqueFd fd, const sockaddr_storage& peer, std::uint16_t tls, const Front* front);
  bool open_tls();
  bool open_turns();
  /// Whether something in this turn has taken long.
  bool busy() const noexcept { return busy_; }
  void took_long() noexcept;
  /// Stops watching it until it has a turn (Connection::take_turn).
  void postpone(Connection& connection) noexcept;
  void give_turns() noexcept;
  void take_out(Connection& connection) noexcept;
  void evict_oldest_handshake() noexcept;
  void enqueue(Connection& connection, Connection::Phase phase) noexcept;
  void dequeue(Connection& connection) noexcept;
  void forget(Connection& connection) noexcept;
  bool evict_oldest_idle() noexcept;
  /// Sees that a connection or a handshake that begins may hold `bytes`: closes those idle longest.
  /// False when it must not begin.
  bool make_room_for_newcomer(std::size_t bytes) noexcept;
  /// The same for a message or an answer of `asking`: those whose head, body or answer has taken
  /// longest are given up. False when that is `asking` itself.
  bool make_room(Connection& asking, std::size_t bytes) noexcept {
    return memory_.fits(Memory::For::kMessages, bytes) || shed_others(asking, bytes);
  }
  std::size_t reader_bytes() const noexcept {
    return sizeof(core::http::RequestReader) + limits_.http.header_fields * sizeof(core::http::Header);
  }
  bool shed_others(Connection& asking, std::size_t bytes) noexcept;
  void sweep();
  void close_listeners();
  std::uint64_t now_ms() const noexcept { return uv_now(&loop_); }
  std::uint64_t timeout_ms(Connection::Phase phase) const noexcept;
  std::uint64_t idle_slack_ms() const noexcept { return limits_.idle_timeout_ms / 16; }

  /// For a connection that will wait; it has the ticket until complete() or until it closes.
  Ticket take_ticket(Connection& connection) noexcept;
  void give_back(Connection& connection) noexcept;

  std::unique_ptr<core::http::RequestReader> take_reader();
  void give_reader(std::unique_ptr<core::http::RequestReader> reader);

  /// Puts the buffers of answers aside for as long as it lives, and others in their place: somebody else
  /// is told something while a connection's answers lie in them. One at a time.
  class OwnBuffers {
   public:
    explicit OwnBuffers(Server& server) noexcept : server_(server) { swap(); }
    ~OwnBuffers() {
      swap();
      server_.shed_out_.clear();
      server_.shed_sealed_out_.clear();
    }
    OwnBuffers(const OwnBuffers&) = delete;
    OwnBuffers& operator=(const OwnBuffers&) = delete;

   private:
    void swap() noexcept {
      std::swap(server_.out_, server_.shed_out_);
      std::swap(server_.sealed_out_, server_.shed_sealed_out_);
    }
    Server& server_;
  };

  uv_loop_t& loop_;
  const ServerLimits limits_;
  Memory memory_;
  Handler& handler_;
  ServerCounters counters_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<const Front>> fronts_;  // outlive the listeners: connections look
  UvHandle<uv_timer_t> sweep_timer_;
  bool draining_ = false;
  std::size_t connection_count_ = 0;
  std::size_t handshake_count_ = 0;  // connections in Phase::kHandshake

  struct Queue {
    Connection* first = nullptr;
    Connection* last = nullptr;
  };
  Queue queues_[Connection::kPhaseCount];

  /// Who waits, by Ticket::slot. A slot is used again under another generation.
  struct Slot {
    Connection* connection = nullptr;
    std::uint32_t generation = 0;
    std::uint32_t next_free = 0;
  };
  std::vector<Slot> slots_;
  std::uint32_t free_slot_ = Connection::kNoSlot;

  std::unique_ptr<char[]> receive_;  // kPlainBytes and padding
  core::http::OutBuffer out_;

  UvHandle<uv_idle_t> turn_;  // begins a turn of the loop; runs behind one in which something took long
  bool busy_ = false;
  Queue postponed_;           // by earlier_ and later_
  // Only for TLS.
  std::vector<std::shared_ptr<const TlsServer>> tls_;  // by Connection's number
  std::unique_ptr<char[]> sealed_in_;                  // kReceiveBytes; null without TLS
  core::http::OutBuffer sealed_out_;
  std::unique_ptr<core::http::RequestReader> reader_;  // of whichever connection is being read
  std::vector<std::unique_ptr<core::http::RequestReader>> spare_readers_;
  core::http::OutBuffer shed_out_, shed_sealed_out_;  // see OwnBuffers
  bool shedding_ = false;
};

}  // namespace proxy::net
