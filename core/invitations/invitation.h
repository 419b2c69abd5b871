#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Invitations: what is kept of a code, and what becomes of it when somebody brings it. Pure functions
/// over a record's text; whoever keeps records commits what they make of one, or nothing.
namespace core::invitations {

/// One code. Neither it nor whom it is for is in here: they are hashed (code.h).
struct Invitation {
  static constexpr std::uint32_t kUsesMax = 10'000;  // 32 bytes each: within a record of 1 MiB
  static constexpr std::size_t kWhoBytesMax = 128;
  static constexpr std::size_t kNoteBytesMax = 256;  // also of the reason why it was revoked

  std::uint32_t uses = 1;      // how many people may redeem it
  std::int64_t created_s = 0;  // seconds since 1970
  std::int64_t expires_s = 0;  // from then on it is of no use; 0: never
  std::int64_t revoked_s = 0;  // 0: it was not
  std::string domain;          // of the address that it is for, and its subdomains; empty: of any
  std::string address;         // code_mark() of the address that it is for; empty: of any
  std::string by, note;        // who has made it, and what for; one line each, as the next
  std::string revoked_by, revoked_why;
  std::vector<std::string> redeemed;  // code_mark() of each who has, in order
};

/// What has become of it, for who looks after codes.
enum class State : std::uint8_t { kOpen, kUsedUp, kExpired, kRevoked };
inline constexpr std::size_t kStateCount = 4;
std::string_view name(State state) noexcept;
std::optional<State> state_of(std::string_view name) noexcept;
State state_at(const Invitation& invitation, std::int64_t now_s) noexcept;

/// From when on nothing is lost with it, `forget_s` behind its expiry or revocation; 0: it has neither.
std::int64_t forgotten_s(const Invitation& invitation, std::int64_t forget_s) noexcept;

/// Nobody redeems it any more. False when it was revoked before: nothing changes then.
bool revoke(Invitation& invitation, std::string_view by, std::string_view why, std::int64_t now_s);

/// The record, and back; nothing when it is none.
std::string to_record(const Invitation& invitation);
std::optional<Invitation> of_record(std::string_view record);

enum class Outcome : std::uint8_t {
  kRedeemed,  // the record has changed and is to be committed
  kAgain,     // by the same one as before: nothing has changed, and it is as good
  kUnknown,   // no such code, or it was revoked
  kExpired,
  kUsedUp,
  kElsewhere,  // it is for somebody else
};
inline constexpr std::size_t kOutcomeCount = 6;
std::string_view name(Outcome outcome) noexcept;
/// kRedeemed and kAgain.
constexpr bool is_good(Outcome outcome) noexcept { return outcome <= Outcome::kAgain; }

/// Who brings a code. Views of the caller's.
struct Bearer {
  std::string_view mark = {};     // code_mark() of who it is: one that comes again has the same
  std::string_view address = {};  // code_mark() of the canonical address; empty: it has none
  std::string_view domain = {};   // of the address, in normal form; empty: it has none
};

/// Redeems the invitation, or says why not. Who has redeemed it may do so again: the caller repeats
/// requests, and people send a form a second time.
Outcome redeem(Invitation& invitation, const Bearer& bearer, std::int64_t now_s);

}  // namespace core::invitations
