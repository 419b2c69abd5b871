#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "proxy/net/tls_session.h"

namespace proxy::upstream {

/// Certificates made on the spot: an authority, and what it signs.
class Authority {
 public:
  Authority() : key_(EVP_EC_gen("P-256")), certificate_(make("authority", key_.get(), "", true, 0, 86'400)) {
    sign(certificate_.get());
  }

  struct Pair {
    std::string certificate, key;  // PEM
  };
  /// `names` as OpenSSL writes them: "DNS:crm.test,IP:127.0.0.1". Valid from now + begins to now + ends.
  Pair issue(const std::string& names, long begins = -3'600, long ends = 86'400) const {
    const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Free> certificate(make("server", key.get(), names, false, begins, ends));
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
    X509_sign(certificate.get(), key_.get(), EVP_sha256());
    return {pem_of(certificate.get()), pem_of(key.get())};
  }
  std::string pem() const { return pem_of(certificate_.get()); }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
  };
  static X509* make(const char* name, EVP_PKEY* key, const std::string& names, bool authority,
                    long begins, long ends) {
    static long serial = 1;
    X509* const made = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
    X509_set_version(made, 2);
    X509_gmtime_adj(X509_getm_notBefore(made), begins);
    X509_gmtime_adj(X509_getm_notAfter(made), ends);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    const auto extend = [&](int kind, const std::string& value) {
      if (value.empty()) return;
      X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
      X509_add_ext(made, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(NID_subject_alt_name, names);
    return made;
  }
  void sign(X509* certificate) const { X509_sign(certificate, key_.get(), EVP_sha256()); }
  template <typename T>
  static std::string pem_of(T* object) {
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    if constexpr (std::is_same_v<T, X509>) {
      PEM_write_bio_X509(bio.get(), object);
    } else {
      PEM_write_bio_PrivateKey(bio.get(), object, nullptr, nullptr, 0, nullptr, nullptr);
    }
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
};

inline std::shared_ptr<const net::TlsContext> server_context(const Authority::Pair& pair,
                                                             const std::string& callers = "") {
  auto made = net::TlsContext::for_server(
      {{{pair.certificate, pair.key}},
       callers,
       callers.empty() ? net::TlsContext::Server::Ask::kNo : net::TlsContext::Server::Ask::kRequired});
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().why);
  return made.ok() ? made.value() : nullptr;
}

inline std::shared_ptr<const net::TlsContext> client_context(const std::string& authorities,
                                                             const Authority::Pair& own = {},
                                                             bool verify = true) {
  net::TlsContext::Client options;
  options.authorities = authorities;
  options.system_authorities = false;
  options.certificate = own.certificate;
  options.key = own.key;
  options.verify = verify;
  auto made = net::TlsContext::for_client(options);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().why);
  return made.ok() ? made.value() : nullptr;
}

}  // namespace proxy::upstream
