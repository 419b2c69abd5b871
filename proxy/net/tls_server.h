#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "proxy/net/ticket_keys.h"
#include "proxy/net/tls_session.h"

namespace proxy::net {

/// What a TLS listener shows and asks: certificates for its names, whom it believes, its tickets.
/// Immutable after creation but for the keys of tickets, so all workers share it; a reload makes
/// another, and sessions of the old one end with their connections.
class TlsServer : public std::enable_shared_from_this<TlsServer> {
 public:
  struct Certificate {
    TlsContext::KeyPair pair;
    std::string ocsp;  // DER, stapled as it is; empty: none
  };
  struct Options {
    std::vector<Certificate> certificates;  // at least one; the first is for names that none has
    std::string client_authorities;         // PEM; whose certificates are refused otherwise
    TlsContext::Server::Ask ask = TlsContext::Server::Ask::kNo;
    bool log_client_subject = false;        // of certificates that were refused
    std::shared_ptr<TicketKeys> tickets;    // never null; kept over reloads
  };
  /// What is wrong with which certificate; `certificate` is kNoCertificate for the authorities.
  struct Fault {
    static constexpr std::size_t kNoCertificate = ~std::size_t{0};
    std::size_t certificate = kNoCertificate;
    TlsError error;
  };

  static core::Result<std::shared_ptr<const TlsServer>, Fault> create(Options options);

  /// A session for a connection that begins; it keeps this alive. Null without memory.
  std::unique_ptr<TlsSession> accept() const;

  /// The subject's names of the certificate for `server_name`, as its first DNS name or CN says; what
  /// logs and tests name it by.
  std::string_view certificate_for(std::string_view server_name) const noexcept;

 private:
  /// A context holds a certificate of each kind of key for the same names; OpenSSL takes the one that
  /// the client can verify.
  struct Site {
    std::shared_ptr<const TlsContext> context;
    std::string first_name;
    std::vector<std::pair<int, std::string>> staples;  // by EVP_PKEY type of the certificate
  };

  explicit TlsServer(const Options& options)
      : tickets_(options.tickets),
        verifies_(!options.client_authorities.empty()),
        log_client_subject_(options.log_client_subject) {}
  const Site& find(std::string_view server_name) const noexcept;
  void attend(Site& site);

  static int on_server_name(SSL* ssl, int* alert, void* self) noexcept;
  static int on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* size,
                          const unsigned char* offered, unsigned int offered_size,
                          void* self) noexcept;
  static int on_certificate(X509_STORE_CTX* store, void* self) noexcept;
  static int on_staple(SSL* ssl, void* site) noexcept;
  static int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                           EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) noexcept;

  std::shared_ptr<TicketKeys> tickets_;
  const bool verifies_;
  const bool log_client_subject_;
  std::vector<std::unique_ptr<Site>> sites_;  // at least one
  std::map<std::string, const Site*, std::less<>> names_;  // small letters; "*.example.org" too
};

}  // namespace proxy::net
