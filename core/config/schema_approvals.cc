// The rows of `approvals`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr Key kApprovalKeys[] = {
    {.name = "key",
     .shape = Shape::kStrings,
     .required = true,
     .example = "[email.canonical]",
     .words = "Whose approval it is: claims and derived values, as in `cache`. Requests with the same values have "
              "the same approval."},
    {.name = "messages",
     .shape = Shape::kObject,
     .required = true,
     .example = "{ pending: in_review, denied: not_admitted }",
     .words = "What the person is told.",
     .object = &kApprovalMessages},
    {.name = "keep",
     .shape = Shape::kDuration,
     .fallback = "30d",
     .example = "30d",
     .words = "How long a request waits for a decision. Then it has expired: the next sign-up asks anew.",
     .least = kMinute,
     .most = 365 * kDay},
    {.name = "erase_after",
     .shape = Shape::kDuration,
     .fallback = "7d",
     .example = "7d",
     .words = "How long behind the decision, or behind its expiry, the claims of the request are kept.",
     .least = 0,
     .most = 365 * kDay},
    {.name = "graph",
     .shape = Shape::kObject,
     .example = "{ tenant: woodgrove.onmicrosoft.com, domain: woodgrove.onmicrosoft.com, client_id: "
                "2f6d5c1e-0000-4000-8000-4b1c9a7e0d55, client_secret: \"${env:GRAPH_SECRET}\", redirect_url: "
                "https://portal.woodgrove.example }",
     .words = "Create the account through Microsoft Graph behind an approval. Without it somebody else does. Read at "
              "the start only.",
     .object = &kGraph},
    {.name = "on",
     .shape = Shape::kObject,
     .example = "{ requested: [review_wanted], approved: [guest_approved] }",
     .words = "Events of its changes, stored with them. They carry no claims ([approvals](approvals.md#events)).",
     .object = &kApprovalOn},
};

constexpr Key kGraphKeys[] = {
    {.name = "tenant",
     .shape = Shape::kString,
     .required = true,
     .example = "woodgrove.onmicrosoft.com",
     .words = "The tenant that issues the token: its id or one of its domains."},
    {.name = "domain",
     .shape = Shape::kString,
     .required = true,
     .example = "woodgrove.onmicrosoft.com",
     .words = "What the names of guests end in: `ines_posteo.net#EXT@` and this."},
    {.name = "client_id",
     .shape = Shape::kString,
     .required = true,
     .example = "2f6d5c1e-0000-4000-8000-4b1c9a7e0d55",
     .words = "The application that has the permission `User.ReadWrite.All` (application, not delegated)."},
    {.name = "client_secret",
     .shape = Shape::kString,
     .required = true,
     .example = "\"${env:GRAPH_SECRET}\"",
     .words = "Its secret."},
    {.name = "redirect_url",
     .shape = Shape::kString,
     .required = true,
     .example = "https://portal.woodgrove.example",
     .words = "Where somebody who is invited goes: `inviteRedirectUrl`."},
    {.name = "send_invitation",
     .shape = Shape::kBoolean,
     .fallback = "true",
     .example = "true",
     .words = "Whether Microsoft mails those who are invited: `sendInvitationMessage`."},
    {.name = "authority",
     .shape = Shape::kString,
     .fallback = "https://login.microsoftonline.com",
     .example = "https://login.microsoftonline.com",
     .words = "Who issues the token; another one in national clouds."},
    {.name = "url",
     .shape = Shape::kString,
     .fallback = "https://graph.microsoft.com",
     .example = "https://graph.microsoft.com",
     .words = "Where Microsoft Graph is; the token is asked for `/.default` behind it."},
    {.name = "ca",
     .shape = Shape::kString,
     .example = "/etc/ssl/proxy-ca.pem",
     .words = "A PEM file of authorities for both, instead of the system's."},
};

constexpr Key kApprovalOnKeys[] = {
    {.name = "requested",
     .shape = Shape::kStrings,
     .example = "[review_wanted]",
     .words = "Events of a request that was stored."},
    {.name = "approved",
     .shape = Shape::kStrings,
     .example = "[guest_approved]",
     .words = "Events of an approval."},
    {.name = "denied",
     .shape = Shape::kStrings,
     .example = "[guest_denied]",
     .words = "Events of a denial."},
    {.name = "expired",
     .shape = Shape::kStrings,
     .example = "[review_expired]",
     .words = "Events of a request that nobody has decided in time."},
    {.name = "account_created",
     .shape = Shape::kStrings,
     .example = "[guest_created]",
     .words = "Events of an account that `graph` has created."},
    {.name = "account_failed",
     .shape = Shape::kStrings,
     .example = "[guest_failed]",
     .words = "Events of an account that it will not create."},
};
constexpr string_view kApprovalOnSome[] = {"requested", "approved", "denied", "expired", "account_created",
                                           "account_failed"};

constexpr Key kApprovalMessageKeys[] = {
    {.name = "requested",
     .shape = Shape::kName,
     .example = "request_received",
     .words = "The name of a message: the request was stored just now. Without it that of `pending`."},
    {.name = "pending",
     .shape = Shape::kName,
     .required = true,
     .example = "in_review",
     .words = "The name of a message: nobody has decided yet."},
    {.name = "denied",
     .shape = Shape::kName,
     .required = true,
     .example = "not_admitted",
     .words = "The name of a message: the request was denied."},
};

}  // namespace

constinit const Object kApproval{
    .name = "approval",
    .words = "One member of `approvals`: sign-ups that somebody has to approve. Needs `state`. See "
             "[approvals](approvals.md).",
    .keys = kApprovalKeys};
constinit const Object kApprovalMessages{
    .name = "approval messages", .words = "`messages` of an approval.", .keys = kApprovalMessageKeys};

constinit const Object kApprovalOn{.name = "on of an approval",
                                   .words = "`on` of an approval: events by what has changed.",
                                   .keys = kApprovalOnKeys,
                                   .at_least_one = kApprovalOnSome};

constinit const Object kGraph{
    .name = "graph", .words = "`graph` of an approval. See [approvals](approvals.md#accounts).", .keys = kGraphKeys};

}  // namespace core::config::schema
