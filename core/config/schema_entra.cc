// The rows of the table for callers' tokens of Microsoft Entra; see schema.h.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

constexpr Key kEntraKeys[] = {
    {.name = "tenant",
     .shape = Shape::kString,
     .required = true,
     .example = "1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60",
     .words = "The tenant's id. A token of another one is refused."},
    {.name = "audience",
     .shape = Shape::kStringOrList,
     .required = true,
     .example = "6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3",
     .words =
         "Who the token has to be for (`aud`): the client id of the extension's app registration, and for tokens "
         "of version 1.0 its `api://HOST/ID` as well. Each of several is good."},
    {.name = "authorized_party",
     .shape = Shape::kStringOrList,
     .fallback = "99045fe1-7639-4a75-9d4a-577b6ca3810f",
     .example = "99045fe1-7639-4a75-9d4a-577b6ca3810f",
     .words =
         "The client id of the application that calls (`azp`, `appid`). The default is Microsoft's, which calls "
         "custom authentication extensions. Each of several is good."},
    {.name = "authority",
     .shape = Shape::kString,
     .example = "https://contoso.ciamlogin.com/1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60",
     .words =
         "Where the discovery documents are, which name the issuer and the keys. Without it "
         "`https://login.microsoftonline.com/TENANT`; external tenants and national clouds have others. "
         "`http` on this machine alone."},
    {.name = "ca",
     .shape = Shape::kString,
     .example = "tls/authority-ca.pem",
     .words =
         "A PEM file with the authorities for the HTTPS of `authority` and its keys. Without it those of the "
         "system. It is read again at a reload."},
    {.name = "refresh",
     .shape = Shape::kDuration,
     .fallback = "24h",
     .example = "24h",
     .words =
         "How often keys are fetched again, at the latest. A token with an unknown key has it done at once, every "
         "5 minutes at most.",
     .least = 5 * kMinute,
     .most = kDay},
    {.name = "clock_skew",
     .shape = Shape::kDuration,
     .fallback = "5m",
     .example = "5m",
     .words = "How far the clocks of this machine and of Entra may be apart.",
     .least = 0,
     .most = 5 * kMinute},
};

}  // namespace

constinit const Object kEntra{
    .name = "entra",
    .words = "`entra` of `auth`: tokens of one tenant, for one audience, from one application. They are verified "
             "on this machine, with keys that are fetched beforehand.",
    .keys = kEntraKeys};

}  // namespace core::config::schema
