#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kDialects[] = {"b2c-userflow", "b2b-signup", "ext-id", "b2c-policy"};
constexpr string_view kTokenFaults[] = {"continue", "fail"};
constexpr string_view kAnonymous[] = {"anonymous"};
constexpr string_view kStepsOfUrls[] = {"PostFederationSignup", "PostAttributeCollection"};

constexpr Key kConnectorKeys[] = {
    {.name = "path",
     .shape = Shape::kPath,
     .required = true,
     .example = "/b2c/before-create",
     .words = "The path of the URL that is called, exactly."},
    {.name = "dialect",
     .shape = Shape::kChoice,
     .required = true,
     .example = "b2c-userflow",
     .words = "Who calls: `b2c-userflow` is an API connector of an Azure AD B2C user flow, "
              "`b2b-signup` one of self-service sign-up in a workforce tenant of Microsoft Entra, "
              "`ext-id` a custom authentication extension of Microsoft Entra, `b2c-policy` a RESTful "
              "technical profile of an Azure AD B2C custom policy.",
     .choices = kDialects},
    {.name = "step",
     .shape = Shape::kChoice,
     .example = "PostAttributeCollection",
     .words = "With `b2b-signup`, whose requests do not say it, and required there: which step this "
              "path is the endpoint of. `PostFederationSignup` is \"after federating with an identity "
              "provider\", `PostAttributeCollection` is \"before creating the user\".",
     .choices = kStepsOfUrls},
    {.name = "auth",
     .shape = Shape::kWordOr,
     .example = "{ basic: { username: b2c, password: \"${env:B2C_PASSWORD}\" } }",
     .words = "How the caller shows who it is. `anonymous` lets everybody in and has to be written "
              "when a listener can be reached from another machine.",
     .choices = kAnonymous,
     .object = &kAuthentication},
    {.name = "deadline",
     .shape = Shape::kDuration,
     .example = "4s",
     .words = "When the answer has to be out. User flows wait five seconds: 4s unless written. "
              "Extensions wait one second, or up to two where the tenant says so: 800ms unless "
              "written. Custom policies wait ten: 8s unless written.",
     .least = 100,
     .most = 60 * kSecond},
    {.name = "otherwise",
     .shape = Shape::kObject,
     .example = "{ validation_error: later }",
     .words = "The verdict when none is found by the deadline.",
     .object = &kOtherwise},
    {.name = "retry_window",
     .shape = Shape::kDuration,
     .example = "12s",
     .words = "A request with the same body within this time is the caller's retry: it gets the "
              "first one's decision and reaches no backend again. 0ms: it is a new request. Unless "
              "written 12s, with `ext-id` 6s, with `b2c-policy` 22s.",
     .least = 0,
     .most = kHour},
    {.name = "pending",
     .shape = Shape::kInteger,
     .example = "1000",
     .words = "Requests of this connector that wait for a backend, in one worker. One more is answered "
              "`otherwise` at once, so that a slow backend of one connector does not take the places of "
              "others. Unless written half of `limits.pending`, and all of it when no other connector "
              "asks a backend.",
     .least = 0,
     .most = 1'000'000},
    {.name = "token_fault",
     .shape = Shape::kChoice,
     .fallback = "continue",
     .example = "continue",
     .words = "What happens before a token is issued, where a person can be told nothing: "
              "`continue` without claims, or `fail` the call.",
     .choices = kTokenFaults},
    {.name = "policy",
     .shape = Shape::kObject,
     .example = "{ claims_in: form, names: { email: signInName } }",
     .words = "With `b2c-policy`: what the author of the policy chose.",
     .object = &kPolicyContract},
    {.name = "block_title",
     .shape = Shape::kName,
     .example = "later",
     .words = "With `ext-id`: the message that is the title of block pages."},
    {.name = "carry",
     .shape = Shape::kObject,
     .example = "{ emailOtpSend: mailer }",
     .words = "With `ext-id`: events that rules have no part in, each with the backend that gets them. "
              "An event that is not named is refused.",
     .object = &kCarry},
    {.name = "on",
     .shape = Shape::kObject,
     .example = "{ block: [signup_blocked] }",
     .words = "Events of every request that was told a verdict.",
     .object = &kOn},
    {.name = "rules",
     .shape = Shape::kRules,
     .example = "[ { name: everybody, continue: {} } ]",
     .words = "Run in order until one ends; after the last one the person goes on, with every "
              "claim that a rule set.",
     .object = &kRule},
    {.name = "shadow_rules",
     .shape = Shape::kRules,
     .example = "[ { name: everybody, continue: {} } ]",
     .words = "Other rules, run over the same claims behind the answer and never told: where their "
              "verdict, message or claims differ is counted, and now and then written to the log.",
     .object = &kRule},
};
constexpr LaterKey kConnectorLater[] = {
    {"cache", "write it in a rule that asks"},
    {"tests", "write them at the top level: each names its connector"},
    {"limits", "write it at the top level: it is for all connectors"},
};

constexpr string_view kClaimsIn[] = {"body", "form", "header", "query", "url"};
constexpr Key kPolicyContractKeys[] = {
    {.name = "claims_in",
     .shape = Shape::kChoice,
     .fallback = "body",
     .example = "form",
     .words = "The profile's `SendClaimsIn`: `body` and `form` are called by POST, `header`, `query` "
              "(QueryString) and `url` by GET.",
     .choices = kClaimsIn},
    {.name = "payload",
     .shape = Shape::kString,
     .example = "order",
     .words = "With `claims_in: body` and the profile's `ClaimUsedForRequestPayload`: the claim that "
              "the whole body is, an object, an array or any other JSON value."},
    {.name = "url",
     .shape = Shape::kString,
     .example = "\"/{email}/{tier}?lang={ui_locales}\"",
     .words = "With `claims_in: url`, and required there: what comes behind the connector's path. A "
              "segment is a text or one claim in braces, a parameter has one claim as its value."},
    {.name = "names",
     .shape = Shape::kTemplates,
     .example = "{ email: signInName }",
     .words = "Claims by their name in rules, each with the name that the policy sends and reads (its "
              "`PartnerClaimType`). At most 64. With `claims_in: header` the claims are these and no "
              "others."},
    {.name = "debug",
     .shape = Shape::kBoolean,
     .fallback = "false",
     .example = "true",
     .words = "Whether error answers have `code`, `requestId`, `developerMessage` and `moreInfo`, which "
              "a policy in `DebugMode` shows. They name the rule that decided and no claim."},
    {.name = "request_id",
     .shape = Shape::kString,
     .example = "correlationId",
     .words = "With `debug`: the claim whose GUID is `requestId`, as `{Context:CorrelationId}` is. "
              "Anything but a GUID is left out."},
    {.name = "more_info",
     .shape = Shape::kString,
     .example = "https://wiki.woodgrove.example/claimgate",
     .words = "With `debug`: the URL that is `moreInfo`."},
};

constexpr Key kCarryKeys[] = {
    {.name = "emailOtpSend",
     .shape = Shape::kName,
     .example = "mailer",
     .words = "A one-time code that has to be mailed."},
    {.name = "passwordSubmit",
     .shape = Shape::kName,
     .example = "migration",
     .words = "A password, encrypted, of an account that is being moved."},
    {.name = "verifiedIdClaimValidation",
     .shape = Shape::kName,
     .example = "recovery",
     .words = "Claims of a verified identity, for the recovery of an account."},
};

constexpr Key kOtherwiseKeys[] = {
    {.name = "continue",
     .shape = Shape::kClaims,
     .example = "{}",
     .words = "Go on, with these claims."},
    {.name = "block",
     .shape = Shape::kName,
     .example = "later",
     .words = "Show the message on a page of its own: the person cannot go on."},
    {.name = "validation_error",
     .shape = Shape::kName,
     .example = "later",
     .words = "Show the message on the form: the person may try again."},
};
constexpr string_view kOtherwiseOne[] = {"validation_error", "block", "continue"};

}  // namespace

constinit const Object kConnector{.name = "connector",
                                  .words = "One member of `connectors`.",
                                  .keys = kConnectorKeys,
                                  .later = kConnectorLater};
constinit const Object kPolicyContract{
    .name = "policy of a connector",
    .words = "`policy` of a connector: how a RESTful technical profile sends claims and what it is told.",
    .keys = kPolicyContractKeys};
constinit const Object kCarry{
    .name = "carry",
    .words = "`carry` of a connector: a backend that speaks `ext-id` for each event. It gets the event "
             "and its answer is passed on byte for byte; nothing of either is read by rules, remembered, "
             "logged or captured.",
    .keys = kCarryKeys};
constinit const Object kOtherwise{.name = "otherwise",
                                  .words = "`otherwise` of a connector: exactly one of these.",
                                  .keys = kOtherwiseKeys,
                                  .exactly_one = kOtherwiseOne};

std::span<const std::string_view> later_choices(std::string_view) noexcept { return {}; }

}  // namespace core::config::schema
