// How contexts of TLS are made. The rules are those of RFC 9325 (recommendations for TLS): 1.2 and 1.3,
// forward secrecy and AEAD, no compression, no renegotiation.
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <climits>

#include "proxy/net/owned.h"
#include "proxy/net/tls_session.h"

namespace proxy::net {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, FreeOpenSsl>;

/// The reason of OpenSSL's last error, in the library's words; empties the queue.
std::string last_reason() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(error);
  return reason == nullptr ? "OpenSSL gives no reason" : reason;
}

bool at_end_of_pem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// A key behind a passphrase cannot be read: nobody is there to be asked for it.
int no_passphrase(char*, int, int, void*) { return -1; }

Owned<BIO> over(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Owned<X509> next_certificate(BIO* bio) {
  return Owned<X509>(PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr));
}

/// Calls `take` for each certificate of `pem`. What is wrong, or nothing.
template <typename Take>
std::string each_certificate(const std::string& pem, Take take) {
  ERR_clear_error();
  const Owned<BIO> bio = over(pem);
  if (bio == nullptr) return "out of memory";
  std::size_t count = 0;
  while (Owned<X509> certificate = next_certificate(bio.get())) {
    // OpenSSL decodes a certificate's extensions when a handshake first asks for them, and keeps
    // them in the certificate, which the workers share. Here one thread does so for all of them.
    X509_check_purpose(certificate.get(), -1, 0);
    if (!take(certificate.get(), count)) return last_reason();
    ++count;
  }
  if (!at_end_of_pem()) return last_reason();
  ERR_clear_error();
  return count == 0 ? "it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)" : "";
}

core::Result<ContextPtr, TlsError> make_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (context == nullptr) return TlsError{TlsError::Part::kLibrary, last_reason()};
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // A record's head and its rest come from the BIO with one read. The buffer is given back all the same.
  SSL_CTX_set_read_ahead(raw, 1);
  // TLS 1.3's suites are all of this kind; these are the ones of 1.2.
  if (SSL_CTX_set_cipher_list(raw,
                              "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") != 1 ||
      SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") != 1) {
    return TlsError{TlsError::Part::kLibrary, last_reason()};
  }
  return context;
}

std::string use_key_pair(SSL_CTX* context, const std::string& certificate, const std::string& key,
                         TlsError::Part& part) {
  part = TlsError::Part::kCertificate;
  std::string why = each_certificate(certificate, [&](X509* one, std::size_t index) {
    return (index == 0 ? SSL_CTX_use_certificate(context, one)
                       : SSL_CTX_add1_chain_cert(context, one)) == 1;
  });
  if (!why.empty()) return why;
  part = TlsError::Part::kKey;
  const Owned<BIO> bio = over(key);
  const Owned<EVP_PKEY> read(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (read == nullptr) {
    const std::string reason = last_reason();
    return key.find("ENCRYPTED") != std::string::npos
               ? "the key is encrypted: store it without a passphrase, readable by claimgate alone"
               : reason;
  }
  if (SSL_CTX_use_PrivateKey(context, read.get()) != 1) return last_reason();
  return {};
}

std::string trust(SSL_CTX* context, const std::string& authorities) {
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  return each_certificate(authorities, [&](X509* one, std::size_t) {
    return X509_STORE_add_cert(store, one) == 1;
  });
}

/// Tells clients whose certificates are believed: those with several choose by it (RFC 8446, 4.2.4).
std::string name_authorities(SSL_CTX* context, const std::string& authorities) {
  return each_certificate(authorities, [&](X509* one, std::size_t) {
    return SSL_CTX_add_client_CA(context, one) == 1;
  });
}

void add(EVP_MD_CTX* digest, const std::string& part) {
  const std::uint64_t size = part.size();  // framed: no two lists of parts look alike
  EVP_DigestUpdate(digest, &size, sizeof size);
  EVP_DigestUpdate(digest, part.data(), part.size());
}

std::string identity_of(std::initializer_list<std::string> parts) {
  const Owned<EVP_MD_CTX> digest(EVP_MD_CTX_new());
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (digest == nullptr || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) return {};
  for (const std::string& part : parts) add(digest.get(), part);
  EVP_DigestFinal_ex(digest.get(), bytes, &size);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

core::Result<std::shared_ptr<const TlsContext>, TlsError> TlsContext::for_client(
    const Client& options) {
  auto made = make_context(TLS_client_method());
  if (!made) return made.error();
  SSL_CTX* const context = made.value().get();
  // Sessions are kept by whoever holds the connections: no cache with a lock inside the library.
  SSL_CTX_set_session_cache_mode(context,
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, TlsSession::on_ticket);
  if (options.system_authorities && options.verify &&
      SSL_CTX_set_default_verify_paths(context) != 1) {
    return TlsError{TlsError::Part::kLibrary, last_reason()};
  }
  if (!options.authorities.empty()) {
    std::string why = trust(context, options.authorities);
    if (!why.empty()) return TlsError{TlsError::Part::kAuthorities, std::move(why)};
    // What the operator pins is an anchor as it stands, be it an intermediate.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (!options.certificate.empty()) {
    TlsError error;
    error.why = use_key_pair(context, options.certificate,
                             options.key.empty() ? options.certificate : options.key, error.part);
    if (!error.why.empty()) return error;
  }
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  std::string identity =
      identity_of({"client", options.authorities, options.system_authorities ? "1" : "0",
                   options.certificate, options.key, options.verify ? "1" : "0"});
  return std::shared_ptr<const TlsContext>(
      new TlsContext(std::move(made).value().release(), options.verify, std::move(identity)));
}

core::Result<std::shared_ptr<const TlsContext>, TlsError> TlsContext::for_server(
    const Server& options) {
  auto made = make_context(TLS_server_method());
  if (!made) return made.error();
  SSL_CTX* const context = made.value().get();
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Stateless tickets: nothing is kept for those who do not come back.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // A session that was begun under other rules for callers is not resumed under these.
  const std::string callers = identity_of(
      {"callers", options.client_authorities, std::to_string(static_cast<int>(options.ask))});
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(callers.data()),
                                 static_cast<unsigned int>(callers.size()));
  std::string parts;
  for (const KeyPair& pair : options.key_pairs) {
    TlsError error;
    error.why = use_key_pair(context, pair.certificate,
                             pair.key.empty() ? pair.certificate : pair.key, error.part);
    if (!error.why.empty()) return error;
    parts += identity_of({pair.certificate, pair.key});
  }
  using Ask = Server::Ask;
  const bool verify = !options.client_authorities.empty();
  if (verify) {
    std::string why = trust(context, options.client_authorities);
    if (!why.empty()) return TlsError{TlsError::Part::kAuthorities, std::move(why)};
    why = name_authorities(context, options.client_authorities);
    if (!why.empty()) return TlsError{TlsError::Part::kAuthorities, std::move(why)};
  }
  if (options.ask != Ask::kNo) {
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | (options.ask == Ask::kRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
  }
  std::string identity = identity_of({"server", parts, options.client_authorities,
                                      std::to_string(static_cast<int>(options.ask))});
  return std::shared_ptr<const TlsContext>(
      new TlsContext(std::move(made).value().release(), verify, std::move(identity)));
}

}  // namespace proxy::net
