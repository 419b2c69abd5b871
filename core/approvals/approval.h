#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Approvals (protocol.md c.2): what is kept of one, and what becomes of it when somebody signs up, when
/// somebody decides, and as time goes by. Pure functions over a record's text; whoever keeps records
/// commits what they make of one, or nothing.
namespace core::approvals {

enum class State : std::uint8_t { kNone, kPending, kApproved, kDenied, kExpired };
inline constexpr std::size_t kStateCount = 5;
std::string_view name(State state) noexcept;
std::optional<State> state_of(std::string_view name) noexcept;

/// The account that an approval gives rise to, where something is configured to create it.
enum class AccountState : std::uint8_t { kNone, kWanted, kCreated, kFailed };
inline constexpr std::size_t kAccountStateCount = 4;
std::string_view name(AccountState state) noexcept;

/// One line of the audit trail, kept with the record.
struct Change {
  std::int64_t at_s = 0;  // seconds since 1970
  std::string what;       // "requested", "approved", "denied", "expired", "erased" ...
  std::string who;        // an administrator, or "claimgate"
  std::string why;        // one line
};

struct Approval {
  static constexpr std::size_t kWhoBytesMax = 128;
  static constexpr std::size_t kWhyBytesMax = 1024;
  static constexpr std::size_t kTrailMax = 64;  // changes kept; the first, and the last ones

  State state = State::kNone;
  std::string connector;      // that the request came to
  std::string request;        // digest of the request that made it: its retry is told the same again
  std::int64_t requested_s = 0;
  std::int64_t decided_s = 0;
  std::int64_t expires_s = 0;  // a pending one is expired from then on
  std::int64_t erase_s = 0;    // claims are erased so long behind the decision or the expiry
  AccountState account = AccountState::kNone;
  std::int64_t account_tries = 0;
  std::string claims;          // sealed (sealed.h); empty: none were kept, or they were erased
  std::vector<Change> trail;
};

/// The record, and back; nothing when it is none.
std::string to_record(const Approval& approval);
std::optional<Approval> of_record(std::string_view record);

/// The state at `now_s`: a pending one may have expired since it was written.
State state_at(const Approval& approval, std::int64_t now_s) noexcept;

/// What a check or a request finds out, and what is told (protocol.md c.2).
enum class Told : std::uint8_t {
  kContinue,   // none and only checked, or approved
  kRequested,  // stored just now, or a moment ago by the same request
  kPending,    // "already processing"
  kDenied,
};

/// "Check status": changes nothing. An expired one is as good as none.
Told check(const Approval& approval, std::int64_t now_s) noexcept;

/// Who asks for an approval. Views of the caller's.
struct Request {
  std::string_view connector;
  std::string_view digest;      // of its body
  std::string_view claims;      // sealed
  std::int64_t now_s = 0;
  std::int64_t keep_s = 0;      // how long it stays pending
  std::int64_t erase_s = 0;     // how long its claims are kept behind the decision or the expiry
  std::int64_t retry_s = 0;     // how long the same request is its caller's retry
};

/// "Request approval". `changed`: the record is to be committed. A pending, approved or denied one stays
/// what it is; of a request that made it a moment ago the answer is the same again.
Told request(Approval& approval, const Request& request, bool& changed);

enum class Refusal : std::uint8_t {
  kNone,
  kNotThere,  // there is none, or it has expired
  kDecided,   // it is decided already, otherwise than wanted
};

/// Approves or denies a pending one; one that is decided so already stays as it is (`changed` is false).
/// One that was denied may be approved later, an approved one not denied: its account exists.
Refusal decide(Approval& approval, State wanted, std::string_view who, std::string_view why,
               std::int64_t now_s, bool& changed);

/// The account of an approved one is wanted: its claims are kept until there is one, or none is to be had.
void want_account(Approval& approval);
/// It was created, or will not be: `why` says how.
void end_account(Approval& approval, bool created, std::string_view why, std::int64_t now_s);

/// Erases the kept claims, and says so in the trail. False when there are none.
bool erase_claims(Approval& approval, std::int64_t now_s);

/// When time changes it next: a pending one expires, then its claims are erased; 0: it stays as it is.
std::int64_t next_due_s(const Approval& approval) noexcept;
/// Does what is due at `now_s`, one step of it; false when nothing is.
bool pass_time(Approval& approval, std::int64_t now_s);

/// Adds to the trail; in the middle of a long one lines go.
void note(Approval& approval, Change change);

}  // namespace core::approvals
