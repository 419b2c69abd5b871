#include "proxy/net/caller_trust.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <ctime>
#include <string_view>

#include "core/text/hex.h"
#include "proxy/net/owned.h"

namespace proxy::net {
namespace {

constexpr std::size_t kNamesMax = 100;  // of one certificate: the rest fit nobody

std::string rfc2253(X509_NAME* name) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return size <= 0 ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// As configurations write it; empty for kinds that none names.
std::string written(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS: {
      std::string text = "DNS:" + text_of(name.d.dNSName);
      for (std::size_t i = 4; i < text.size(); ++i) {
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
      }
      return text;
    }
    case GEN_URI:
      return "URI:" + text_of(name.d.uniformResourceIdentifier);
    case GEN_EMAIL:
      return "email:" + text_of(name.d.rfc822Name);
    case GEN_IPADD: {
      const int size = ASN1_STRING_length(name.d.iPAddress);
      char text[INET6_ADDRSTRLEN];
      if (size != 4 && size != 16) return {};
      const int family = size == 4 ? AF_INET : AF_INET6;
      if (inet_ntop(family, ASN1_STRING_get0_data(name.d.iPAddress), text, sizeof text) ==
          nullptr) {
        return {};
      }
      return std::string("IP:") + text;
    }
    default:
      return {};
  }
}

/// Seconds since 1970, or `otherwise` for a time that is none.
std::int64_t seconds(const ASN1_TIME* time, std::int64_t otherwise) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts))
                                            : otherwise;
}

bool vouches(X509_STORE* store, X509* certificate, STACK_OF(X509) * chain) {
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  return context != nullptr && X509_STORE_CTX_init(context.get(), store, certificate, chain) == 1 &&
         X509_STORE_CTX_set_default(context.get(), "ssl_client") == 1 &&
         X509_verify_cert(context.get()) == 1;
}

}  // namespace

core::Result<std::shared_ptr<const CallerTrust>, CallerTrust::Fault> CallerTrust::create(
    const std::vector<std::string>& files) {
  auto trust = std::make_shared<CallerTrust>();
  for (std::size_t i = 0; i < files.size(); ++i) {
    ERR_clear_error();
    std::unique_ptr<X509_STORE, FreeStore> store(X509_STORE_new());
    const Owned<BIO> bio(BIO_new_mem_buf(files[i].data(), static_cast<int>(files[i].size())));
    if (store == nullptr || bio == nullptr) return Fault{i, "out of memory"};
    // What the operator names is an anchor as it stands, be it an intermediate.
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    std::size_t count = 0;
    while (const Owned<X509> one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
      X509_check_purpose(one.get(), -1, 0);  // as in tls_context.cc: before workers share it
      if (X509_STORE_add_cert(store.get(), one.get()) != 1) return Fault{i, "out of memory"};
      ++count;
    }
    const unsigned long error = ERR_peek_last_error();
    const bool at_end =
        ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (count == 0) {
      return Fault{i, "it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"};
    }
    if (!at_end) return Fault{i, "a certificate in it cannot be read"};
    trust->stores_.push_back(std::move(store));
  }
  return std::shared_ptr<const CallerTrust>(std::move(trust));
}

std::unique_ptr<const core::gate::ShownCertificate> CallerTrust::look_at(SSL* ssl,
                                                                         bool trusted) const {
  X509* const certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return nullptr;
  auto shown = std::make_unique<core::gate::ShownCertificate>();
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), shown->sha256.data(), &size) != 1) shown->sha256 = {};
  shown->subject = rfc2253(X509_get_subject_name(certificate));
  shown->issuer = rfc2253(X509_get_issuer_name(certificate));
  shown->not_before_s = seconds(X509_get0_notBefore(certificate), INT64_MAX);
  shown->not_after_s = seconds(X509_get0_notAfter(certificate), INT64_MIN);
  shown->trusted = trusted;
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (shown->names.size() == kNamesMax) break;
    std::string name = written(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty()) shown->names.push_back(std::move(name));
  }
  for (std::size_t i = 0; i < stores_.size(); ++i) {
    if (vouches(stores_[i].get(), certificate, SSL_get_peer_cert_chain(ssl))) {
      shown->authorities |= std::uint64_t{1} << i;
    }
  }
  ERR_clear_error();  // those that do not vouch say why
  return shown;
}

std::string describe_certificate(X509* certificate, bool subject) {
  constexpr std::size_t kSubjectMax = 256;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) size = 0;
  std::string text = "sha256 ";
  core::text::append_hex(text, {digest, size});
  if (subject)
    text += ", subject " + rfc2253(X509_get_subject_name(certificate)).substr(0, kSubjectMax);
  return text;
}

}  // namespace proxy::net
