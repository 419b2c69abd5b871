#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/out_buffer.h"
#include "core/result.h"

namespace proxy::net {

struct FreeOpenSsl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SslSessionPtr = std::unique_ptr<SSL_SESSION, FreeOpenSsl>;

/// Why a context cannot be made, in a sentence for the operator. Names no file and no secret.
struct TlsError {
  enum class Part : std::uint8_t { kAuthorities, kCertificate, kKey, kStaple, kLibrary };
  Part part = Part::kLibrary;
  std::string why;
};

/// Certificates, authorities and rules of TLS for many sessions: TLS 1.2 and 1.3 only, forward
/// secrecy and AEAD only, no compression, no renegotiation. Immutable after creation; shared by
/// workers (OpenSSL counts its references atomically).
class TlsContext {
 public:
  struct Client {
    std::string authorities;           // PEM; whom to trust
    bool system_authorities = true;    // trust the system's as well
    std::string certificate, key;      // PEM; of a client certificate, or empty
    bool verify = true;                // chain and name; false: anybody is believed
  };
  struct KeyPair {
    std::string certificate;           // PEM: the certificate, then those between it and its root
    std::string key;                   // PEM; empty: it is in `certificate`
  };
  struct Server {
    std::vector<KeyPair> key_pairs;    // at least one; of different kinds of keys (ECDSA, RSA)
    std::string client_authorities;    // PEM; not empty: certificates of others are refused
    enum class Ask : std::uint8_t { kNo, kOptional, kRequired } ask = Ask::kNo;  // for a certificate
  };
  static core::Result<std::shared_ptr<const TlsContext>, TlsError> for_client(const Client& options);
  static core::Result<std::shared_ptr<const TlsContext>, TlsError> for_server(const Server& options);

  SSL_CTX* get() const noexcept { return context_.get(); }
  bool verifies() const noexcept { return verify_; }
  /// SHA-256 over everything it was made from: equal contexts are equal here.
  const std::string& identity() const noexcept { return identity_; }

 private:
  TlsContext(SSL_CTX* context, bool verify, std::string identity)
      : context_(context), verify_(verify), identity_(std::move(identity)) {}
  std::unique_ptr<SSL_CTX, FreeOpenSsl> context_;
  bool verify_;
  std::string identity_;
};

/// One TLS connection over bytes: cipher text in, plain text out and the other way round. It knows no
/// socket and no loop, and holds no cipher text of its own: it reads where the bytes were received
/// and writes into the caller's buffer, so an idle session costs OpenSSL's state and no buffers
/// (SSL_MODE_RELEASE_BUFFERS). For either role. Not movable. Thread: one owner.
class TlsSession {
 public:
  enum class Step : std::uint8_t {
    kMore,    // nothing more to be had from the bytes given: send what was written, wait for others
    kDone,    // the handshake is complete; plain text is there
    kEnded,   // the peer has said that nothing more comes (close_notify)
    kFailed,  // see fault(); an alert may have been written
  };
  struct Read {
    Step step = Step::kMore;
    std::size_t size = 0;  // with kDone
  };

  /// A client's session for `server_name`: sent as SNI unless it is an address, and verified unless the
  /// context says not to. `resume` may be null; it is borrowed for the call. Null without memory.
  static std::unique_ptr<TlsSession> client(std::shared_ptr<const TlsContext> context,
                                            const std::string& server_name, SSL_SESSION* resume);
  static std::unique_ptr<TlsSession> server(std::shared_ptr<const TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Bytes that were received. Borrowed until they are used up: until handshake() or read() answers
  /// kMore. Call it only then.
  void receive(std::string_view cipher_text) noexcept { in_ = cipher_text; }
  /// Cipher text received and not yet used.
  std::size_t unused() const noexcept { return in_.size(); }
  /// Whether read() can only answer kMore: all that was received is used up, and what it opened to was
  /// taken. Spares a call that would find nothing.
  bool exhausted() const noexcept { return in_.empty() && SSL_has_pending(ssl_.get()) == 0; }

  /// Begins or goes on; appends what is to be sent to `out`. kDone once it is complete.
  Step handshake(core::http::OutBuffer& out) noexcept;
  /// Plain text into [to, to + room). May append to `out` (TLS 1.3 key updates, alerts).
  Read read(char* to, std::size_t room, core::http::OutBuffer& out) noexcept;
  /// Appends `plain_text` as cipher text to `out`: all of it, or false and the session has failed.
  bool write(std::string_view plain_text, core::http::OutBuffer& out) noexcept;
  /// Appends close_notify to `out`.
  void close(core::http::OutBuffer& out) noexcept;

  bool open() const noexcept { return open_; }
  bool resumed() const noexcept;
  /// What to resume the next session with; null when the peer has given nothing new since the last
  /// call. TLS 1.3 servers give it behind the handshake, so ask after the first read.
  SslSessionPtr take_session() noexcept { return std::move(ticket_); }
  /// After kFailed: what was wrong, from the library's fixed words. Never the peer's bytes.
  const std::string& fault() const noexcept { return fault_; }
  /// After kFailed: the peer's certificate was not believed, or it has shown none and had to.
  bool distrusted() const noexcept { return distrusted_; }

  SSL* get() const noexcept { return ssl_.get(); }
  /// Whether the handshake has verified the peer's certificate.
  bool verified() const noexcept {
    return context_->verifies() && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
  }
  /// What fault() is to say besides, when the handshake fails.
  void remark(std::string what) { fault_ = std::move(what); }
  /// Of OpenSSL's callbacks.
  static TlsSession* of(const SSL* ssl) noexcept;

 private:
  friend class TlsContext;
  static int on_ticket(SSL* ssl, SSL_SESSION* session) noexcept;
  TlsSession(std::shared_ptr<const TlsContext> context, SSL* ssl);
  Step after(int result) noexcept;
  static int bio_read(BIO* bio, char* to, std::size_t room, std::size_t* got) noexcept;
  static int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* put) noexcept;
  static BIO_METHOD* bio_method() noexcept;

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, FreeOpenSsl> ssl_;
  std::string_view in_;
  core::http::OutBuffer* out_ = nullptr;  // for the call under way
  SslSessionPtr ticket_;
  std::string fault_;
  bool open_ = false;
  bool distrusted_ = false;
};

}  // namespace proxy::net
