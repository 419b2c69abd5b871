// A BIO of our own instead of two memory BIOs: OpenSSL reads cipher text where the loop received it and
// writes it where the loop sends it from. A pair of memory BIOs would copy each byte once more and
// keep its largest size for each idle connection.
#include "proxy/net/tls_session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cassert>
#include <climits>
#include <cstring>

namespace proxy::net {
namespace {

long bio_control(BIO*, int command, long, void*) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bool is_address(const std::string& name) noexcept {
  in6_addr literal;
  return inet_pton(AF_INET, name.c_str(), &literal) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &literal) == 1;
}

}  // namespace

TlsSession* TlsSession::of(const SSL* ssl) noexcept {
  return static_cast<TlsSession*>(SSL_get_ex_data(ssl, 0));
}

int TlsSession::bio_read(BIO* bio, char* to, std::size_t room, std::size_t* got) noexcept {
  auto& session = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *got = std::min(room, session.in_.size());
  if (*got == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(to, session.in_.data(), *got);
  session.in_.remove_prefix(*got);
  return 1;
}

int TlsSession::bio_write(BIO* bio, const char* from, std::size_t size,
                          std::size_t* put) noexcept {
  auto& session = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *put = 0;
  if (session.out_ == nullptr || !session.out_->append({from, size})) return 0;
  *put = size;
  return 1;
}

BIO_METHOD* TlsSession::bio_method() noexcept {
  // Made once, for the life of the process; initialisation of a static is safe between threads.
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "claimgate");
    if (made == nullptr) return made;
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, SSL* ssl)
    : context_(std::move(context)), ssl_(ssl) {
  SSL_set_ex_data(ssl, 0, this);
}

TlsSession::~TlsSession() {
  // OpenSSL does not resume the session of a connection that broke off. The sockets of kept
  // connections end without ceremony, which says nothing against their sessions.
  if (open_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

std::unique_ptr<TlsSession> TlsSession::client(std::shared_ptr<const TlsContext> context,
                                               const std::string& server_name,
                                               SSL_SESSION* resume) {
  SSL* const ssl = SSL_new(context->get());
  if (ssl == nullptr) return nullptr;
  const bool verify = context->verifies();
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(context), ssl));
  BIO_METHOD* const method = bio_method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, session.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  if (is_address(server_name)) {
    if (verify && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str()) != 1) {
      return nullptr;
    }
  } else {
    // An address is never sent (RFC 6066, 3).
    if (SSL_set_tlsext_host_name(ssl, server_name.c_str()) != 1) return nullptr;
    // The subject's common name is no name of a server any more (RFC 9110, 4.3.4).
    X509_VERIFY_PARAM_set_hostflags(
        SSL_get0_param(ssl),
        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (verify && X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl), server_name.c_str(),
                                              server_name.size()) != 1) {
      return nullptr;
    }
  }
  if (resume != nullptr) SSL_set_session(ssl, resume);
  return session;
}

std::unique_ptr<TlsSession> TlsSession::server(std::shared_ptr<const TlsContext> context) {
  SSL* const ssl = SSL_new(context->get());
  if (ssl == nullptr) return nullptr;
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(context), ssl));
  BIO_METHOD* const method = bio_method();
  BIO* const bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, session.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_accept_state(ssl);
  return session;
}

int TlsSession::on_ticket(SSL* ssl, SSL_SESSION* session) noexcept {
  TlsSession* const owner = of(ssl);
  if (owner == nullptr) return 0;
  owner->ticket_.reset(session);
  return 1;  // the reference is ours now
}

/// What a result means that is no success. SSL_get_error() wants the thread's queue of errors to have been
/// empty before the call. To empty it there costs 300 instructions each time, so whoever may have put
/// something into it on a worker's thread empties it behind that: here, and in caller_trust.cc.
TlsSession::Step TlsSession::after(int result) noexcept {
  const int why = SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return Step::kMore;
  if (why == SSL_ERROR_ZERO_RETURN) return Step::kEnded;
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(error);
  const std::string remark = std::move(fault_);
  fault_ = reason != nullptr ? reason : "the connection broke off";
  if (const long verdict = SSL_get_verify_result(ssl_.get());
      verdict != X509_V_OK && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    distrusted_ = true;
    fault_ += ": ";
    fault_ += X509_verify_cert_error_string(verdict);
  }
  if (ERR_GET_REASON(error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) distrusted_ = true;
  if (!remark.empty()) fault_ += " (" + remark + ")";
  open_ = false;
  return Step::kFailed;
}

TlsSession::Step TlsSession::handshake(core::http::OutBuffer& out) noexcept {
  out_ = &out;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const Step step = result == 1 ? Step::kDone : after(result);
  if (step == Step::kDone) {
    open_ = true;
    ERR_clear_error();  // what it has tried on the way
  }
  out_ = nullptr;
  return step;
}

TlsSession::Read TlsSession::read(char* to, std::size_t room, core::http::OutBuffer& out) noexcept {
  out_ = &out;
  assert(ERR_peek_error() == 0);  // see after()
  Read read;
  const int result = SSL_read_ex(ssl_.get(), to, room, &read.size);
  read.step = result == 1 ? Step::kDone : after(result);
  out_ = nullptr;
  return read;
}

bool TlsSession::write(std::string_view plain_text, core::http::OutBuffer& out) noexcept {
  out_ = &out;
  assert(ERR_peek_error() == 0);
  while (!plain_text.empty()) {
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), plain_text.data(), plain_text.size(), &written);
    if (result != 1) {
      // The buffer takes everything, so that a session which wants something has failed.
      if (after(result) != Step::kFailed) fault_ = "the session takes no data";
      open_ = false;
      out_ = nullptr;
      return false;
    }
    plain_text.remove_prefix(written);
  }
  out_ = nullptr;
  return true;
}

void TlsSession::close(core::http::OutBuffer& out) noexcept {
  if (!open_) return;
  out_ = &out;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  out_ = nullptr;
}

bool TlsSession::resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

}  // namespace proxy::net
