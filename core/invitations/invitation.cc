#include "core/invitations/invitation.h"

#include <algorithm>
#include <charconv>

#include "core/text/one_line.h"

namespace core::invitations {
namespace {

// Lines: a version; the numbers; the texts in kTexts' order; who has redeemed it.
constexpr std::string_view kVersion = "1";
constexpr std::string_view kNames[kOutcomeCount] = {"redeemed", "again",   "unknown",
                                                    "expired",  "used_up", "elsewhere"};
constexpr std::string_view kStateNames[kStateCount] = {"open", "used_up", "expired", "revoked"};
constexpr std::string Invitation::*kTexts[] = {&Invitation::domain, &Invitation::address,    &Invitation::by,
                                               &Invitation::note,   &Invitation::revoked_by, &Invitation::revoked_why};

/// Takes the line at the beginning of `text`; nothing when there is none.
std::optional<std::string_view> line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return taken;
}

template <typename Number>
bool number(std::string_view& text, Number& to) {
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), to);
  if (ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  return true;
}

bool is_within(std::string_view domain, std::string_view of) {
  if (domain == of) return true;
  return domain.size() > of.size() && domain.ends_with(of) &&
         domain[domain.size() - of.size() - 1] == '.';
}

}  // namespace

std::string_view name(Outcome outcome) noexcept {
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view name(State state) noexcept { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<State> state_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kStateCount; ++i) {
    if (kStateNames[i] == name) return static_cast<State>(i);
  }
  return std::nullopt;
}

State state_at(const Invitation& invitation, std::int64_t now_s) noexcept {
  if (invitation.revoked_s != 0) return State::kRevoked;
  if (invitation.redeemed.size() >= invitation.uses) return State::kUsedUp;
  return invitation.expires_s != 0 && now_s >= invitation.expires_s ? State::kExpired : State::kOpen;
}

std::int64_t forgotten_s(const Invitation& invitation, std::int64_t forget_s) noexcept {
  if (invitation.revoked_s == 0) return invitation.expires_s == 0 ? 0 : invitation.expires_s + forget_s;
  const bool sooner = invitation.expires_s != 0 && invitation.expires_s < invitation.revoked_s;
  return (sooner ? invitation.expires_s : invitation.revoked_s) + forget_s;
}

bool revoke(Invitation& invitation, std::string_view by, std::string_view why, std::int64_t now_s) {
  if (invitation.revoked_s != 0) return false;
  invitation.revoked_s = now_s;
  invitation.revoked_by = text::one_line(by, Invitation::kWhoBytesMax);
  invitation.revoked_why = text::one_line(why, Invitation::kNoteBytesMax);
  return true;
}

std::string to_record(const Invitation& invitation) {
  std::string record(kVersion);
  record.append("\n").append(std::to_string(invitation.uses));
  record.append(" ").append(std::to_string(invitation.created_s));
  record.append(" ").append(std::to_string(invitation.expires_s));
  record.append(" ").append(std::to_string(invitation.revoked_s)).append("\n");
  for (const auto text : kTexts) record.append(invitation.*text).append("\n");
  for (const std::string& mark : invitation.redeemed) record.append(mark).append("\n");
  return record;
}

std::optional<Invitation> of_record(std::string_view record) {
  Invitation invitation;
  if (line(record) != kVersion) return std::nullopt;
  std::optional<std::string_view> numbers = line(record);
  if (!numbers || !number(*numbers, invitation.uses) || !number(*numbers, invitation.created_s) ||
      !number(*numbers, invitation.expires_s) || !number(*numbers, invitation.revoked_s) || !numbers->empty()) {
    return std::nullopt;
  }
  for (const auto text : kTexts) {
    const std::optional<std::string_view> read = line(record);
    if (!read) return std::nullopt;
    invitation.*text = *read;
  }
  while (!record.empty()) {
    const std::optional<std::string_view> mark = line(record);
    if (!mark) return std::nullopt;
    invitation.redeemed.emplace_back(*mark);
  }
  return invitation;
}

Outcome redeem(Invitation& invitation, const Bearer& bearer, std::int64_t now_s) {
  const auto& redeemed = invitation.redeemed;
  if (std::find(redeemed.begin(), redeemed.end(), bearer.mark) != redeemed.end()) {
    return Outcome::kAgain;
  }
  if (invitation.revoked_s != 0) return Outcome::kUnknown;
  if (!invitation.address.empty() && invitation.address != bearer.address) {
    return Outcome::kElsewhere;
  }
  if (!invitation.domain.empty() && !is_within(bearer.domain, invitation.domain)) {
    return Outcome::kElsewhere;
  }
  if (invitation.expires_s != 0 && now_s >= invitation.expires_s) return Outcome::kExpired;
  if (redeemed.size() >= invitation.uses) return Outcome::kUsedUp;
  invitation.redeemed.emplace_back(bearer.mark);
  return Outcome::kRedeemed;
}

}  // namespace core::invitations
