// `cache` of a rule and `decision_cache`: how decisions of backends are kept.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kRevalidations[] = {"background", "wait"};

constexpr Key kRuleCacheKeys[] = {
    {.name = "key",
     .shape = Shape::kStrings,
     .required = true,
     .example = "[email.canonical, country]",
     .words = "What the backend's decision follows from: claims and derived values, perhaps with "
              "filters. Whoever has the same values is told the same."},
    {.name = "ttl",
     .shape = Shape::kObject,
     .example = "{ continue: 10m, block: 1h }",
     .words = "How long a decision is told, by its verdict.",
     .object = &kCacheTtl},
    {.name = "stale",
     .shape = Shape::kDuration,
     .fallback = "0ms",
     .example = "1h",
     .words = "For so long behind its `ttl` a decision is still told when there is no better one: "
              "while a new one is fetched, and while the backend fails.",
     .least = 0,
     .most = kDay},
    {.name = "revalidate",
     .shape = Shape::kChoice,
     .fallback = "background",
     .example = "wait",
     .words =
         "What happens with a stale decision. `background`: it is told at once and the backend "
         "is asked behind it. `wait`: the backend is asked first, and the stale decision told "
         "only when no new one comes in time.",
     .choices = kRevalidations},
    {.name = "jitter",
     .shape = Shape::kString,
     .fallback = "10%",
     .example = "10%",
     .words = "The share of its `ttl` that a decision loses at most, by chance, so that those made "
              "together do not end together."},
    {.name = "token_step",
     .shape = Shape::kBoolean,
     .fallback = "false",
     .example = "true",
     .words = "Keep decisions at PreTokenIssuance too. Without it nothing is kept at that step."},
};

constexpr Key kCacheTtlKeys[] = {
    {.name = "continue",
     .shape = Shape::kDuration,
     .fallback = "10m",
     .example = "10m",
     .words = "Of a continue. 0ms: it is not kept.",
     .least = 0,
     .most = kDay},
    {.name = "block",
     .shape = Shape::kDuration,
     .fallback = "10m",
     .example = "1h",
     .words = "Of a block.",
     .least = 0,
     .most = kDay},
    {.name = "validation_error",
     .shape = Shape::kDuration,
     .fallback = "0ms",
     .example = "1m",
     .words = "Of a validation error, which the person may have put right a moment later.",
     .least = 0,
     .most = kDay},
    {.name = "unresolved",
     .shape = Shape::kDuration,
     .fallback = "0ms",
     .example = "5s",
     .words = "How long the backend is not asked again after it failed or could not settle it.",
     .least = 0,
     .most = kHour},
};

constexpr Key kDecisionCacheKeys[] = {
    {.name = "bytes",
     .shape = Shape::kSize,
     .fallback = "64MiB",
     .example = "256MiB",
     .words = "What the decisions of all backends may occupy together. 0 keeps none, and then a "
              "caller's retry reaches the backend again.",
     .least = 0,
     .most = std::int64_t{1} << 40},
    {.name = "redis",
     .shape = Shape::kBoolean,
     .fallback = "false",
     .example = "true",
     .words = "Share decisions with the other machines of `state: { redis: ... }`: what one has learned of a backend the "
              "others find there, encrypted with the state's key, before they ask it."},
    {.name = "redis_wait",
     .shape = Shape::kDuration,
     .fallback = "50ms",
     .example = "20ms",
     .words = "How long a request waits for Redis at most before its backend is asked.",
     .least = 1,
     .most = 5000},
};

}  // namespace

constinit const Object kRuleCache{
    .name = "cache", .words = "`cache` of a rule that asks.", .keys = kRuleCacheKeys};
constinit const Object kCacheTtl{
    .name = "ttl", .words = "`ttl` of a `cache`.", .keys = kCacheTtlKeys};
constinit const Object kDecisionCache{
    .name = "decision_cache", .words = "`decision_cache`.", .keys = kDecisionCacheKeys};

}  // namespace core::config::schema
