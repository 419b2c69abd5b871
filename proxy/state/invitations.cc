#include "proxy/state/invitations.h"

#include <openssl/rand.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/secret.h"

namespace proxy::state {
namespace {

namespace invitations = core::invitations;
using core::config::InvitationRefusal;
using forward::WorkflowAnswer;
using forward::WorkflowQuestion;
using invitations::Invitation;
using invitations::Outcome;
using Settings = core::rules::Workflow::Invitation;

std::string codes_table(std::string_view name) { return "invitations/" + std::string(name); }

/// Nobody has typed anything.
bool is_blank(const std::optional<std::string>& typed) {
  return !typed || typed->find_first_not_of(" \t\r\n") == std::string::npos;
}

InvitationRefusal refusal_for(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kExpired: return InvitationRefusal::kExpired;
    case Outcome::kUsedUp: return InvitationRefusal::kUsedUp;
    case Outcome::kElsewhere: return InvitationRefusal::kElsewhere;
    case Outcome::kUnknown:
    case Outcome::kRedeemed:
    case Outcome::kAgain: break;
  }
  return InvitationRefusal::kUnknown;
}

/// The values that say who somebody is in one text, each framed; nothing when one is missing: all who have none
/// would be one person.
std::optional<std::string> person_of(const std::vector<std::optional<std::string>>& key) {
  std::string person;
  for (std::size_t i = Settings::kPersonAt; i < key.size(); ++i) {
    if (!key[i]) return std::nullopt;
    person.append(std::to_string(key[i]->size())).append(":").append(*key[i]);
  }
  return person;
}

void count_one(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

core::decisions::Decision refusal_of(const Settings& settings, InvitationRefusal refusal) {
  const Settings::Told& told = settings.told[static_cast<std::size_t>(refusal)];
  core::decisions::Decision decision;
  decision.kind = told.blocks ? core::rules::VerdictKind::kBlock : core::rules::VerdictKind::kValidationError;
  decision.message = told.message;
  return decision;
}

/// One request. The code itself is not in it.
struct Invitations::Asked {
  std::shared_ptr<const core::rules::Workflow> workflow;
  std::string id, mark, address, domain;
  std::int64_t now_s = 0;
  Done done;

  invitations::Bearer bearer() const { return {mark, address, domain}; }
};

/// Those who redeem a code together.
struct Invitations::Turn {
  std::string at;  // in waiting_
  std::vector<std::shared_ptr<Asked>> asked;
  std::vector<Outcome> outcomes;
  int tries = 0;

  const Asked& first() const { return *asked.front(); }
};

void Invitations::ask(WorkflowQuestion question, Done done) {
  auto asked = std::make_shared<Asked>();
  asked->workflow = std::move(question.workflow);
  asked->now_s = question.now_s;
  asked->done = std::move(done);
  std::optional<std::string>& typed = question.key[Settings::kCodeAt];
  if (is_blank(typed)) {
    count_one(figures_.outcomes[Figures::kMissing]);
    WorkflowAnswer missing;
    missing.outcome = WorkflowAnswer::Outcome::kDecision;
    missing.decision = refusal_of(*asked->workflow->invitation, InvitationRefusal::kMissing);
    return asked->done(std::move(missing));
  }
  const std::optional<std::string> person = person_of(question.key);
  if (!person) return asked->done({WorkflowAnswer::Outcome::kUnresolved, {}});
  std::optional<std::string> code = invitations::normal_code(*typed);
  core::wipe(*typed);
  if (!code) return answer(*asked, Outcome::kUnknown);
  asked->id = invitations::code_hash(*code);
  asked->mark = invitations::code_mark(*code, "person", *person);
  const std::optional<std::string>& address = question.key[Settings::kAddressAt];
  if (address) asked->address = invitations::code_mark(*code, "address", *address);
  asked->domain = question.key[Settings::kDomainAt].value_or("");
  core::wipe(*code);
  wait_for_turn(std::move(asked));
}

void Invitations::answer(const Asked& asked, Outcome outcome) {
  count_one(figures_.outcomes[static_cast<std::size_t>(outcome)]);
  WorkflowAnswer answer;
  answer.outcome = WorkflowAnswer::Outcome::kDecision;
  if (!invitations::is_good(outcome)) {
    answer.decision = refusal_of(*asked.workflow->invitation, refusal_for(outcome));
  }
  asked.done(std::move(answer));
}

void Invitations::wait_for_turn(std::shared_ptr<Asked> asked) {
  const std::string at = codes_table(asked->workflow->name) + "/" + asked->id;
  {
    const std::lock_guard lock(mutex_);
    const auto [place, fresh] = waiting_.try_emplace(at);
    place->second.push_back(std::move(asked));
    if (!fresh) return;
  }
  take_turn(at);
}

/// Begins with those who wait so far, the first of them. Who comes later may know of changes that this turn's read does not.
void Invitations::take_turn(const std::string& at) {
  const auto turn = std::make_shared<Turn>();
  turn->at = at;
  {
    const std::lock_guard lock(mutex_);
    const auto place = waiting_.find(at);
    if (place->second.empty()) {
      waiting_.erase(place);
      return;
    }
    std::vector<std::shared_ptr<Asked>>& waiting = place->second;
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(waiting.size(), kTurnMax));
    turn->asked.assign(std::make_move_iterator(waiting.begin()), std::make_move_iterator(end));
    waiting.erase(waiting.begin(), end);
  }
  try_turn(turn);
}

void Invitations::try_turn(const std::shared_ptr<Turn>& turn) {
  store_.read(codes_table(turn->first().workflow->name), turn->first().id, [this, turn](Failure failure, Record record) {
    if (failure == Failure::kNone) return redeem_all(turn, record);
    turn->outcomes.clear();
    end_turn(*turn);
  });
}

void Invitations::redeem_all(const std::shared_ptr<Turn>& turn, const Record& record) {
  turn->outcomes.assign(turn->asked.size(), Outcome::kUnknown);
  if (record.version == 0) return end_turn(*turn);
  std::optional<Invitation> invitation = invitations::of_record(record.value);
  if (!invitation) {
    count_one(figures_.unreadable);
    return end_turn(*turn);
  }
  bool changed = false;
  for (std::size_t i = 0; i < turn->asked.size(); ++i) {
    const Asked& asked = *turn->asked[i];
    turn->outcomes[i] = invitations::redeem(*invitation, asked.bearer(), asked.now_s);
    changed = changed || turn->outcomes[i] == Outcome::kRedeemed;
  }
  if (!changed) return end_turn(*turn);
  const std::int64_t gone_s = invitations::forgotten_s(*invitation, turn->first().workflow->invitation->forget_s);
  Write write{codes_table(turn->first().workflow->name), turn->first().id, invitations::to_record(*invitation),
              record.version, gone_s, false};
  store_.commit({{std::move(write)}, {}}, [this, turn](Failure failure) {
    if (failure == Failure::kConflict && ++turn->tries < kConflictsMax) return try_turn(turn);
    if (failure != Failure::kNone) turn->outcomes.clear();
    end_turn(*turn);
  });
}

/// Without outcomes the state was not to be had.
void Invitations::end_turn(const Turn& turn) {
  for (std::size_t i = 0; i < turn.asked.size(); ++i) {
    if (turn.outcomes.empty()) {
      turn.asked[i]->done({WorkflowAnswer::Outcome::kAway, {}});
    } else {
      answer(*turn.asked[i], turn.outcomes[i]);
    }
  }
  take_turn(turn.at);
}

void Invitations::create(const Making& making, std::function<void(Made)> done) {
  Batch batch;
  auto made = std::make_shared<Made>();
  const std::int64_t gone_s = invitations::forgotten_s(making.as, making.forget_s);
  for (std::size_t i = 0; i < std::min(making.count, Making::kCountMax); ++i) {
    std::array<std::uint8_t, invitations::kCodeRandomBytes> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return done({Failure::kUnavailable, {}});
    std::string code = invitations::code_of(random);
    std::string normal = invitations::normal_code(code).value_or("");
    std::string id = invitations::code_hash(normal);
    Invitation one = making.as;
    if (!making.address.empty()) one.address = invitations::code_mark(normal, "address", making.address);
    batch.writes.push_back({codes_table(making.name), id, invitations::to_record(one), 0, gone_s, false});
    made->codes.push_back({std::move(code), std::move(id)});
    core::wipe(normal);
  }
  store_.commit(std::move(batch), [this, made, done = std::move(done)](Failure failure) {
    made->failure = failure;
    if (failure != Failure::kNone) made->codes.clear();
    figures_.created.fetch_add(made->codes.size(), std::memory_order_relaxed);
    done(std::move(*made));
  });
}

void Invitations::find(std::string_view name, std::string id, std::function<void(Found)> done) {
  find_record<Invitation>(store_, codes_table(name), std::move(id), invitations::of_record, figures_.unreadable,
                          std::move(done));
}

void Invitations::list(std::string_view name, std::string after, std::size_t limit, std::function<void(Page)> done) {
  list_records<Invitation>(store_, codes_table(name), std::move(after), limit, invitations::of_record, std::move(done));
}

struct Invitations::Trying {
  Revoking revoking;
  std::function<void(Revoked)> done;
  int tries = 0;
};

void Invitations::revoke(Revoking revoking, std::function<void(Revoked)> done) {
  auto trying = std::make_shared<Trying>();
  trying->revoking = std::move(revoking);
  trying->done = std::move(done);
  try_to_revoke(trying);
}

void Invitations::try_to_revoke(const std::shared_ptr<Trying>& trying) {
  const Revoking& of = trying->revoking;
  store_.read(codes_table(of.name), of.id, [this, trying, &of](Failure failure, Record record) {
    if (failure != Failure::kNone) return trying->done({failure, false, false});
    if (record.version == 0) return trying->done({});
    std::optional<Invitation> invitation = invitations::of_record(record.value);
    if (!invitation) {
      count_one(figures_.unreadable);
      return trying->done({Failure::kCorrupt, true, false});
    }
    if (!invitations::revoke(*invitation, of.by, of.why, of.now_s)) return trying->done({Failure::kNone, true, false});
    const std::int64_t gone_s = invitations::forgotten_s(*invitation, of.forget_s);
    store_.commit({{{codes_table(of.name), of.id, invitations::to_record(*invitation), record.version, gone_s, false}}, {}},
                  [this, trying](Failure why) {
                    if (why == Failure::kConflict && ++trying->tries < kConflictsMax) return try_to_revoke(trying);
                    if (why == Failure::kNone) count_one(figures_.revoked);
                    trying->done({why, true, why == Failure::kNone});
                  });
  });
}

}  // namespace proxy::state
