#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "core/result.h"
#include "tools/load/units.h"

namespace load {

struct FreeSsl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using SslContextPtr = std::unique_ptr<SSL_CTX, FreeSsl>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, FreeSsl>;

struct TlsOptions {
  bool insecure = false;    // do not verify the server's certificate
  std::string ca;           // PEM file; empty: the system's authorities
  std::string certificate;  // PEM file of the client's certificate; empty: none
  std::string key;          // PEM file; empty: in the certificate's file
  bool resume = false;      // offer the last session again when opening a connection
};

/// A client context for TLS 1.2 and 1.3, shared by all threads of a run.
core::Result<SslContextPtr, UsageError> make_tls_context(const TlsOptions& options);

/// The reason of OpenSSL's last error on this thread, in words; clears the queue.
std::string last_tls_error();

}  // namespace load
