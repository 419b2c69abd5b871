// The rows of `tests` and `capture`.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kToldVerdicts[] = {"continue", "block", "validation_error", "fault",
                                         "refused"};
constexpr string_view kWhenFull[] = {"stop", "rotate"};

constexpr Key kPolicyTestKeys[] = {
    {.name = "name",
     .shape = Shape::kString,
     .required = true,
     .example = "a throwaway address is blocked",
     .words = "A sentence that says what has to be so; once in all files."},
    {.name = "connector",
     .shape = Shape::kString,
     .required = true,
     .example = "before-create",
     .words = "The connector that is called."},
    {.name = "claims",
     .shape = Shape::kValues,
     .example = "{ step: PostAttributeCollection, email: a@b.example }",
     .words =
         "The claims of the request: strings, numbers, booleans, null, lists and maps, sent as "
         "JSON."},
    {.name = "body",
     .shape = Shape::kTemplate,
     .example = "'{\"email\":\"a@b.example\"}'",
     .words = "Or the body as it is, byte for byte: also one that has to be refused."},
    {.name = "file",
     .shape = Shape::kString,
     .example = "requests/blocked.json",
     .words = "Or a file with the body, looked for beside this one."},
    {.name = "locale",
     .shape = Shape::kString,
     .example = "sv-SE",
     .words = "The person's language: with `claims`, sent as `ui_locales`."},
    {.name = "now",
     .shape = Shape::kString,
     .example = "\"2026-11-26T10:00:00Z\"",
     .words =
         "The moment of the request (RFC 3339), for rules that look at the time. Without it the "
         "real one."},
    {.name = "backends",
     .shape = Shape::kTemplates,
     .example = "{ crm: 'continue:{\"city\":\"Lund\"}' }",
     .words =
         "What backends decide, by name; none is called. `continue`, `continue:` and a JSON object of "
         "claims, `block:MESSAGE`, `validation_error:MESSAGE`, or `unresolved`."},
    {.name = "before",
     .shape = Shape::kObjects,
     .example = "[ { claims: { email: a@b.example }, times: 50, ago: 10m } ]",
     .words = "Requests to the same connector that came before, for limits of `velocity`: in the order "
              "of time, each a different person's.",
     .object = &kTestEarlier},
    {.name = "expect",
     .shape = Shape::kObject,
     .required = true,
     .example = "{ verdict: block, rule: blocked domains }",
     .words = "What has to come of it.",
     .object = &kExpectation},
};
constexpr string_view kPolicyTestOne[] = {"claims", "body", "file"};

constexpr Key kTestEarlierKeys[] = {
    {.name = "claims",
     .shape = Shape::kValues,
     .example = "{ email: a@b.example }",
     .words = "As in the test."},
    {.name = "body",
     .shape = Shape::kTemplate,
     .example = "'{\"email\":\"a@b.example\"}'",
     .words = "As in the test."},
    {.name = "file",
     .shape = Shape::kString,
     .example = "requests/blocked.json",
     .words = "As in the test."},
    {.name = "locale",
     .shape = Shape::kString,
     .example = "sv-SE",
     .words = "As in the test."},
    {.name = "times",
     .shape = Shape::kInteger,
     .fallback = "1",
     .example = "50",
     .words = "So many requests, none the retry of another.",
     .least = 1,
     .most = 100'000},
    {.name = "ago",
     .shape = Shape::kDuration,
     .fallback = "0ms",
     .example = "10m",
     .words = "How long before the test's request.",
     .least = 0,
     .most = std::int64_t{22} * 24 * 3'600'000},
};

constexpr Key kExpectationKeys[] = {
    {.name = "verdict",
     .shape = Shape::kChoice,
     .example = "block",
     .words =
         "What the caller is told at this step: a verdict that is illegal there is told as "
         "another. `fault` is the error of `token_fault: fail`, `refused` that of a body which "
         "is no JSON object.",
     .choices = kToldVerdicts},
    {.name = "rule",
     .shape = Shape::kTemplate,
     .example = "blocked domains",
     .words =
         "The rule that decided; `\"\"` when the end of the rules was reached, `otherwise` for "
         "the connector's `otherwise`."},
    {.name = "message",
     .shape = Shape::kTemplate,
     .example = "Sign-up is not open to b.example.",
     .words = "The text for the person, exactly."},
    {.name = "claims",
     .shape = Shape::kValues,
     .example = "{ givenName: Dana }",
     .words = "The claims that are returned: all of them."},
    {.name = "claims_include",
     .shape = Shape::kValues,
     .example = "{ givenName: Dana }",
     .words = "Some of the claims that are returned."},
    {.name = "shadowed",
     .shape = Shape::kStringsAny,
     .example = "[numbers in names]",
     .words = "The rules with `mode: shadow` that would have acted, in any order: all of them."},
    {.name = "tags",
     .shape = Shape::kStringsAny,
     .example = "[office]",
     .words = "The labels that rules have put on the request with `tag`, in any order: all of them."},
    {.name = "events",
     .shape = Shape::kStringsAny,
     .example = "[signup_blocked]",
     .words = "The events that come of it, all of them; in any order."},
};

constexpr Key kCaptureKeys[] = {
    {.name = "file",
     .shape = Shape::kString,
     .required = true,
     .example = "/var/lib/claimgate/capture.jsonl",
     .words = "The file, which is appended to, mode 0600; looked for beside this one."},
    {.name = "share",
     .shape = Shape::kNumber,
     .fallback = "1",
     .example = "0.01",
     .words = "The share of the requests that is kept.",
     .least = 0,
     .most = 1},
    {.name = "connectors",
     .shape = Shape::kStrings,
     .example = "[before-create]",
     .words = "The connectors whose requests are kept; without it all."},
    {.name = "keep",
     .shape = Shape::kStrings,
     .example = "[country, postalCode, email.domain]",
     .words = "Claims whose values are written as they are. Of all others there is a pseudonym. "
              "`email.domain` keeps the domain of an address that is hidden."},
    {.name = "secret",
     .shape = Shape::kString,
     .example = "\"${file:/run/secrets/capture}\"",
     .words = "Keys the pseudonyms, 16 bytes or more: with it, those of several runs and "
              "machines are alike. Without it each process has its own."},
    {.name = "bytes",
     .shape = Shape::kSize,
     .fallback = "64MiB",
     .example = "64MiB",
     .words = "How large the file may grow.",
     .least = 64 * kKiB,
     .most = 64 * kGiB},
    {.name = "when_full",
     .shape = Shape::kChoice,
     .fallback = "stop",
     .example = "rotate",
     .words = "`stop` writes no more. `rotate` renames the file to `.1`, over an older one, and "
              "begins anew.",
     .choices = kWhenFull},
};

}  // namespace

constinit const Object kTestEarlier{
    .name = "before",
    .words = "One member of `before` of a test. What became of it is not looked at.",
    .keys = kTestEarlierKeys,
    .exactly_one = kPolicyTestOne};
constinit const Object kPolicyTest{
    .name = "tests",
    .words =
        "One item of `tests`: a request, by exactly one of `claims`, `body` and `file`, and what "
        "has to come of it ([testing](testing.md)).",
    .keys = kPolicyTestKeys,
    .exactly_one = kPolicyTestOne};
constinit const Object kExpectation{
    .name = "expect",
    .words = "`expect` of a test: at least one of these. What is not written is not looked at.",
    .keys = kExpectationKeys};
constinit const Object kCapture{
    .name = "capture",
    .words =
        "`capture`. What is written, and what never is, stands in [testing](testing.md#capture).",
    .keys = kCaptureKeys};

}  // namespace core::config::schema
