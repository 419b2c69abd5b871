// The rows of the table for listeners; see schema.h.
#include "core/config/schema.h"

namespace core::config::schema {
namespace {

using std::string_view;

constexpr string_view kProxyProtocols[] = {"off", "v1", "v2", "any"};
constexpr string_view kClientCertificates[] = {"required", "optional"};

constexpr Key kListenerKeys[] = {
    {.name = "address",
     .shape = Shape::kAddress,
     .required = true,
     .example = "127.0.0.1:8080",
     .words = "An IPv4 address, an IPv6 address in brackets, or `unix:` and the path of a socket. "
              "Port 0 is any free port."},
    {.name = "tls",
     .shape = Shape::kObject,
     .example = "{ certificate: tls/server.crt, key: tls/server.key }",
     .words = "TLS on this listener. Without it requests are read as they come.",
     .object = &kListenerTls},
    {.name = "proxy_protocol",
     .shape = Shape::kChoice,
     .fallback = "off",
     .example = "v2",
     .words = "Whether a load balancer says in front of each connection who has called it, and in "
              "which version of the PROXY protocol. A connection without that header is closed.",
     .choices = kProxyProtocols},
    {.name = "forwarded_for",
     .shape = Shape::kInteger,
     .fallback = "0",
     .example = "1",
     .words = "How many proxies in a row, all of them trusted, add to `X-Forwarded-For`: the caller's "
              "address is that element from the right. 0: the field counts for nothing.",
     .least = 0,
     .most = 16},
    {.name = "proxies",
     .shape = Shape::kStrings,
     .example = "[ 10.0.0.0/8 ]",
     .words = "Whose PROXY header and `X-Forwarded-For` is believed; `unix` stands for Unix sockets. "
              "Needed with either, but on a listener of this machine alone, where it is this machine."},
};

constexpr Key kCertificateKeys[] = {
    {.name = "certificate",
     .shape = Shape::kString,
     .required = true,
     .example = "tls/server.crt",
     .words = "A PEM file: the server's certificate, then those between it and the root."},
    {.name = "key",
     .shape = Shape::kString,
     .required = true,
     .example = "tls/server.key",
     .words = "A PEM file with its private key, without a passphrase."},
    {.name = "ocsp",
     .shape = Shape::kString,
     .example = "tls/server.ocsp",
     .words = "A DER file with the authority's OCSP answer about the certificate, stapled to "
              "handshakes. It is read again at a reload."},
};

constexpr Key kTlsKeys[] = {
    {.name = "certificate",
     .shape = Shape::kString,
     .example = "tls/server.crt",
     .words = "A PEM file: the server's certificate, then those between it and the root."},
    {.name = "key",
     .shape = Shape::kString,
     .example = "tls/server.key",
     .words = "A PEM file with its private key, without a passphrase. Missing: it is in the file of "
              "the certificate."},
    {.name = "ocsp",
     .shape = Shape::kString,
     .example = "tls/server.ocsp",
     .words = "A DER file with the authority's OCSP answer about the certificate, stapled to "
              "handshakes."},
    {.name = "certificates",
     .shape = Shape::kObjects,
     .example = "[ { certificate: tls/ecdsa.crt, key: tls/ecdsa.key } ]",
     .words = "Several certificates instead: for several names, or of ECDSA and RSA for the same. "
              "The caller's server name chooses, the first stands in for names that none has.",
     .object = &kCertificate},
    {.name = "client_ca",
     .shape = Shape::kString,
     .example = "tls/callers.pem",
     .words = "A PEM file with the authorities of callers: mutual TLS. A caller with another's "
              "certificate ends at the handshake."},
    {.name = "client_certificate",
     .shape = Shape::kChoice,
     .example = "required",
     .words = "Asks callers for a certificate. `required`: one without ends at the handshake; that is "
              "so with `client_ca` where nothing is written. `optional`: it may go on and show who it "
              "is in another way. Without `client_ca` any certificate passes the handshake, and "
              "connectors decide (`certificate` of their `auth`).",
     .choices = kClientCertificates},
    {.name = "log_client_subject",
     .shape = Shape::kBoolean,
     .fallback = "false",
     .example = "true",
     .words = "Whether the log names the subject of a certificate that was refused, and not its "
              "thumbprint alone. It may be personal data."},
    {.name = "ticket_lifetime",
     .shape = Shape::kDuration,
     .fallback = "12h",
     .example = "12h",
     .words = "How long a session may be resumed. Keys of tickets are replaced twice in that time.",
     .least = 60'000,
     .most = 48 * kHour},
};
constexpr string_view kTlsOne[] = {"certificate", "certificates"};

}  // namespace

constinit const Object kListener{.name = "listener",
                                 .words = "One item of `listeners`.",
                                 .keys = kListenerKeys};
constinit const Object kListenerTls{.name = "tls",
                                    .words = "`tls` of a listener. TLS 1.2 and 1.3. All files are "
                                             "read again at a reload.",
                                    .keys = kTlsKeys,
                                    .exactly_one = kTlsOne};
constinit const Object kCertificate{.name = "certificate",
                                    .words = "One item of `certificates`.",
                                    .keys = kCertificateKeys};

}  // namespace core::config::schema
