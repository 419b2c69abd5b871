#include "core/approvals/approval.h"

#include <algorithm>
#include <utility>

#include "core/text/one_line.h"

namespace core::approvals {
namespace {

using text::one_line;

constexpr std::string_view kNames[kStateCount] = {"none", "pending", "approved", "denied", "expired"};
constexpr std::string_view kAccountNames[kAccountStateCount] = {"none", "wanted", "created", "failed"};
constexpr std::string_view kOurselves = "claimgate";

bool is_decided(State state) noexcept { return state == State::kApproved || state == State::kDenied; }

void expire(Approval& approval) {
  approval.state = State::kExpired;
  note(approval, {approval.expires_s, std::string(name(State::kExpired)), std::string(kOurselves), {}});
}

}  // namespace

std::string_view name(State state) noexcept { return kNames[static_cast<std::size_t>(state)]; }

std::string_view name(AccountState state) noexcept { return kAccountNames[static_cast<std::size_t>(state)]; }

std::optional<State> state_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kStateCount; ++i) {
    if (kNames[i] == name) return static_cast<State>(i);
  }
  return std::nullopt;
}

State state_at(const Approval& approval, std::int64_t now_s) noexcept {
  const bool over = approval.state == State::kPending && approval.expires_s <= now_s;
  return over ? State::kExpired : approval.state;
}

Told check(const Approval& approval, std::int64_t now_s) noexcept {
  switch (state_at(approval, now_s)) {
    case State::kPending: return Told::kPending;
    case State::kDenied: return Told::kDenied;
    case State::kNone:
    case State::kApproved:
    case State::kExpired: break;
  }
  return Told::kContinue;
}

Told request(Approval& approval, const Request& request, bool& changed) {
  changed = false;
  const State before = state_at(approval, request.now_s);
  if (is_decided(before)) return check(approval, request.now_s);
  if (before == State::kPending) {
    const bool again = approval.request == request.digest && request.now_s < approval.requested_s + request.retry_s;
    return again ? Told::kRequested : Told::kPending;
  }
  if (approval.state == State::kPending) expire(approval);
  changed = true;
  approval.state = State::kPending;
  approval.connector = request.connector;
  approval.request = request.digest;
  approval.requested_s = request.now_s;
  approval.decided_s = 0;
  approval.expires_s = request.now_s + request.keep_s;
  approval.erase_s = request.erase_s;
  approval.claims = request.claims;
  approval.account = AccountState::kNone;
  note(approval, {request.now_s, "requested", std::string(kOurselves), {}});
  return Told::kRequested;
}

Refusal decide(Approval& approval, State wanted, std::string_view who, std::string_view why,
               std::int64_t now_s, bool& changed) {
  changed = false;
  const State before = state_at(approval, now_s);
  if (before == State::kNone || before == State::kExpired) return Refusal::kNotThere;
  if (before == wanted) return Refusal::kNone;
  if (before == State::kApproved) return Refusal::kDecided;
  changed = true;
  approval.state = wanted;
  approval.decided_s = now_s;
  note(approval, {now_s, std::string(name(wanted)), one_line(who, Approval::kWhoBytesMax),
                  one_line(why, Approval::kWhyBytesMax)});
  return Refusal::kNone;
}

void want_account(Approval& approval) {
  approval.account = AccountState::kWanted;
  approval.account_tries = 0;
}

void end_account(Approval& approval, bool created, std::string_view why, std::int64_t now_s) {
  approval.account = created ? AccountState::kCreated : AccountState::kFailed;
  note(approval, {now_s, created ? "account created" : "account failed", std::string(kOurselves),
                  one_line(why, Approval::kWhyBytesMax)});
}

bool erase_claims(Approval& approval, std::int64_t now_s) {
  if (approval.claims.empty()) return false;
  approval.claims.clear();
  note(approval, {now_s, "erased", std::string(kOurselves), {}});
  return true;
}

std::int64_t next_due_s(const Approval& approval) noexcept {
  if (approval.state == State::kPending) return approval.expires_s;
  if (approval.claims.empty() || approval.account == AccountState::kWanted) return 0;
  return (is_decided(approval.state) ? approval.decided_s : approval.expires_s) + approval.erase_s;
}

bool pass_time(Approval& approval, std::int64_t now_s) {
  const std::int64_t due_s = next_due_s(approval);
  if (due_s == 0 || due_s > now_s) return false;
  if (approval.state != State::kPending) return erase_claims(approval, now_s);
  expire(approval);
  return true;
}

void note(Approval& approval, Change change) {
  if (approval.trail.size() == Approval::kTrailMax) approval.trail.erase(approval.trail.begin() + 1);
  approval.trail.push_back(std::move(change));
}

}  // namespace core::approvals
