#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/approvals/approval.h"
#include "core/approvals/graph.h"
#include "core/rules/ask.h"
#include "core/secret.h"
#include "proxy/forward/workflows.h"
#include "proxy/state/records.h"
#include "proxy/state/store.h"

namespace proxy::state {

/// A change of an approval, for whoever tells others of it.
struct ApprovalChange {
  std::string_view name, id;  // of the approval, and of the one it is about; neither is personal
  std::string_view what;      // "requested", "approved", "denied", "expired", "account created" ...
  std::int64_t at_s = 0;
};

/// Adds what a change gives rise to (events) to the batch that brings it, so that neither is without the
/// other. Thread: any, the store's usually.
class ApprovalAnnouncer {
 public:
  virtual ~ApprovalAnnouncer() = default;
  virtual void announce(const ApprovalChange& change, Batch& batch) = 0;
  /// A batch with something of announce() in it is in the store.
  virtual void committed() noexcept = 0;
};

/// Approvals in a store: core/approvals over its records. One is found by its id, a digest of its name and
/// key: whose it is, is in the sealed claims alone.
///
/// Thread: any. Answers come on the store's thread, once each; the store is closed before this goes.
class Approvals {
 public:
  /// The first of `keys` seals claims and all open them. Without a key a random one is made: for a store
  /// that is gone with the process. `announcer` may be null; it outlives the store's last answer.
  Approvals(Store& store, const std::vector<std::string>& keys, ApprovalAnnouncer* announcer);

  using Found = state::Found<core::approvals::Approval>;
  using Page = state::Page<core::approvals::Approval>;
  struct Decided {
    Failure failure = Failure::kNone;
    core::approvals::Refusal refusal = core::approvals::Refusal::kNone;
    bool changed = false;
  };

  /// What a rule asks (protocol.md c.2). `question.workflow` is of an approval.
  void ask(forward::WorkflowQuestion question, std::function<void(forward::WorkflowAnswer)> done);

  void find(std::string_view name, std::string id, std::function<void(Found)> done);
  /// In the order of their ids, behind `after`; at most `limit` are looked at.
  void list(std::string_view name, std::string after, std::size_t limit, std::function<void(Page)> done);
  /// kApproved or kDenied, by `who`, because of `why`.
  void decide(std::string_view name, std::string id, core::approvals::State wanted, std::string who,
              std::string why, std::function<void(Decided)> done);
  /// The claims that were kept, JSON: {"request":BODY,"set":{...}}. Nothing when there are none, or no key
  /// opens them.
  std::optional<std::string> claims_of(std::string_view name, const Found& found) const;

  /// Expires what waits too long and erases claims whose time is over, a hundred of them at most: to be
  /// called again and again. Does nothing while it is at it.
  void pass_time(std::int64_t now_s);

  /// Approvals for which `wants` says so get an account: it is put down with the decision, and `wake` is
  /// called behind it. Before anything is asked; both are called on any thread.
  void use_accounts(std::function<bool(std::string_view name)> wants, std::function<void()> wake);
  /// Accounts that are wanted, by when the next try is due.
  static constexpr std::string_view kAccountsTable = "approvals.accounts";
  /// Of a key of that table.
  static std::int64_t due_time(std::string_view key) noexcept;
  static std::pair<std::string, std::string> named_by(std::string_view key);  // name and id
  /// Keeps what became of a try: the account is there, is tried again later (`tries_max` times at most), or
  /// will not be.
  void note_account(const Row& row, core::approvals::CallOutcome outcome, std::string why,
                    std::uint32_t tries_max, std::function<void(Failure)> done);

  /// Changes by what they were; of a record that cannot be read.
  struct Figures {
    std::atomic<std::uint64_t> requested{0}, approved{0}, denied{0}, expired{0}, erased{0}, unreadable{0};
    std::atomic<std::uint64_t> accounts_created{0}, accounts_failed{0};
  };
  const Figures& figures() const noexcept { return figures_; }

  static constexpr std::size_t kIdChars = 32;

 private:
  struct Asked;
  struct Deciding;
  struct Trying;
  using Done = std::function<void(forward::WorkflowAnswer)>;

  void try_to_answer(const std::shared_ptr<Asked>& asked);
  void on_read(const std::shared_ptr<Asked>& asked, const Record& record);
  void try_to_decide(const std::shared_ptr<Deciding>& deciding);
  void try_to_note(const std::shared_ptr<Trying>& trying);
  void on_due(std::vector<Row> rows, std::int64_t now_s);
  void pass_time_of(const std::shared_ptr<std::vector<Row>>& due, std::size_t at, std::int64_t now_s);
  /// The batch that puts `after` in the place of `before` and moves its due time.
  Batch change(std::string_view name, std::string_view id, const core::approvals::Approval& after,
               std::uint64_t version, std::int64_t due_before_s, std::int64_t at_s);
  /// A change is in the store.
  void note_change(std::string_view what) noexcept;
  std::optional<std::string> seal(std::string_view record, const forward::WorkflowQuestion& question) const;

  Store& store_;
  std::vector<core::Secret> keys_;
  ApprovalAnnouncer* const announcer_;
  Figures figures_;
  std::atomic<bool> passing_{false};
  std::function<bool(std::string_view)> wants_account_;  // empty: none does
  std::function<void()> wake_accounts_;
};

}  // namespace proxy::state
