#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/decisions/cache.h"
#include "core/rules/ask.h"
#include "core/rules/evaluation.h"
#include "core/rules/limit.h"
#include "core/velocity/counters.h"

namespace core::gate {

/// Where an answer came from, the farthest place of those it needed.
enum class Source : std::uint8_t {
  kRules,   // rules and lists alone
  kCache,   // a remembered decision
  kStale,   // one that is past its time
  kJoined,  // a call that somebody else had begun
  kState,   // an approval, an invitation, a limit
  kBackend,
  kOtherwise,  // nowhere: the connector's `otherwise`
};
inline constexpr std::size_t kSourceCount = 7;
std::string_view name(Source source) noexcept;

/// Why a request was answered `otherwise`.
enum class Fallback : std::uint8_t {
  kNone,
  kMemory,      // the rules found no room in the worker's scratch memory
  kBackend,     // the backend failed, or its answer settles nothing
  kRemembered,  // it did so a moment ago and was not asked again
  kDeadline,
  kPending,  // `limits.pending` requests wait already
  kEnding,   // the process ends, or a reload took the backend away
  kOverload,  // no memory left for it (`limits.memory`)
  kConnectorPending,  // `pending` requests of its connector wait already
  kState,     // the state is not to be had, or there is none
};
inline constexpr std::size_t kFallbackCount = 10;
std::string_view name(Fallback fallback) noexcept;

/// How a limit that machines share has counted a request.
struct CountedApart {
  velocity::Counted counted;      // what the rule goes by; its stamp is of this machine's counter
  std::uint32_t stamp = 0;        // of the shared one; 0: there is nothing to take back
  bool unknown = false;           // nobody has counted it, and it is let pass
};

/// What became of one ask rule of a request that has waited.
struct Given {
  std::uint32_t rule = 0;
  Source source = Source::kBackend;
  std::string_view decision =
      {};  // encoded; empty: there is none, unless the cache has a stale one
  Fallback why = Fallback::kNone;  // when it is empty
  const CountedApart* counted = nullptr;  // of a limit; null: it was not to be had
  bool joined = false;                    // somebody else, who has sent the same, was counted
};

/// What a request knows besides its body.
struct Known {
  std::span<const Given> given = {};
  Fallback give_up = Fallback::kNone;  // when set, no backend is asked any more: this is why
  std::uint32_t refresh = kNoRule;     // of this rule stale decisions do not count: one is renewed
  static constexpr std::uint32_t kNoRule = 0xFFFFFFFF;
};

/// What is asked, once the rules have come to an ask rule without a decision at hand.
struct Asked {
  const rules::Ask* ask = nullptr;
  std::uint32_t rule = 0;
  bool by_claims = false;  // the decision is kept under claims_key
  bool by_body = false;    // and, for the caller's retry, under body_key
  decisions::Key claims_key, body_key;
  velocity::Question count;  // of a limit that machines share

  /// Requests with the same one ask the same: one call is enough for them.
  const decisions::Key& flight() const noexcept { return ask->keyed ? claims_key : body_key; }
};

/// How a request was counted at a limit.
struct CountedAt {
  std::uint32_t limit = 0;  // its number
  bool accounts = false;
  rules::Decisions::Limited what;
  std::uint32_t stamp = 0;  // of the counter, to take it back by; 0: there is nothing to take back
  std::uint32_t shared_stamp = 0;  // the same of the one that machines share
  decisions::Key counter, request;
};

/// What a request's evaluation begins with. What it borrows outlives the evaluation.
struct AtHandTerms {
  std::string_view body;
  const Known& known;
  bool token_step = false;
  bool creates = false;           // what is let through becomes an account
  std::uint64_t retry_ms = 0;     // for so long the same request is the caller's retry; 0: it is not
  std::uint64_t waiting_ms = 0;   // the longest that it may wait for a backend; 0: it never does
};

/// Where the rules of a worker's requests get their decisions: what the request was given, then the
/// shared cache; and where they are counted. Thread: its worker's.
class AtHand final : public rules::Decisions {
 public:
  /// Either may be missing: then nothing is remembered. The cache is shared and outlives this.
  void use(decisions::Cache* cache, const decisions::Seed& seed) noexcept {
    cache_ = cache;
    seed_ = seed;
    body_hash_ = decisions::BodyHash(seed);
  }
  /// Where requests are counted; shared, and outlives this. Null: nowhere, and nothing is over a limit.
  void use_counters(velocity::Counters* counters) noexcept { counters_ = counters; }
  /// Limits that machines share are asked from now on; without it they are counted here like others.
  /// `first` begins numbers that no other one gives out: what may not be joined is told apart by them.
  void share_limits(std::uint64_t first) noexcept {
    shares_ = true;
    next_number_ = first;
  }
  /// Requests with different ones are never each other's retries, whatever they have in common.
  void use_salt(std::uint64_t salt) noexcept { salt_ = salt; }
  void set_now(std::uint64_t now_ms) noexcept { now_ms_ = now_ms; }
  std::uint64_t now_ms() const noexcept { return now_ms_; }

  /// A request's evaluation begins.
  void begin(const AtHandTerms& terms) noexcept;

  Answer decide(std::uint32_t rule, const rules::Ask& ask,
                rules::Evaluation& evaluation) noexcept override;
  Limited limit(std::uint32_t rule, const rules::Limit& limit, const rules::Ask* ask,
                rules::Evaluation& evaluation) noexcept override;

  /// The request has its answer: accounts that it does not let be created were not. Of limits that
  /// machines share, what is to be taken back there is left in counted(): a `shared_stamp` that is not 0.
  void conclude(bool lets_through) noexcept;
  /// The limits that the request came to, each once.
  std::span<const CountedAt> counted() const noexcept { return {counted_.data(), counted_size_}; }

  /// What the evaluation stopped at.
  const Asked& asked() const noexcept { return asked_; }
  /// An ask rule whose stale decision this request was told, and for which it is the one to ask the
  /// backend again; Known::kNoRule when there is none.
  std::uint32_t refresh_rule() const noexcept { return refresh_rule_; }

  Source source() const noexcept { return source_; }
  Fallback fallback() const noexcept { return fallback_; }
  std::uint8_t hits() const noexcept { return hits_; }
  std::uint8_t stale_hits() const noexcept { return stale_hits_; }

 private:
  Answer remembered(const decisions::Key& key, rules::Evaluation& evaluation, bool stale_too,
                    bool& stale) noexcept;
  Answer give_up(Fallback why) noexcept;
  void note(Source source) noexcept {
    if (source > source_) source_ = source;
  }

  velocity::Question question_of(const rules::Limit& limit, CountedAt& at, bool shared) noexcept;
  bool limit_apart(std::uint32_t rule, const rules::Ask& ask, const velocity::Question& question,
                   CountedAt& at) noexcept;
  const decisions::Key& body_hashed() noexcept;

  decisions::Cache* cache_ = nullptr;
  velocity::Counters* counters_ = nullptr;
  std::uint64_t salt_ = 0;
  decisions::Seed seed_;
  decisions::BodyHash body_hash_{seed_};
  std::uint64_t now_ms_ = 0;
  std::string_view body_;
  Known known_;
  bool token_step_ = false;
  bool creates_ = false;
  std::uint64_t retry_ms_ = 0;
  std::uint64_t waiting_ms_ = 0;
  Asked asked_;
  std::array<CountedAt, kLimitsMax> counted_;
  std::size_t counted_size_ = 0;
  bool body_hashed_ = false;
  bool shares_ = false;
  bool has_shared_ = false;  // among counted_
  std::uint64_t next_number_ = 0;
  decisions::Key body_key_;
  std::uint32_t refresh_rule_ = Known::kNoRule;
  Source source_ = Source::kRules;
  Fallback fallback_ = Fallback::kNone;
  std::uint8_t hits_ = 0;
  std::uint8_t stale_hits_ = 0;
};

}  // namespace core::gate
