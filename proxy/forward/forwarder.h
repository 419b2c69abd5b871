#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/kept_claims.h"
#include "core/gate/gate.h"
#include "core/http/out_buffer.h"
#include "core/mapping/mapping.h"
#include "proxy/forward/remark_log.h"
#include "proxy/forward/second_level.h"
#include "proxy/forward/serving.h"
#include "proxy/forward/shared.h"
#include "proxy/forward/trace.h"
#include "proxy/forward/workflows.h"
#include "proxy/net/handler.h"
#include "proxy/net/server.h"
#include "proxy/upstream/asker.h"
#include "proxy/upstream/timed_deadlines.h"

namespace proxy::forward {

class Forwarder;

/// A request that waits for a backend: its own copy of what is needed to answer it. The evaluation
/// is not among that: it is made again, from the claims that were read, with the decisions that have
/// come.
struct Pending {
  Pending(Forwarder& whose, upstream::Deadlines& deadlines, upstream::Deadline::OnDue on_due)
      : forwarder(whose), due(deadlines, this, on_due) {}

  Forwarder& forwarder;
  upstream::Deadline due;
  std::uint64_t id = 0;
  std::shared_ptr<Serving> serving;
  const core::gate::Connector* connector = nullptr;
  std::string body;  // with claims::kReadPadding behind it
  core::claims::KeptClaims claims;  // of the body
  core::http::After after = core::http::After::kKeepOpen;
  bool close = false;  // its connection ends with the answer
  net::Ticket ticket;
  net::PeerAddress peer;
  upstream::Trace trace;
  std::uint64_t began_ns = 0;     // monotonic, when it was read
  std::int64_t now_s = 0;         // wall clock: rules see the same time whenever they go on
  std::size_t wire_bytes = 0;
  std::uint32_t backend_us = 0;  // spent waiting for backends, by their own account

  struct Received {
    std::uint32_t rule;
    core::gate::Source source;
    std::shared_ptr<const Landing> landing;
    bool joined;
  };
  std::vector<Received> received;
  core::gate::Asked asked;  // what it waits for
  bool leads = false;       // it has begun that call
  std::size_t* crowd = nullptr;  // how many of its connector wait
  std::size_t held = 0;     // bytes counted in the server's memory

  /// The body without what is behind it.
  std::string_view text() const noexcept;
  /// As new, but for the memory that the next request can use.
  void renew() noexcept;
};

/// How the answer to a request that has waited goes out.
struct Told {
  core::http::After after = core::http::After::kKeepOpen;
  bool close = false;  // the connection ends with it
  bool gone = false;   // the connection closed before its answer was there
};

/// Counts and logs what became of requests that have waited. Thread: the forwarder's.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual std::string_view date() noexcept = 0;
  /// The answer is in `out`, alone. True: somebody else completes the request's ticket, later; else what
  /// is in `out` then is told.
  virtual bool settled(const Pending& pending, core::gate::Report& report, core::http::OutBuffer& out,
                       const Told& told) noexcept = 0;
};

/// Brings a worker's requests to the decisions that their rules wait for: joins a question under
/// way or asks the backend, keeps what it decides, resumes whoever waited, and at a connector's
/// deadline has its `otherwise` told, whatever the backend does (docs/forwarding.md).
///
/// A call belongs to nobody: the client that began it may leave, its deadline may pass, and still
/// its answer fills the cache and reaches those who have joined.
///
/// Thread: its worker's loop.
class Forwarder {
 public:
  struct Options {
    std::size_t worker = 0;
    std::size_t pending_max = 4096;
    std::uint64_t seed = 0;  // of trace numbers
    Workflows* workflows = nullptr;  // who answers what rules ask of the state; null: nobody
    SecondLevel* second_level = nullptr;  // null: decisions are this machine's alone
  };
  Forwarder(uv_loop_t& loop, Shared& shared, Ledger& ledger, const Options& options);
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  /// Before the loop runs. Both outlive the forwarder's close().
  void attach(net::Server& server, upstream::Asker& asker) noexcept;
  /// The names of the backends that the asker has, in the order of their numbers. A request that
  /// began under another edition asks the one of the same name.
  void use_backends(std::vector<std::string> names);
  /// From now on requests begin under `serving`. Connectors are the same when their names are: those who
  /// wait under an older edition count on.
  void use_connectors(Serving& serving);

  /// The gate of `serving` has come to an ask rule (`report.asks`). True: the request waits, its
  /// ticket is taken. False: it cannot, and is to be answered at once for the reason in `why`.
  bool begin(const net::Exchange& exchange, const core::gate::Report& report,
             const std::shared_ptr<Serving>& serving, std::uint64_t began_ns,
             core::gate::Fallback& why) noexcept;

  /// The last answer of this gate was a stale decision of `report.refresh`: asks for a new one,
  /// which nobody waits for.
  void refresh(const core::gate::Report& report, std::string_view body,
               const std::shared_ptr<Serving>& serving) noexcept;

  /// Whether limits that machines share are asked; else they are counted here.
  bool shares_limits() const noexcept { return options_.workflows != nullptr && options_.workflows->counts(); }
  /// No request waits, of any worker: what this one has asked may be what another's waits for.
  bool idle() const noexcept;
  /// Forgets whatever is under way. Before the loop's last turn.
  void close() noexcept;

 private:
  /// A question that a backend has been asked. Keeps the edition whose rule asks.
  struct Call;
  static constexpr std::size_t kSpareMax = 256;
  static constexpr unsigned kSlotBits = 32;

  void wait_for_landing(Pending& pending);
  void ask(const std::shared_ptr<Serving>& serving, const core::gate::Connector& connector,
           const core::gate::Asked& asked, std::string_view body, const upstream::Trace& trace) noexcept;
  void ask_workflow(const core::gate::Connector& connector, const core::gate::Asked& asked,
                    core::rules::Evaluation& evaluation, std::string_view body, std::int64_t now_s);
  void try_to_ask(const std::shared_ptr<Serving>& serving, const core::gate::Connector& connector,
                  const core::gate::Asked& asked, std::string_view body, const upstream::Trace& trace);
  void ask_backend(std::uint32_t call, const upstream::Trace& trace);
  bool look_up(std::uint32_t call, const upstream::Trace& trace);
  void found(std::uint32_t call, std::uint64_t lookup, const std::shared_ptr<const Landing>& landing) noexcept;
  std::uint32_t take_call();
  void give_back(std::uint32_t call) noexcept;
  void on_outcome(std::uint32_t number, upstream::Outcome&& outcome) noexcept;
  std::shared_ptr<Landing> take_landing();
  void settle(const Call& call, const upstream::Outcome& outcome, Landing& landing);
  void remember_unresolved(const core::gate::Asked& asked, std::uint64_t window_ms, std::uint64_t now) noexcept;
  void take_back(std::span<const core::gate::CountedAt> counted) noexcept;
  void land_unresolved(const core::gate::Asked& asked, core::gate::Fallback why,
                       bool from_inside) noexcept;
  /// True when it went to other workers, too.
  bool tell(const core::gate::Asked& asked, const std::shared_ptr<const Landing>& landing,
            bool from_inside) noexcept;
  void deliver(const Delivery& delivery) noexcept;
  void resume(Pending& pending, core::gate::Fallback give_up) noexcept;
  Pending* find(std::uint64_t id) noexcept;
  std::unique_ptr<Pending> take_pending();
  void give_back(std::unique_ptr<Pending> pending) noexcept;
  Pending& admit(std::unique_ptr<Pending> pending) noexcept;
  std::unique_ptr<Pending> dismiss(Pending& pending) noexcept;
  void note_pending() noexcept;
  std::uint64_t now_ms() const noexcept { return uv_now(&loop_); }

  uv_loop_t& loop_;
  Shared& shared_;
  Ledger& ledger_;
  const Options options_;
  Mailbox& mailbox_;
  Tracing tracing_;
  net::Server* server_ = nullptr;
  upstream::Asker* asker_ = nullptr;
  upstream::TimedDeadlines deadlines_;  // of those that wait
  std::uint64_t next_number_ = 1;
  std::vector<std::unique_ptr<Pending>> slots_;  // by the low half of their ids
  std::vector<std::uint32_t> free_slots_;        // room for all
  std::vector<std::unique_ptr<Pending>> spare_;  // of requests that were answered; room for kSpareMax
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::uint32_t> free_calls_;        // room for all
  std::shared_ptr<Landing> landing_;             // the last one; used again when nobody has it any more
  core::mapping::Question question_;             // its memory
  std::uint64_t lookups_ = 0;                    // that were begun at the second level
  std::vector<std::string> backends_;  // of the asker's edition, in its order
  std::map<std::string, std::size_t> crowds_;  // requests that wait, by connector
  std::vector<core::gate::Given> given_;
  core::mapping::ReplyRoom reply_room_;
  core::mapping::Answer answer_;  // its memory
  RemarkLog remarks_;
  core::http::OutBuffer out_;
  bool closed_ = false;
};

}  // namespace proxy::forward
