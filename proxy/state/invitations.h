#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/invitations.h"
#include "core/invitations/code.h"
#include "core/invitations/invitation.h"
#include "core/rules/ask.h"
#include "proxy/forward/workflows.h"
#include "proxy/state/records.h"
#include "proxy/state/store.h"

namespace proxy::state {

/// What somebody is told whose code is not good.
core::decisions::Decision refusal_of(const core::rules::Workflow::Invitation& settings,
                                     core::config::InvitationRefusal refusal);

/// Invitation codes in a store: core/invitations over its records. One is found by its id, a hash of the
/// code: neither a code nor a person is kept.
///
/// Those who redeem one code at the same time share a read and a write, so that a code for thousands does not
/// make them try again and again; what another process has written in between is tried again.
///
/// Thread: any. Answers come on the store's thread, once each; the store is closed before this goes.
class Invitations {
 public:
  explicit Invitations(Store& store) : store_(store) {}

  using Found = state::Found<core::invitations::Invitation>;
  using Page = state::Page<core::invitations::Invitation>;

  /// What a rule asks: whether the code lets this person on. `question.workflow` is of an invitation.
  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done);

  /// What new codes are.
  struct Making {
    static constexpr std::size_t kCountMax = 1000;  // at once: they are there all together, or none
    std::string name;  // of the invitation
    std::size_t count = 1;
    std::string address;  // whom they are for, canonical; empty: anybody
    std::int64_t forget_s = 0;  // how long they are kept behind their end
    core::invitations::Invitation as;  // uses, times, domain, by, note; the rest is left out
  };
  struct Code {
    std::string code, id;
  };
  struct Made {
    Failure failure = Failure::kNone;
    std::vector<Code> codes;  // never to be had again
  };
  void create(const Making& making, std::function<void(Made)> done);

  void find(std::string_view name, std::string id, std::function<void(Found)> done);
  /// In the order of their ids, behind `after`; at most `limit` are looked at.
  void list(std::string_view name, std::string after, std::size_t limit, std::function<void(Page)> done);

  struct Revoking {
    std::string name, id, by, why;
    std::int64_t now_s = 0, forget_s = 0;
  };
  struct Revoked {
    Failure failure = Failure::kNone;
    bool there = false;    // false: there is no such code, or it is forgotten
    bool changed = false;  // false: it was revoked before
  };
  void revoke(Revoking revoking, std::function<void(Revoked)> done);

  /// Outcomes by core::invitations::Outcome, behind them codes that were missing; changes; records that
  /// cannot be read.
  struct Figures {
    static constexpr std::size_t kMissing = core::invitations::kOutcomeCount;
    std::array<std::atomic<std::uint64_t>, kMissing + 1> outcomes{};
    std::atomic<std::uint64_t> created{0}, revoked{0}, unreadable{0};
  };
  const Figures& figures() const noexcept { return figures_; }

 private:
  /// Who redeem a code together at most: each is looked for among up to kUsesMax, on the store's thread.
  static constexpr std::size_t kTurnMax = 64;
  struct Asked;
  struct Turn;
  struct Trying;
  using Done = std::function<void(forward::WorkflowAnswer)>;

  void answer(const Asked& asked, core::invitations::Outcome outcome);
  void wait_for_turn(std::shared_ptr<Asked> asked);
  void take_turn(const std::string& at);
  void try_turn(const std::shared_ptr<Turn>& turn);
  void redeem_all(const std::shared_ptr<Turn>& turn, const Record& record);
  void end_turn(const Turn& turn);
  void try_to_revoke(const std::shared_ptr<Trying>& trying);

  Store& store_;
  Figures figures_;
  std::mutex mutex_;  // of the next; held for a look
  /// Who waits for a code's next turn, by its table and id; there while one is under way.
  std::map<std::string, std::vector<std::shared_ptr<Asked>>> waiting_;
};

}  // namespace proxy::state
