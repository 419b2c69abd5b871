// `velocity`: how often something may happen.
#include "core/config/scalars.h"
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kCounts[] = {"attempts", "accounts"};

constexpr Key kVelocityKeys[] = {
    {.name = "key",
     .shape = Shape::kStrings,
     .required = true,
     .example = "[email.domain]",
     .words = "What is counted apart: claims and derived values, perhaps with filters. A request that "
              "has none of them is not counted."},
    {.name = "window",
     .shape = Shape::kDuration,
     .required = true,
     .example = "1h",
     .words = "The time that is looked back on, at every moment: a window slides.",
     .least = 1000,
     .most = 21 * kDayMs},
    {.name = "at_most",
     .shape = Shape::kInteger,
     .required = true,
     .example = "50",
     .words = "So many within the window; one more is over the limit.",
     .least = 1,
     .most = 100'000},
    {.name = "counts",
     .shape = Shape::kChoice,
     .fallback = "attempts",
     .example = "accounts",
     .words = "`attempts`: every request that comes to a rule with the limit, over it or not. "
              "`accounts`: those that are let through at the step before the account is created; at "
              "other steps it is only looked whether the limit is reached. The caller's retry is never "
              "counted twice.",
     .choices = kCounts},
    {.name = "shared",
     .shape = Shape::kBoolean,
     .example = "false",
     .words = "Whether the machines of a `state: { redis: ... }` count together, as they do where there is one; `false`: "
              "each counts for itself, in its memory, and no request waits for it."},
};

}  // namespace

constinit const Object kVelocityLimit{
    .name = "velocity", .words = "One member of `velocity`.", .keys = kVelocityKeys};

}  // namespace core::config::schema
