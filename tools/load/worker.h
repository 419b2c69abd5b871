#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/load/answer.h"
#include "tools/load/collector.h"
#include "tools/load/connection.h"
#include "tools/load/exchange_list.h"
#include "tools/load/schedule.h"
#include "tools/load/tally.h"
#include "tools/load/traffic.h"

namespace load {

/// Of the buffer a thread reads into.
inline constexpr std::size_t kBufferBytes = 256 * 1024UL;

/// What every thread of a run is told. Immutable while they run; outlives them.
struct WorkerPlan {
  Address address;
  std::string host;
  SSL_CTX* tls = nullptr;  // null: plain
  bool tls_verify = true;
  bool tls_resume = false;
  const TrafficPlan* traffic = nullptr;
  const Schedule* schedule = nullptr;  // null: closed loop, as fast as the answers come
  Spacing spacing = Spacing::kConstant;
  std::uint64_t seed = 1;
  unsigned threads = 1;
  unsigned connections = 64;            // over all threads
  unsigned pipeline = 1;                // requests out per connection
  std::uint64_t max_requests = 0;       // over all threads; 0: no limit
  std::uint64_t backlog_max = 100'000;  // over all threads: due, waiting for a connection
  bool keep_alive = true;
  std::uint64_t duration_ns = 10 * kNsPerSecond;
  std::uint64_t timeout_ns = 5 * kNsPerSecond;  // of one attempt, from its being handed over
  unsigned retries = 1;                         // after a time-out (protocol.md a.9)
  std::uint64_t warmup_ns = 0;
  std::uint64_t drain_ns = 11 * kNsPerSecond;  // after the last request was due
  std::uint64_t interval_ns = kNsPerSecond;
  std::uint64_t spin_ns = 0;  // closer than this to the next send time: do not sleep
};

/// One thread's event loop: sends when it is due, reads what comes, measures. Raw epoll and one
/// timerfd, because every layer between the clock and the socket would be part of what is measured.
///
/// Each exchange lives in a slot whose memory is used again; after the connections are warm,
/// nothing is allocated per request. All functions are called by one thread, except that `stop` may
/// be set by any.
class Worker {
 public:
  Worker(const WorkerPlan& plan, unsigned thread, Collector& collector,
         const std::atomic<bool>& stop);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Opens the connections of this thread before the clock starts. The count that are ready.
  unsigned prepare();
  /// Runs from `start_ns` (CLOCK_MONOTONIC) until the plan is at its end; ends by itself.
  void run(std::uint64_t start_ns);

  /// After run().
  const Measured& measured() const noexcept { return measured_; }
  /// Why a connection could not be opened, if one could not.
  const std::string& connect_fault() const noexcept { return connect_fault_; }

 private:
  // arriving.cc: what is due, and onto which connection it goes.
  void take_arrivals();
  void send_waiting();
  void start_exchange(std::uint64_t intended_ns, Connection& connection);
  void put_on(std::uint32_t slot, Connection& connection);
  Connection* find_room();
  Connection* open_closed();
  void fill(Connection& connection);
  void offer(Connection& connection);
  bool may_start() const noexcept;
  bool is_measured(std::uint64_t intended_ns) const noexcept;
  Tally& tally_of(const Exchange& exchange) noexcept;
  PhaseTally* phase_of(std::uint64_t intended_ns) noexcept;

  // answering.cc: what comes back, and what does not.
  void on_event(Connection& connection, std::uint32_t events);
  void on_ready(Connection& connection);
  void on_readable(Connection& connection, bool to_the_end);
  bool on_bytes(Connection& connection, std::string_view bytes);
  bool on_response(Connection& connection);
  void count_answer(const Exchange& exchange, const ResponseReader& reader);
  void flush(Connection& connection);
  void lose(Connection& connection, ErrorKind kind, const std::string& why);
  void release(Connection& connection);
  void send_again(std::uint32_t slot);
  void fail(std::uint32_t slot, ErrorKind kind, const std::string& why);
  void expire();
  void remember(const std::string& example);

  // worker.cc: the loop.
  void turn();
  std::uint64_t next_wake_ns() const noexcept;
  void sleep_until(std::uint64_t wake_ns);
  int poll(int timeout_ms);
  void close_interval(bool last);
  bool is_over() const noexcept;
  void wind_up();
  std::size_t out() const noexcept { return exchanges_.in_use(); }

  const WorkerPlan& plan_;
  const unsigned thread_;
  Collector& collector_;
  const std::atomic<bool>& stop_;
  int epoll_ = -1;
  int timer_ = -1;
  std::uint64_t armed_ns_ = 0;  // when the timer goes off; 0: it does not

  std::vector<std::unique_ptr<Connection>> connections_;
  // Ready and with room, longest unused first. An entry may have gone stale: looked at when taken.
  std::deque<std::uint32_t> available_;
  std::deque<std::uint32_t> closed_;  // may be opened
  struct Resting {
    std::uint32_t connection;
    std::uint64_t until_ns;
  };
  std::deque<Resting> resting_;  // could not connect: not tried again at once

  Traffic traffic_;
  std::optional<Arrivals> arrivals_;
  std::optional<std::uint64_t> next_arrival_ns_;  // after the start
  std::uint64_t requests_left_;                   // of this thread
  std::uint64_t backlog_max_;
  std::deque<std::uint64_t> backlog_;  // intended times, after the start
  std::deque<std::uint32_t> again_;    // exchanges waiting to be sent once more
  ExchangeList exchanges_;

  AnswerCheck answers_;
  SslSessionPtr session_;
  std::unique_ptr<char[]> buffer_;
  bool started_ = false;  // prepare() is over: requests may be sent
  std::uint64_t start_ns_ = 0;
  std::uint64_t now_ns_ = 0;       // after the start; read once a turn and wherever it is measured
  std::uint64_t last_due_ns_ = 0;  // when the last request was due
  std::size_t interval_ = 0;
  IntervalCounts interval_counts_;
  Histogram interval_response_;
  Measured measured_;
  std::string connect_fault_;

  std::uint64_t read_clock() noexcept;
};

/// CLOCK_MONOTONIC.
std::uint64_t monotonic_ns() noexcept;

}  // namespace load
