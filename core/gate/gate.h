#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/claims/kept_claims.h"
#include "core/dialects/dialect.h"
#include "core/gate/at_hand.h"
#include "core/gate/snapshot.h"
#include "core/http/message.h"
#include "core/http/out_buffer.h"
#include "core/http/response.h"
#include "core/rules/evaluation.h"

namespace core::gate {

/// What became of a request, for metrics and the access log. kContinue, kBlock and kValidationError
/// are verdicts; the rest never reached the rules or could not be told.
enum class Outcome : std::uint8_t {
  kContinue, kBlock, kValidationError,
  kFault,             // 500: a verdict that is illegal before the token, failing by configuration;
                      // 502: an event that nobody could be found to carry
  kNotFound,          // 404: no connector at this path
  kMethod,            // 405
  kUnauthorized,      // 401; 403 where nothing in Authorization would help
  kForbidden,         // 403: the caller's address
  kTooManyFailures,   // 429: its address has shown too many wrong credentials
  kMediaType,         // 415
  kBadBody,           // 400: see claims::ReadError
  kOverload,          // 503: the answer found no room
  kBadRequest,        // no acceptable HTTP request, or not in time: http::Refusal
};
inline constexpr std::size_t kOutcomeCount = 13;
/// As metrics and the access log write it.
std::string_view name(Outcome outcome) noexcept;

/// What `shadow_rules` would have told, beside what was told.
struct ShadowReport {
  bool ran = false;
  bool undecided = false;  // they could not be brought to an end
  bool differs = false;    // in verdict, message or claims; never when undecided
  rules::VerdictKind kind = rules::VerdictKind::kContinue;
  std::int32_t rule = rules::Verdict::kNoRule;  // of the shadow rules
};

struct Report {
  const Connector* connector = nullptr;  // null: no connector at this path
  dialects::Step step = dialects::Step::kUnknown;
  Outcome outcome = Outcome::kNotFound;
  std::int32_t rule = rules::Verdict::kNoRule;  // that decided; see rules::Verdict
  int status = 0;
  CallerFault fault = CallerFault::kNone;
  bool rewritten = false;       // the verdict was illegal at this step and another was told
  bool asks = false;            // nothing was written: a backend has to be asked, see Gate::asked()
  Source source = Source::kRules;
  Fallback fallback = Fallback::kNone;  // when the source is kOtherwise
  std::uint8_t hits = 0, stale_hits = 0;  // remembered decisions that it was told
  std::uint32_t refresh = Known::kNoRule;  // an ask rule whose stale decision is to be renewed
  std::size_t omitted = 0;      // claims left out of the answer (dialects::write_continue)
  std::uint8_t limits = 0;      // that it came to: Gate::at_hand().counted()
  std::uint64_t tags = 0;       // a bit for each of the connector's tags that the request got
  ShadowReport shadow = {};
};

/// One request's way through the house: bytes of a request in, bytes of its answer out. Holds the
/// scratch memory of one worker and no state from one request to the next. Thread: its worker's.
class Gate {
 public:
  /// For `snapshot`, as worker number `lane`. `body_bytes_max` sizes the scratch memory: an unescaped
  /// body and kScratchBytes for values computed on the way.
  Gate(std::shared_ptr<const Snapshot> snapshot, std::size_t lane, std::size_t body_bytes_max);

  static constexpr std::size_t kScratchBytes = 256 << 10;

  /// Takes up another configuration. Not while a request is being answered.
  void adopt(std::shared_ptr<const Snapshot> snapshot);
  /// Takes up other contents of the lists of its snapshot. Not while a request is being answered.
  void adopt_lists(std::shared_ptr<const lists::Table> table) noexcept;
  const Snapshot& snapshot() const noexcept { return *snapshot_; }
  /// What time it is, in seconds since 1970 UTC: rules that ask follow it until the next call.
  void use_time(std::int64_t now_s) noexcept { now_s_ = now_s; }
  std::int64_t time() const noexcept { return now_s_; }

  /// Where decisions are remembered; shared by all gates. Without it nothing is.
  void use_cache(decisions::Cache* cache, const decisions::Seed& seed) noexcept {
    at_hand_.use(cache, seed);
  }
  /// Where requests are counted; shared by all gates. Without it nothing is over a limit.
  void use_counters(velocity::Counters* counters) noexcept { at_hand_.use_counters(counters); }
  /// See AtHand.
  void share_limits(std::uint64_t first) noexcept { at_hand_.share_limits(first); }
  /// See AtHand.
  void use_salt(std::uint64_t salt) noexcept { at_hand_.use_salt(salt); }
  /// The time of the requests that follow: milliseconds of a clock that does not go back.
  void set_now(std::uint64_t now_ms) noexcept { at_hand_.set_now(now_ms); }

  /// Looks at a request whose body is still on its way. True when it is refused already (path,
  /// method, credentials, media type): the answer, with Connection: close, is in `out`.
  bool refuse_early(const http::Request& request, std::string_view date, http::OutBuffer& out,
                    Report& report, const Caller& caller = {}) noexcept;

  /// Answers a complete request into `out`, unless a backend has to be asked (Report::asks). `close` says that the connection ends with it. Never
  /// allocates for bodies of up to 64 members once `out` has its size.
  Report answer(const http::Request& request, std::string_view date, bool close,
                http::OutBuffer& out, const Caller& caller = {}) noexcept;

  /// The body that answer() has read at `connector`: that of `request`, or what its claims were written
  /// as (dialects::Terms::composes). Good until the next request.
  std::string_view body_read(const Connector* connector, const http::Request& request) const noexcept {
    return connector != nullptr && connector->terms.composes ? composed() : request.body;
  }

  /// Answers 429 to a caller that is barred for `barred_ms` more, whatever it asks.
  Report refuse_barred(const http::Request& request, std::string_view date, bool close,
                       std::uint64_t barred_ms, http::OutBuffer& out) noexcept;

  /// Answers a request whose body is not waited for, because the worker has no memory for it: with the
  /// connector's `otherwise`, at the step of its URL or an unknown one, or as refuse_early() does; an event of
  /// Entra, which says only in its body what it is, with 503. With Connection: close.
  Report shed(const http::Request& request, std::string_view date, http::OutBuffer& out,
              const Caller& caller = {}) noexcept;

  /// Behind an answer with a verdict, when it cannot go out after all: the connector's `otherwise` in its
  /// place, of the request that the evaluation has still. `report` is that answer's, and becomes this one's.
  void answer_otherwise(Report& report, http::After after, std::string_view date, http::OutBuffer& out) noexcept;

  /// The part of answer() behind the caller's admission: reads `body` as claims, decides, and writes
  /// the answer of `connector`. `tracer` may be null; `explain` listens with it.
  /// `known` is what a request that has waited was given.
  Report answer_body(const Connector& connector, std::string_view body, http::After after,
                     std::string_view date, http::OutBuffer& out, rules::Tracer* tracer = nullptr,
                     const Known& known = {}) noexcept;

  /// The same for a request that has waited: `body`'s claims, read once, are in `kept`. An event of Entra
  /// is more than its claims and is read again: `body` has kReadPadding behind it.
  Report answer_kept(const Connector& connector, const claims::KeptClaims& kept,
                     std::string_view body, http::After after, std::string_view date,
                     http::OutBuffer& out, const Known& known) noexcept;

  /// Behind an answer that asks: the claims as they came, before any rule had set one, for
  /// answer_kept(). `copy` is one of the `body` that was answered, see KeptClaims::keep(). Throws
  /// std::bad_alloc.
  void keep_claims(std::string_view body, std::string_view copy, claims::KeptClaims& kept);

  /// Behind an answer: what its rules stopped at, or what they want renewed. The evaluation is then
  /// as the ask rule saw it: a question can be made from it.
  const AtHand& at_hand() const noexcept { return at_hand_; }
  /// AtHand's rule number of events that are carried: no rule asked.
  static constexpr std::uint32_t kCarries = 0xFFFFFFFE;
  rules::Evaluation& asking() noexcept { return evaluation_; }

  /// The evaluation behind the last answer: which shadow rules would have acted.
  const rules::Evaluation& evaluation() const noexcept { return evaluation_; }

 private:
  std::string_view composed() const noexcept { return {composed_.data(), composed_size_}; }
  bool admit(const http::Request& request, std::string_view date, bool close, http::OutBuffer& out,
             Report& report, const Caller& caller) noexcept;
  bool settle(const Connector& connector, std::string_view body, http::After after,
              std::string_view date, http::OutBuffer& out, rules::Tracer* tracer,
              const Known& known, Report& report) noexcept;
  bool is_of_other_tenant() const noexcept;
  [[gnu::noinline]] void conclude(bool told, Report& report) noexcept;
  void no_room(http::After after, std::string_view date, http::OutBuffer& out,
               Report& report) noexcept;
  bool tell_otherwise(http::After after, std::string_view date, http::OutBuffer& out,
                      Report& report) noexcept;
  bool tell(const rules::Verdict& verdict, http::After after, std::string_view date,
            http::OutBuffer& out, Report& report) noexcept;
  void report_decisions(const rules::Verdict& verdict, Report& report) const noexcept;
  std::string_view message(std::uint32_t index) noexcept;
  bool find_words(const rules::Verdict& verdict, const Connector& connector,
                  rules::VerdictKind told, dialects::Words& words) noexcept;
  bool carry(std::string_view body, const Known& known, http::After after, std::string_view date,
             http::OutBuffer& out, Report& report) noexcept;
  void size_words();
  void size_composed();
  bool compose(const http::Request& request, std::string_view date, http::After after,
               http::OutBuffer& out, Report& report) noexcept;
  void find_debug(const rules::Verdict& verdict, const Connector& connector) noexcept;
  void run_shadow(const Connector& connector, const rules::Verdict& told, Report& report) noexcept;
  std::string_view escaped(std::string_view plain) noexcept;

  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const lists::Table> lists_;
  std::size_t lane_;
  std::size_t arena_bytes_;
  std::int64_t now_s_ = 0;
  dialects::Exchange exchange_;  // of the request at hand
  std::string_view tenant_;      // that its event has to be of; empty: of any
  std::vector<dialects::ClaimWords> claim_words_;  // told of single claims; has its size from the start
  std::vector<char> composed_;  // a request's claims as JSON; has its size from the start
  std::size_t composed_size_ = 0;
  rules::Evaluation evaluation_;
  AtHand at_hand_;
};

/// Decides about claims that are already in `evaluation`: the rules, then `otherwise` when they
/// cannot end. What the gate, `explain` and `check` share.
rules::Verdict decide(const Connector& connector, rules::Evaluation& evaluation,
                      rules::Tracer* tracer = nullptr) noexcept;

/// What is told in the end: `verdict` as its step allows it (protocol.md a.7).
struct Telling {
  bool fault = false;  // 500 instead of an answer
  bool rewritten = false;
  bool without_claims = false;  // Continue, but nothing that rules have set
  rules::VerdictKind kind = rules::VerdictKind::kContinue;
};
Telling legalise(const Connector& connector, dialects::Step step,
                 rules::VerdictKind wanted) noexcept;

}  // namespace core::gate
