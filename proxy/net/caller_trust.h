#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/gate/caller.h"
#include "core/result.h"
#include "proxy/net/tls_session.h"

namespace proxy::net {

/// The authorities that connectors name for their callers' certificates. Immutable; any thread. A
/// reload makes another, and connections ask it anew.
class CallerTrust {
 public:
  struct Fault {
    std::size_t file = 0;
    std::string why;
  };
  /// Of PEM texts, in the order of core::config::Config::caller_authorities; at most 64.
  static core::Result<std::shared_ptr<const CallerTrust>, Fault> create(
      const std::vector<std::string>& files);

  /// What the peer of `ssl` has shown; null when it has shown nothing. `trusted` says that the
  /// handshake has verified it. Verifies the chain once for each file of authorities.
  std::unique_ptr<const core::gate::ShownCertificate> look_at(SSL* ssl, bool trusted) const;

 private:
  struct FreeStore {
    void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
  };
  std::vector<std::unique_ptr<X509_STORE, FreeStore>> stores_;
};

/// "sha256 9f86...", and with `subject` also ", subject CN=...", cut at 256 bytes; control bytes and
/// those above ASCII escaped (RFC 2253). For logs.
std::string describe_certificate(X509* certificate, bool subject);

}  // namespace proxy::net
