// Certificates are grouped into sites: an ECDSA and an RSA certificate for the same first name share an
// SSL_CTX, in which OpenSSL chooses by what the client can verify. Everything else chooses by the
// server name (RFC 6066, 3): the exact one, then the wildcard of its parent, then the first site. A
// name that nobody has gets the first certificate and not an alert: health checks and probes by
// address have none, and a certificate says for itself what it is for.
#include "proxy/net/tls_server.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

#include "core/secret.h"
#include "core/text/text.h"
#include "proxy/net/caller_trust.h"

namespace proxy::net {
namespace {

struct FreeCertificate {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
  void operator()(OCSP_RESPONSE* answer) const noexcept { OCSP_RESPONSE_free(answer); }
};

/// What is wrong with an OCSP answer; empty when callers can make something of it. Its time and its
/// signature are theirs to judge.
std::string wrong_with_staple(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<OCSP_RESPONSE, FreeCertificate> answer(
      d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
  ERR_clear_error();
  if (answer == nullptr) return "it is no OCSP answer in DER form";
  if (OCSP_response_status(answer.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return "the authority has answered with an error";
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string out(text);
  core::text::lower_ascii(out.data(), out.data(), out.size());
  return out;
}

/// What a certificate is for.
struct Subject {
  std::vector<std::string> names;  // DNS names of the extension, else the common name; small letters
  int key_type = EVP_PKEY_NONE;
};

/// Of the first certificate in `pem`, which is known to be one.
Subject subject_of(const std::string& pem) {
  Subject subject;
  const std::unique_ptr<BIO, FreeCertificate> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<X509, FreeCertificate> certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return subject;
  if (EVP_PKEY* const key = X509_get0_pubkey(certificate.get()); key != nullptr) {
    subject.key_type = EVP_PKEY_get_base_id(key);
  }
  const std::unique_ptr<GENERAL_NAMES, FreeCertificate> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* const text = name->d.dNSName;
    subject.names.push_back(
        lower({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
               static_cast<std::size_t>(ASN1_STRING_length(text))}));
  }
  if (subject.names.empty()) {
    char common[256];
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()),
                                               NID_commonName, common, sizeof common);
    if (size > 0) subject.names.push_back(lower({common, static_cast<std::size_t>(size)}));
  }
  return subject;
}

std::uint64_t steady_s() noexcept {
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

constexpr std::string_view kHttp11 = "http/1.1";  // RFC 7301, 6

/// Private keys as they were read are overwritten when this ends, whichever way a function is left.
template <typename EachKey>
struct KeysWiped {
  explicit KeysWiped(EachKey keys) : each_key(std::move(keys)) {}
  KeysWiped(const KeysWiped&) = delete;
  KeysWiped& operator=(const KeysWiped&) = delete;
  ~KeysWiped() { each_key([](std::string& key) { core::wipe(key); }); }
  EachKey each_key;
};

}  // namespace

core::Result<std::shared_ptr<const TlsServer>, TlsServer::Fault> TlsServer::create(Options options) {
  const KeysWiped wiped{[&options](auto wipe) {
    for (Certificate& certificate : options.certificates) wipe(certificate.pair.key);
  }};
  std::shared_ptr<TlsServer> server(new TlsServer(options));
  struct Group {
    std::vector<std::size_t> members;
    std::vector<Subject> subjects;  // parallel
  };
  std::vector<Group> groups;
  for (std::size_t i = 0; i < options.certificates.size(); ++i) {
    // Alone first, so that a mistake is told of the certificate that has it.
    TlsContext::Server alone;
    const KeysWiped wiped_alone{[&alone](auto wipe) { for (auto& pair : alone.key_pairs) wipe(pair.key); }};
    alone.key_pairs.push_back(options.certificates[i].pair);
    if (auto made = TlsContext::for_server(alone); !made) return Fault{i, made.error()};
    if (const std::string& staple = options.certificates[i].ocsp; !staple.empty()) {
      if (std::string why = wrong_with_staple(staple); !why.empty()) {
        return Fault{i, {TlsError::Part::kStaple, std::move(why)}};
      }
    }
    Subject subject = subject_of(options.certificates[i].pair.certificate);
    const auto fits = [&](const Group& group) {
      const bool same_name = !subject.names.empty() && !group.subjects[0].names.empty() &&
                             group.subjects[0].names[0] == subject.names[0];
      return same_name && std::none_of(group.subjects.begin(), group.subjects.end(),
                                       [&](const Subject& other) {
                                         return other.key_type == subject.key_type;
                                       });
    };
    auto group = std::find_if(groups.begin(), groups.end(), fits);
    if (group == groups.end()) group = groups.insert(groups.end(), Group{});
    group->members.push_back(i);
    group->subjects.push_back(std::move(subject));
  }
  for (const Group& group : groups) {
    TlsContext::Server together;
    const KeysWiped wiped_together{[&together](auto wipe) { for (auto& pair : together.key_pairs) wipe(pair.key); }};
    together.key_pairs.reserve(group.members.size());  // growing would leave short texts behind
    for (const std::size_t member : group.members) {
      together.key_pairs.push_back(options.certificates[member].pair);
    }
    together.client_authorities = options.client_authorities;
    together.ask = options.ask;
    auto made = TlsContext::for_server(together);
    if (!made) return Fault{Fault::kNoCertificate, made.error()};
    auto site = std::make_unique<Site>();
    site->context = std::move(made).value();
    for (std::size_t i = 0; i < group.members.size(); ++i) {
      const Subject& subject = group.subjects[i];
      const Certificate& certificate = options.certificates[group.members[i]];
      if (site->first_name.empty() && !subject.names.empty()) site->first_name = subject.names[0];
      if (!certificate.ocsp.empty()) site->staples.emplace_back(subject.key_type, certificate.ocsp);
      for (const std::string& name : subject.names) server->names_.try_emplace(name, site.get());
    }
    server->attend(*site);
    server->sites_.push_back(std::move(site));
  }
  return std::shared_ptr<const TlsServer>(std::move(server));
}

/// Sets what OpenSSL asks during a handshake. The server outlives its contexts' use: sessions hold it.
void TlsServer::attend(Site& site) {
  SSL_CTX* const context = site.context->get();
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(context, this);
  SSL_CTX_set_alpn_select_cb(context, on_protocols, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key);
  SSL_CTX_set_cert_verify_callback(context, on_certificate, this);
  SSL_CTX_set_timeout(context, static_cast<long>(tickets_->lifetime_s()));
  // One ticket a handshake: the caller keeps connections, a second ticket would only be sent.
  SSL_CTX_set_num_tickets(context, 1);
  if (site.staples.empty()) return;
  SSL_CTX_set_tlsext_status_cb(context, on_staple);
  SSL_CTX_set_tlsext_status_arg(context, &site);
}

std::unique_ptr<TlsSession> TlsServer::accept() const {
  // The context that the session holds is this server's: it lives as long as the server does.
  return TlsSession::server(
      std::shared_ptr<const TlsContext>(shared_from_this(), sites_.front()->context.get()));
}

const TlsServer::Site& TlsServer::find(std::string_view server_name) const noexcept {
  constexpr std::size_t kNameMax = 255;
  if (server_name.empty() || server_name.size() > kNameMax) return *sites_.front();
  char buffer[kNameMax + 1];
  for (std::size_t i = 0; i < server_name.size(); ++i) {
    const char c = server_name[i];
    buffer[i + 1] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::string_view name(buffer + 1, server_name.size());
  if (const auto exact = names_.find(name); exact != names_.end()) return *exact->second;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0) return *sites_.front();
  buffer[dot] = '*';  // in front of the dot: the label before it is no longer needed
  const auto wildcard = names_.find(std::string_view(buffer + dot, name.size() - dot + 1));
  return wildcard == names_.end() ? *sites_.front() : *wildcard->second;
}

std::string_view TlsServer::certificate_for(std::string_view server_name) const noexcept {
  return find(server_name).first_name;
}

int TlsServer::on_server_name(SSL* ssl, int*, void* self) noexcept {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const auto& server = *static_cast<const TlsServer*>(self);
  const Site& site = server.find(name);
  if (&site != server.sites_.front().get()) SSL_set_SSL_CTX(ssl, site.context->get());
  return SSL_TLSEXT_ERR_OK;
}

int TlsServer::on_protocols(SSL*, const unsigned char** chosen, unsigned char* size,
                            const unsigned char* offered, unsigned int offered_size,
                            void*) noexcept {
  for (unsigned int at = 0; at < offered_size;) {
    const unsigned int length = offered[at];
    if (at + 1 + length > offered_size) break;
    if (std::string_view(reinterpret_cast<const char*>(offered + at + 1), length) == kHttp11) {
      *chosen = offered + at + 1;
      *size = static_cast<unsigned char>(length);
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1 + length;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // no_application_protocol (RFC 7301, 3.2)
}

/// A caller has shown a certificate. Its session is not to be resumed: a ticket would let it in without
/// the look at who vouches for it, and who does may change.
int TlsServer::on_certificate(X509_STORE_CTX* store, void* self) noexcept {
  const auto& server = *static_cast<const TlsServer*>(self);
  auto* const ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (SSL_set_num_tickets(ssl, 0) != 1) return 0;
  if (!server.verifies_) return 1;  // connectors decide
  const int verdict = X509_verify_cert(store);
  X509* const shown = X509_STORE_CTX_get0_cert(store);
  TlsSession* const session = TlsSession::of(ssl);
  if (verdict > 0 || shown == nullptr || session == nullptr) return verdict;
  try {
    session->remark(describe_certificate(shown, server.log_client_subject_));
  } catch (const std::bad_alloc&) {  // the refusal goes unexplained
  }
  return verdict;
}

int TlsServer::on_staple(SSL* ssl, void* argument) noexcept {
  const auto& site = *static_cast<const Site*>(argument);
  X509* const certificate = SSL_get_certificate(ssl);
  EVP_PKEY* const key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
  if (key == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const int type = EVP_PKEY_get_base_id(key);
  for (const auto& [kind, answer] : site.staples) {
    if (kind != type) continue;
    auto* const copy = static_cast<unsigned char*>(OPENSSL_memdup(answer.data(), answer.size()));
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(answer.size()));  // takes it over
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

int TlsServer::on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                             EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) noexcept {
  const auto* const server =
      static_cast<const TlsServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  // TLS 1.2 has promised a ticket before it saw a certificate: it gets an empty one (RFC 5077, 3.3).
  if (seal != 0 && SSL_get0_peer_certificate(ssl) != nullptr) return 0;
  return server->tickets_->prepare(steady_s(), name, iv, cipher, mac, seal != 0);
}

}  // namespace proxy::net
