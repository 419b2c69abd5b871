#include "proxy/state/approvals.h"

#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "core/approvals/sealed.h"
#include "core/text/json.h"

namespace proxy::state {
namespace {

namespace approvals = core::approvals;
using approvals::Approval;
using forward::WorkflowAnswer;
using forward::WorkflowQuestion;

constexpr std::size_t kDuePage = 100;
constexpr std::string_view kDueTable = "approvals.due";
constexpr std::size_t kDueDigits = 12;  // of a Unix time: until the year 33658

std::string table_of(std::string_view name) { return "approvals/" + std::string(name); }
std::string record_name(std::string_view name, std::string_view id) {
  return table_of(name) + "/" + std::string(id);
}

/// "001800000000/guests/ID": the order of these is the order in which they are due.
std::string due_key(std::int64_t due_s, std::string_view name, std::string_view id) {
  std::string digits = std::to_string(due_s);
  digits.insert(0, kDueDigits - std::min(digits.size(), kDueDigits), '0');
  return digits + "/" + std::string(name) + "/" + std::string(id);
}

struct Due {
  std::int64_t due_s = 0;
  std::string name, id;
};
std::optional<Due> due_of(std::string_view key) {
  const std::size_t last = key.rfind('/');
  if (key.size() <= kDueDigits + 1 || last == std::string_view::npos || last <= kDueDigits) return std::nullopt;
  Due due;
  std::from_chars(key.data(), key.data() + kDueDigits, due.due_s);
  due.name = key.substr(kDueDigits + 1, last - kDueDigits - 1);
  due.id = key.substr(last + 1);
  return due;
}

void append_claim(std::string& json, const core::decisions::DecidedClaim& claim) {
  json.append(core::text::json_quoted(claim.name)).append(":");
  if (claim.kind == core::claims::Kind::kString) {
    json += core::text::json_quoted(claim.value);
  } else {
    json += claim.value;
  }
}

/// The request as it came, and what rules have set since: what the account is to be made of.
std::string kept_of(const WorkflowQuestion& question) {
  std::string json = "{\"request\":" + question.body + ",\"set\":{";
  for (std::size_t i = 0; i < question.set.size(); ++i) {
    if (i > 0) json += ",";
    append_claim(json, question.set[i]);
  }
  return json + "}}";
}

WorkflowAnswer unresolved(WorkflowAnswer::Outcome outcome) { return {outcome, {}}; }

WorkflowAnswer answer_of(approvals::Told told, const core::rules::Workflow::Approval& settings) {
  WorkflowAnswer answer;
  answer.outcome = WorkflowAnswer::Outcome::kDecision;
  if (told == approvals::Told::kContinue) return answer;
  answer.decision.kind = core::rules::VerdictKind::kBlock;
  answer.decision.message = told == approvals::Told::kRequested ? settings.requested
                            : told == approvals::Told::kPending ? settings.pending
                                                                : settings.denied;
  return answer;
}

}  // namespace

struct Approvals::Asked {
  WorkflowQuestion question;
  Done done;
  std::string id;
  int tries = 0;

  const core::rules::Workflow::Approval& settings() const { return *question.workflow->approval; }
};

struct Approvals::Deciding {
  std::string name, id;
  approvals::State wanted;
  std::string who, why;
  std::int64_t now_s = 0;
  std::function<void(Decided)> done;
  int tries = 0;
};

Approvals::Approvals(Store& store, const std::vector<std::string>& keys, ApprovalAnnouncer* announcer)
    : store_(store), announcer_(announcer) {
  for (const std::string& key : keys) keys_.emplace_back(key);
  if (!keys_.empty()) return;
  std::string random(approvals::kSealKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(random.size())) == 1) {
    keys_.emplace_back(random);
  }
  core::wipe(random);
}

void Approvals::ask(WorkflowQuestion question, Done done) {
  auto asked = std::make_shared<Asked>();
  asked->question = std::move(question);
  asked->done = std::move(done);
  std::vector<std::optional<std::string>>& key = asked->question.key;
  // Those without a value would all share one approval.
  if (std::find(key.begin(), key.end(), std::nullopt) != key.end()) {
    return asked->done(unresolved(WorkflowAnswer::Outcome::kUnresolved));
  }
  std::vector<std::optional<std::string>> parts = key;
  parts.insert(parts.begin(), asked->question.workflow->name);
  asked->id = approvals::digest(parts, kIdChars / 2);
  try_to_answer(asked);
}

void Approvals::try_to_answer(const std::shared_ptr<Asked>& asked) {
  store_.read(table_of(asked->question.workflow->name), asked->id, [this, asked](Failure failure, Record record) {
    if (failure != Failure::kNone) return asked->done(unresolved(WorkflowAnswer::Outcome::kAway));
    on_read(asked, record);
  });
}

void Approvals::on_read(const std::shared_ptr<Asked>& asked, const Record& record) {
  const WorkflowQuestion& question = asked->question;
  const std::string& name = question.workflow->name;
  std::optional<Approval> approval = record.version == 0 ? Approval() : approvals::of_record(record.value);
  if (!approval) {
    figures_.unreadable.fetch_add(1, std::memory_order_relaxed);
    return asked->done(unresolved(WorkflowAnswer::Outcome::kUnresolved));
  }
  if (!asked->settings().requests) {
    return asked->done(answer_of(approvals::check(*approval, question.now_s), asked->settings()));
  }
  const std::optional<std::string> claims = seal(record_name(name, asked->id), question);
  if (!claims) return asked->done(unresolved(WorkflowAnswer::Outcome::kUnresolved));
  const std::string body_digest = approvals::digest({question.body});
  approvals::Request request;
  request.connector = question.connector;
  request.digest = body_digest;
  request.claims = *claims;
  request.now_s = question.now_s;
  request.keep_s = asked->settings().keep_s;
  request.erase_s = asked->settings().erase_s;
  request.retry_s = static_cast<std::int64_t>((question.retry_ms + 999) / 1000);
  const std::int64_t due_before_s = approvals::next_due_s(*approval);
  bool changed = false;
  const approvals::Told told = approvals::request(*approval, request, changed);
  if (!changed) return asked->done(answer_of(told, asked->settings()));
  store_.commit(change(name, asked->id, *approval, record.version, due_before_s, question.now_s),
                [this, asked, told](Failure failure) {
                  if (failure == Failure::kConflict && ++asked->tries < kConflictsMax) return try_to_answer(asked);
                  if (failure != Failure::kNone) return asked->done(unresolved(WorkflowAnswer::Outcome::kAway));
                  note_change("requested");
                  asked->done(answer_of(told, asked->settings()));
                });
}

Batch Approvals::change(std::string_view name, std::string_view id, const Approval& after, std::uint64_t version,
                        std::int64_t due_before_s, std::int64_t at_s) {
  Batch batch;
  batch.writes.push_back({table_of(name), std::string(id), approvals::to_record(after), version, 0, false});
  const std::int64_t due_s = approvals::next_due_s(after);
  if (due_before_s != due_s) {
    if (due_before_s != 0) {
      batch.writes.push_back({std::string(kDueTable), due_key(due_before_s, name, id), {}, kAnyVersion, 0, true});
    }
    if (due_s != 0) {
      batch.writes.push_back({std::string(kDueTable), due_key(due_s, name, id), {}, kAnyVersion, 0, false});
    }
  }
  const std::string& what = after.trail.back().what;
  if (announcer_ != nullptr && what != "erased") announcer_->announce({name, id, what, at_s}, batch);
  return batch;
}

std::optional<std::string> Approvals::seal(std::string_view record, const WorkflowQuestion& question) const {
  approvals::SealNonce nonce{};
  if (keys_.empty() || RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) != 1) return std::nullopt;
  std::string kept = kept_of(question);
  auto sealed = approvals::seal(keys_[0], nonce, record, kept);
  core::wipe(kept);
  return sealed;
}

std::optional<std::string> Approvals::claims_of(std::string_view name, const Found& found) const {
  if (!found.record || found.record->claims.empty()) return std::nullopt;
  return approvals::open_sealed(keys_, record_name(name, found.id), found.record->claims);
}

void Approvals::find(std::string_view name, std::string id, std::function<void(Found)> done) {
  find_record<Approval>(store_, table_of(name), std::move(id), approvals::of_record, figures_.unreadable,
                        std::move(done));
}

void Approvals::list(std::string_view name, std::string after, std::size_t limit, std::function<void(Page)> done) {
  list_records<Approval>(store_, table_of(name), std::move(after), limit, approvals::of_record, std::move(done));
}

void Approvals::decide(std::string_view name, std::string id, approvals::State wanted, std::string who,
                       std::string why, std::function<void(Decided)> done) {
  auto deciding = std::make_shared<Deciding>();
  deciding->name = name;
  deciding->id = std::move(id);
  deciding->wanted = wanted;
  deciding->who = std::move(who);
  deciding->why = std::move(why);
  deciding->now_s = std::time(nullptr);
  deciding->done = std::move(done);
  try_to_decide(deciding);
}

void Approvals::try_to_decide(const std::shared_ptr<Deciding>& deciding) {
  store_.read(table_of(deciding->name), deciding->id, [this, deciding](Failure failure, Record record) {
    if (failure != Failure::kNone) return deciding->done({failure, {}, false});
    std::optional<Approval> approval = record.version == 0 ? Approval() : approvals::of_record(record.value);
    if (!approval) return deciding->done({Failure::kCorrupt, {}, false});
    const std::int64_t due_before_s = approvals::next_due_s(*approval);
    Decided decided;
    decided.refusal = approvals::decide(*approval, deciding->wanted, deciding->who, deciding->why, deciding->now_s,
                                        decided.changed);
    if (!decided.changed) return deciding->done(decided);
    const bool account = deciding->wanted == approvals::State::kApproved && !approval->claims.empty() &&
                         wants_account_ && wants_account_(deciding->name);
    if (account) approvals::want_account(*approval);
    Batch batch = change(deciding->name, deciding->id, *approval, record.version, due_before_s, deciding->now_s);
    if (account) {
      const std::string key = due_key(deciding->now_s, deciding->name, deciding->id);
      batch.writes.push_back({std::string(kAccountsTable), key, {}, kAnyVersion, 0, false});
    }
    store_.commit(std::move(batch),
                  [this, deciding, decided, account](Failure why) {
                    if (why == Failure::kConflict && ++deciding->tries < kConflictsMax) return try_to_decide(deciding);
                    if (why != Failure::kNone) return deciding->done({why, {}, false});
                    note_change(approvals::name(deciding->wanted));
                    if (account) wake_accounts_();
                    deciding->done(decided);
                  });
  });
}

void Approvals::use_accounts(std::function<bool(std::string_view)> wants, std::function<void()> wake) {
  wants_account_ = std::move(wants);
  wake_accounts_ = std::move(wake);
}

std::int64_t Approvals::due_time(std::string_view key) noexcept {
  std::int64_t due_s = 0;
  std::from_chars(key.data(), key.data() + std::min(key.size(), kDueDigits), due_s);
  return due_s;
}

std::pair<std::string, std::string> Approvals::named_by(std::string_view key) {
  const std::optional<Due> due = due_of(key);
  return due ? std::pair(due->name, due->id) : std::pair<std::string, std::string>();
}

struct Approvals::Trying {
  Row row;
  approvals::CallOutcome outcome;
  std::string why;
  std::uint32_t tries_max = 0;
  std::int64_t now_s = 0;
  std::function<void(Failure)> done;
  int tries = 0;
};

void Approvals::note_account(const Row& row, approvals::CallOutcome outcome, std::string why,
                             std::uint32_t tries_max, std::function<void(Failure)> done) {
  auto trying = std::make_shared<Trying>();
  trying->row = row;
  trying->outcome = outcome;
  trying->why = std::move(why);
  trying->tries_max = tries_max;
  trying->now_s = std::time(nullptr);
  trying->done = std::move(done);
  try_to_note(trying);
}

void Approvals::try_to_note(const std::shared_ptr<Trying>& trying) {
  const auto [name, id] = named_by(trying->row.key);
  store_.read(table_of(name), id, [this, trying, name = name, id = id](Failure failure, Record record) {
    if (failure != Failure::kNone) return trying->done(failure);
    const Write forget{std::string(kAccountsTable), trying->row.key, {}, trying->row.record.version, 0, true};
    std::optional<Approval> approval = approvals::of_record(record.value);
    if (!approval || approval->account != approvals::AccountState::kWanted) {
      return store_.commit({{forget}, {}}, trying->done);
    }
    const std::int64_t due_before_s = approvals::next_due_s(*approval);
    const auto attempt = static_cast<std::uint32_t>(++approval->account_tries);
    const bool again = trying->outcome == approvals::CallOutcome::kRetry && attempt < trying->tries_max;
    const bool created = trying->outcome == approvals::CallOutcome::kDone;
    Batch batch;
    if (again) {
      batch.writes.push_back({table_of(name), id, approvals::to_record(*approval), record.version, 0, false});
      const std::int64_t due_s = trying->now_s + approvals::backoff_s(attempt);
      batch.writes.push_back({std::string(kAccountsTable), due_key(due_s, name, id), {}, kAnyVersion, 0, false});
    } else {
      approvals::end_account(*approval, created, trying->why, trying->now_s);
      batch = change(name, id, *approval, record.version, due_before_s, trying->now_s);
    }
    batch.writes.push_back(forget);
    store_.commit(std::move(batch), [this, trying, again, created](Failure why) {
      if (why == Failure::kConflict && ++trying->tries < kConflictsMax) return try_to_note(trying);
      if (why == Failure::kNone && !again) note_change(created ? "account created" : "account failed");
      trying->done(why);
    });
  });
}

void Approvals::pass_time(std::int64_t now_s) {
  if (passing_.exchange(true, std::memory_order_acq_rel)) return;
  store_.scan(std::string(kDueTable), {}, kDuePage, [this, now_s](Failure failure, std::vector<Row> rows) {
    if (failure != Failure::kNone) rows.clear();
    on_due(std::move(rows), now_s);
  });
}

/// `rows` in the order in which they are due: those that are, one behind the other.
void Approvals::on_due(std::vector<Row> rows, std::int64_t now_s) {
  const auto later = [now_s](const Row& row) {
    const std::optional<Due> due = due_of(row.key);
    return due && due->due_s > now_s;
  };
  rows.erase(std::find_if(rows.begin(), rows.end(), later), rows.end());
  if (rows.empty()) {
    passing_.store(false, std::memory_order_release);
    return;
  }
  pass_time_of(std::make_shared<std::vector<Row>>(std::move(rows)), 0, now_s);
}

void Approvals::pass_time_of(const std::shared_ptr<std::vector<Row>>& due, std::size_t at, std::int64_t now_s) {
  if (at == due->size()) return passing_.store(false, std::memory_order_release);
  const Row& row = (*due)[at];
  const auto next = [this, due, at, now_s] { pass_time_of(due, at + 1, now_s); };
  const auto forget = [this, &row, next] {
    store_.commit({{{std::string(kDueTable), row.key, {}, row.record.version, 0, true}}, {}},
                  [next](Failure) { next(); });
  };
  const std::optional<Due> one = due_of(row.key);
  if (!one) return forget();
  store_.read(table_of(one->name), one->id, [this, one, now_s, next, forget](Failure failure, Record record) {
    if (failure != Failure::kNone) return next();
    std::optional<Approval> approval = approvals::of_record(record.value);
    // A record that has moved on has put its next time into the table itself.
    if (!approval || approvals::next_due_s(*approval) != one->due_s) return forget();
    if (!approvals::pass_time(*approval, now_s)) return next();
    const std::string what = approval->trail.back().what;
    store_.commit(change(one->name, one->id, *approval, record.version, one->due_s, now_s),
                  [this, what, next](Failure why) {
                    if (why == Failure::kNone) note_change(what);
                    next();
                  });
  });
}

void Approvals::note_change(std::string_view what) noexcept {
  std::atomic<std::uint64_t>* const figure = what == "requested"  ? &figures_.requested
                                             : what == "approved" ? &figures_.approved
                                             : what == "denied"   ? &figures_.denied
                                             : what == "expired"  ? &figures_.expired
                                             : what == "erased"   ? &figures_.erased
                                             : what == "account created" ? &figures_.accounts_created
                                             : what == "account failed"  ? &figures_.accounts_failed
                                                                  : nullptr;
  if (figure != nullptr) figure->fetch_add(1, std::memory_order_relaxed);
  if (announcer_ != nullptr) announcer_->committed();
}

}  // namespace proxy::state
