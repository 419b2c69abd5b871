// The rows of `invitations`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;

constexpr Key kInvitationKeys[] = {
    {.name = "code",
     .shape = Shape::kString,
     .required = true,
     .example = "extension_invitationCode",
     .words = "The claim that a person types a code into; the validation error stands at it where the caller has a "
              "place for that."},
    {.name = "person",
     .shape = Shape::kStringOrList,
     .fallback = "email.canonical",
     .example = "email.canonical",
     .words = "What says who somebody is: claims and derived values, at most 8. Who has redeemed a code and comes "
              "again with the same ones is let on again, and nothing is used up."},
    {.name = "messages",
     .shape = Shape::kObject,
     .required = true,
     .example = "{ unknown: bad_code }",
     .words = "What somebody is told whose code is not good.",
     .object = &kInvitationMessages},
    {.name = "block",
     .shape = Shape::kStringOrList,
     .example = "[used_up, elsewhere]",
     .words = "For which of `missing`, `unknown`, `expired`, `used_up` and `elsewhere` the message is a page that ends "
              "the sign-up. For the others it is a validation error: the form is there for another try."},
    {.name = "valid",
     .shape = Shape::kDuration,
     .fallback = "30d",
     .example = "30d",
     .words = "How long a new code may be redeemed when whoever creates it says nothing about it.",
     .least = kMinute,
     .most = 3650 * kDay},
    {.name = "forget_after",
     .shape = Shape::kDuration,
     .fallback = "30d",
     .example = "30d",
     .words = "How long a code that has expired or was revoked is kept, behind that. Then it is an unknown one.",
     .least = 0,
     .most = 3650 * kDay},
};

constexpr Key kInvitationMessageKeys[] = {
    {.name = "unknown",
     .shape = Shape::kName,
     .required = true,
     .example = "bad_code",
     .words = "The name of a message: there is no such code, or it was revoked. It is also told for each of the others "
              "that has none of its own."},
    {.name = "missing",
     .shape = Shape::kName,
     .example = "code_wanted",
     .words = "The name of a message: the request has no code."},
    {.name = "expired",
     .shape = Shape::kName,
     .example = "code_expired",
     .words = "The name of a message: the code's time is over."},
    {.name = "used_up",
     .shape = Shape::kName,
     .example = "code_used",
     .words = "The name of a message: as many people as the code is for have redeemed it."},
    {.name = "elsewhere",
     .shape = Shape::kName,
     .example = "code_elsewhere",
     .words = "The name of a message: the code is for another address or domain."},
};

}  // namespace

constinit const Object kInvitation{
    .name = "invitation",
    .words = "One member of `invitations`: codes that a sign-up needs. Needs `state`. See [invitations](invitations.md).",
    .keys = kInvitationKeys};
constinit const Object kInvitationMessages{.name = "invitation messages",
                                           .words = "`messages` of an invitation.",
                                           .keys = kInvitationMessageKeys};

}  // namespace core::config::schema
