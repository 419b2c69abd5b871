#include "tools/load/tls.h"

#include <openssl/err.h>

namespace load {

std::string last_tls_error() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return error == 0 || reason == nullptr ? "the connection ended during the handshake" : reason;
}

core::Result<SslContextPtr, UsageError> make_tls_context(const TlsOptions& options) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return UsageError{"OpenSSL: " + last_tls_error()};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);  // head and body of a record in one recv
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (!options.insecure) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const int loaded = options.ca.empty()
                           ? SSL_CTX_set_default_verify_paths(context.get())
                           : SSL_CTX_load_verify_file(context.get(), options.ca.c_str());
    if (loaded != 1) return UsageError{"--ca " + options.ca + ": " + last_tls_error()};
  }
  if (!options.certificate.empty()) {
    const std::string& key = options.key.empty() ? options.certificate : options.key;
    if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate.c_str()) != 1) {
      return UsageError{"--cert " + options.certificate + ": " + last_tls_error()};
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
      return UsageError{"--key " + key + ": " + last_tls_error()};
    }
  }
  return context;
}

}  // namespace load
