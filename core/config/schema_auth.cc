// The rows of the table for `auth` of a connector, and for who stands in front of a listener; see
// schema.h.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr Key kAuthenticationKeys[] = {
    {.name = "basic",
     .shape = Shape::kObjectOrList,
     .example = "{ username: b2c, password: \"${env:B2C_PASSWORD}\" }",
     .words = "HTTP Basic. With several credentials each is good: the old and the new one while "
              "they are changed.",
     .object = &kCredential},
    {.name = "bearer",
     .shape = Shape::kStringOrList,
     .example = "\"${env:B2C_TOKEN}\"",
     .words =
         "A fixed token in `Authorization: Bearer`, 16 bytes or more. Each of several is good. "
         "Beside `basic` either will do."},
    {.name = "entra",
     .shape = Shape::kObject,
     .example = "{ tenant: 1f6d2c4e-5b0a-4d8f-9a53-7c1e8b2f4d60, audience: 6f0c9d8a-3b1e-4c52-8a77-d94e5f10b2c3 }",
     .words =
         "A token (JWT) that Microsoft Entra has issued to the caller, in `Authorization: Bearer`. "
         "Beside `basic` or `bearer` either will do.",
     .object = &kEntra},
    {.name = "certificate",
     .shape = Shape::kObjectOrList,
     .example = "{ sha256: 9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08 }",
     .words =
         "The certificate that the caller shows in the TLS handshake, in addition to `basic`, "
         "`bearer` or `entra` where those are written. With several each is good: the old and the new one "
         "while they are changed.",
     .object = &kCallerCertificate},
    {.name = "api_key",
     .shape = Shape::kObject,
     .example = "{ query: code, value: \"${env:B2C_KEY}\" }",
     .words = "A key in a header field or in the query, always in addition to the others; with "
              "`b2c-policy` it may be alone.",
     .object = &kApiKey},
    {.name = "addresses",
     .shape = Shape::kStrings,
     .example = "[ 192.0.2.0/24, \"2001:db8::/32\" ]",
     .words =
         "The networks that callers come from, always in addition; anybody else gets 403. `unix` "
         "stands for Unix sockets. Behind a load balancer see `proxies` of a listener."},
};
constexpr string_view kAuthenticationSome[] = {"basic", "bearer", "entra", "certificate", "api_key"};

constexpr Key kCredentialKeys[] = {
    {.name = "username",
     .shape = Shape::kString,
     .required = true,
     .example = "b2c",
     .words = "Without a colon (RFC 7617)."},
    {.name = "password",
     .shape = Shape::kString,
     .required = true,
     .example = "\"${env:B2C_PASSWORD}\"",
     .words = "Better kept out of the file: `${env:NAME}` or `${file:PATH}`."},
};

constexpr Key kCallerCertificateKeys[] = {
    {.name = "sha256",
     .shape = Shape::kString,
     .example = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
     .words =
         "The SHA-256 thumbprint of the certificate, 64 hexadecimal digits, perhaps with colons. "
         "Then nobody needs to have signed it."},
    {.name = "ca",
     .shape = Shape::kString,
     .example = "tls/b2c-ca.pem",
     .words =
         "A PEM file with the authorities of which one has to have signed it, intermediate ones "
         "too. It is read again at a reload. Without it and without `sha256` the listener's "
         "`client_ca`."},
    {.name = "subject",
     .shape = Shape::kString,
     .example = "CN=api.contoso.onmicrosoft.com",
     .words = "Its whole subject, as `openssl x509 -noout -subject -nameopt RFC2253` writes it."},
    {.name = "issuer",
     .shape = Shape::kString,
     .example = "CN=B2C callers",
     .words = "Its whole issuer, written in the same way."},
    {.name = "san",
     .shape = Shape::kString,
     .example = "\"DNS:api.contoso.example\"",
     .words =
         "One of its alternative names, behind `DNS:`, `URI:`, `email:` or `IP:`. No wildcards."},
};
constexpr string_view kCallerCertificateSome[] = {"sha256", "ca", "subject", "issuer", "san"};

constexpr Key kApiKeyKeys[] = {
    {.name = "header",
     .shape = Shape::kString,
     .example = "x-functions-key",
     .words = "The header field it comes in."},
    {.name = "query",
     .shape = Shape::kString,
     .example = "code",
     .words = "Or the parameter of the URL."},
    {.name = "value",
     .shape = Shape::kStringOrList,
     .required = true,
     .example = "\"${env:B2C_KEY}\"",
     .words = "The key, 16 bytes or more, percent-decoded. Each of several is good."},
};
constexpr string_view kApiKeyOne[] = {"query", "header"};

}  // namespace

constinit const Object kAuthentication{
    .name = "auth",
    .words = "`auth` of a connector. All that is written has to be right.",
    .keys = kAuthenticationKeys,
    .at_least_one = kAuthenticationSome};
constinit const Object kCredential{
    .name = "credential", .words = "One item of `basic`.", .keys = kCredentialKeys};
constinit const Object kCallerCertificate{
    .name = "caller-certificate",
    .words =
        "One item of `certificate`: everything that is written has to fit, and the certificate "
        "has to be in its time. A listener has to ask for certificates (`client_certificate`).",
    .keys = kCallerCertificateKeys,
    .at_least_one = kCallerCertificateSome};
constinit const Object kApiKey{
    .name = "api-key", .words = "`api_key`.", .keys = kApiKeyKeys, .exactly_one = kApiKeyOne};

}  // namespace core::config::schema
