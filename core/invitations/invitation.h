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
  static constexpr std::size_t kNoteBytesMax = 256;

  std::uint32_t uses = 1;      // how many people may redeem it
  std::int64_t created_s = 0;  // seconds since 1970
  std::int64_t expires_s = 0;  // from then on it is of no use; 0: never
  bool revoked = false;
  std::string domain;   // of the address that it is for, and its subdomains; empty: of any
  std::string address;  // code_mark() of the address that it is for; empty: of any
  std::string note;     // of whoever has made it; one line
  std::vector<std::string> redeemed;  // code_mark() of each who has, in order
};

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
