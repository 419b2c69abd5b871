// The rows of `approvals`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;

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
};

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

}  // namespace core::config::schema
