#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The account that an approval gives rise to, as Microsoft Graph is asked for it (protocol.md c.2). Pure:
/// bodies of requests from kept claims, and what an answer means.
namespace core::approvals {

/// What is the same for all accounts of an approval.
struct GraphTerms {
  std::string domain;        // "woodgrove.onmicrosoft.com": guests' names end in it
  std::string redirect_url;  // inviteRedirectUrl
  bool send_invitation = true;
};

/// Which of the two cases of c.2 a request is.
enum class AccountCase : std::uint8_t {
  kFederated,  // Google, Facebook, e-mail one-time passcode: POST /users
  kInvited,    // Entra ID or a Microsoft account, without `identities`: POST /invitations, then PATCH /users/ID
};

struct Account {
  AccountCase is = AccountCase::kFederated;
  std::string body;        // of the POST
  std::string attributes;  // kInvited: of the PATCH; empty: there is nothing to add
};

/// `kept` is what an approval has kept: {"request":{...},"set":{...}}. Nothing when no account can be made of
/// it, and `why` says why, without quoting any of it.
std::optional<Account> account_of(std::string_view kept, const GraphTerms& terms, std::string& why);

/// What became of a call.
enum class CallOutcome : std::uint8_t {
  kDone,    // it is there, now or since an earlier try whose answer was lost
  kRetry,   // later: the network, 408, 429, 5xx, a token that is good no more
  kRefused  // never: what is asked for is wrong, or not allowed
};
/// By status and body of the answer to a POST; 0: there was none.
CallOutcome outcome_of(AccountCase is, int status, std::string_view body);

/// invitedUser.id of the answer to an invitation; empty when it has none that could stand in a path.
std::string invited_id(std::string_view body);

/// A reason that an answer gives ("Request_BadRequest"), one word; empty when it has none.
std::string error_code(std::string_view body);

/// How long to wait behind try number `attempt`, counted from 1: 5 s doubled each time, an hour at most.
std::int64_t backoff_s(std::uint32_t attempt) noexcept;

}  // namespace core::approvals
