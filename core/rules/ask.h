#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/name_table.h"
#include "core/config/invitations.h"
#include "core/config/state.h"
#include "core/decisions/body_hash.h"
#include "core/decisions/cache.h"
#include "core/decisions/key.h"
#include "core/rules/template.h"

namespace core::rules {

/// What a rule asks that has its answer in the state. Immutable; shared with whoever answers it, on
/// another thread and perhaps after a reload.
struct Workflow {
  config::Asks asks = config::Asks::kApproval;
  std::string name;  // of the approval, invitation or limit
  config::WhenAway when_away = config::WhenAway::kClosed;
  bool wants_claims = false;  // as the rules have made them so far
  struct Approval {
    bool requests = false;  // false: only looks
    std::int64_t keep_s = 0, erase_s = 0;
    std::string requested, pending, denied;  // names of messages
  };
  std::optional<Approval> approval;
  /// Its Ask::key is the code, the two values that a code may be bound to, and then what says who it is.
  struct Invitation {
    static constexpr std::size_t kCodeAt = 0, kAddressAt = 1, kDomainAt = 2, kPersonAt = 3;
    struct Told {
      std::string message;  // its name
      bool blocks = false;  // else it is a validation error
    };
    std::array<Told, config::kInvitationRefusalCount> told;
    std::int64_t forget_s = 0;  // how long a code is kept behind its end
  };
  std::optional<Invitation> invitation;
  /// What a validation error of it is about, where the dialect has a place for that; kNoName: nothing.
  claims::NameId about = claims::kNoName;
};

/// "approvals.guests": how a workflow is called where backends are named, too.
std::string full_name(const Workflow& workflow);
struct Limit;

/// What a rule's `ask` says, compiled.
struct Ask {
  std::uint32_t backend = 0;  // of the configuration, in its order
  std::string backend_name;   // of a workflow: its full name
  std::shared_ptr<const Workflow> workflow;  // null: a backend is asked
  /// The caller's retry is told what was decided the first time. Not of a workflow whose records know
  /// themselves who has asked before.
  bool remembers_retry = true;
  bool keyed = false;     // it has a `cache`: decisions are kept under the claims of `key`
  std::vector<Subject> key;  // of a workflow: what its record is found by
  bool at_token_step = false;                      // kept at PreTokenIssuance too
  decisions::Key version;  // part of every key, see version_of()
  std::array<decisions::Lifetime, 3> lifetimes{};  // by VerdictKind
  std::uint64_t unresolved_ms = 0;  // how long a backend that could not settle it is left alone
  bool wait_for_fresh = false;      // a stale decision is told only when no better one comes
};

/// The key of a decision by the claims that the rule names, as they are now. False when the
/// evaluation's memory is exhausted.
bool claims_key(const Ask& ask, const decisions::Seed& seed, Evaluation& evaluation,
                decisions::Key& key) noexcept;

/// The key of a whole request: what the caller's retry has in common with it (protocol.md a.9).
/// `hash` was made with `seed`.
decisions::Key body_key(const Ask& ask, const decisions::Seed& seed,
                        const decisions::BodyHash& hash, std::string_view body) noexcept;

/// What an evaluation asks when it reaches an ask rule. Thread: the evaluation's.
class Decisions {
 public:
  virtual ~Decisions() = default;
  enum class State : std::uint8_t {
    kAsk,  // none is at hand: the evaluation ends, to be made again when there is one
    kDecision,
    kUnresolved,  // none is to be had: the connector's `otherwise` applies
  };
  struct Answer {
    State state = State::kAsk;
    std::string_view decision = {};  // encoded (decisions/encoded.h), good while the evaluation is
  };
  virtual Answer decide(std::uint32_t rule, const Ask& ask, Evaluation& evaluation) noexcept = 0;

  struct Limited {
    State state = State::kDecision;  // kAsk, kUnresolved: the rest means nothing
    bool over = false;
    bool counted = false;      // this request is among those that are counted
    bool repeated = false;     // it was counted before, and is told what it was told then
    std::uint32_t before = 0;  // of others within the window, at most the limit's own number
    bool unknown = false;      // it could not be counted, and is let pass (`when_away: open`)
  };
  /// Counts the request at a limit of rule number `rule`. What has no counter is within it. A limit counts
  /// a request once, however often it is asked. `ask` is null unless machines share the limit.
  virtual Limited limit(std::uint32_t rule, const Limit& limit, const Ask* ask, Evaluation& evaluation) noexcept {
    static_cast<void>(rule), static_cast<void>(limit), static_cast<void>(ask), static_cast<void>(evaluation);
    return {};
  }
  /// Different ones that one request may be counted at.
  static constexpr std::size_t kLimitsMax = 16;
};

}  // namespace core::rules
