#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "tests/tools/load/scripted_server.h"
#include "tools/load/run.h"

namespace load {
namespace {

struct FreeOpenSsl {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

/// A self-signed certificate for 127.0.0.1 and the server that shows it: one connection after the
/// other, each kept until the client ends it.
class TlsServer {
 public:
  TlsServer() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_.get()), 1);
    X509_set_version(certificate_.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), 86'400);
    X509_set_pubkey(certificate_.get(), key_.get());
    X509_NAME* name = X509_get_subject_name(certificate_.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_.get(), name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate_.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());

    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::memcpy(&address_.storage, &address, sizeof address);
    address_.size = size;
    thread_ = std::thread([this] { serve(); });
  }

  ~TlsServer() {
    shutdown(listener_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    close(listener_);
  }

  const Address& address() const { return address_; }

  /// Writes the certificate where a --ca can find it.
  std::string write_certificate() const {
    const std::string path = (std::filesystem::temp_directory_path() /
                              ("claimgate_load_" + std::to_string(getpid()) + ".pem"))
                                 .string();
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
    return path;
  }

 private:
  void serve() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      SslPtr ssl(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), fd);
      if (SSL_accept(ssl.get()) == 1) converse(ssl.get());
      ssl.reset();
      close(fd);
    }
  }

  static void converse(SSL* ssl) {
    std::string bytes;
    char piece[16 * 1024];
    for (int got = 0; (got = SSL_read(ssl, piece, sizeof piece)) > 0;) {
      bytes.append(piece, static_cast<std::size_t>(got));
      const std::size_t head = bytes.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const std::size_t length =
          std::strtoul(bytes.c_str() + bytes.find("Content-Length: ") + 16, nullptr, 10);
      if (bytes.size() < head + 4 + length) continue;
      bytes.erase(0, head + 4 + length);
      const std::string answer = continuing();
      SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
    }
  }

  std::unique_ptr<EVP_PKEY, FreeOpenSsl> key_;
  std::unique_ptr<X509, FreeOpenSsl> certificate_;
  SslContextPtr context_;
  int listener_ = -1;
  Address address_;
  std::thread thread_;
};

class TlsRunTest : public ::testing::Test {
 protected:
  TlsRunTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as main does
    traffic_.mix.block = 0;
    traffic_.mix.validation_error = 0;
    traffic_.head.host = "127.0.0.1";
    options_.plan.connections = 1;
    options_.plan.timeout_ns = 60 * kNsPerSecond;
    options_.plan.duration_ns = 60 * kNsPerSecond;
    options_.plan.max_requests = 6;
    options_.plan.address = server_.address();
    options_.plan.host = "127.0.0.1";
    options_.plan.traffic = &traffic_;
  }

  RunOutcome run_with(const TlsOptions& tls) {
    auto context = make_tls_context(tls);
    EXPECT_TRUE(context.ok());
    options_.plan.tls = context.value().get();
    options_.plan.tls_verify = !tls.insecure;
    options_.plan.tls_resume = tls.resume;
    return run(options_, stop_);
  }

  TlsServer server_;
  TrafficPlan traffic_;
  RunOptions options_;
  std::atomic<bool> stop_{false};
};

TEST_F(TlsRunTest, RefusesACertificateItDoesNotKnow) {
  const RunOutcome outcome = run_with({});
  EXPECT_NE(outcome.failure.find("certificate verify failed"), std::string::npos)
      << outcome.failure;
}

TEST_F(TlsRunTest, TrustsAnAuthorityItIsGivenButNotForAnotherHost) {
  TlsOptions tls;
  tls.ca = server_.write_certificate();
  const RunOutcome outcome = run_with(tls);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.report.measured.tally.right, 6U);
  EXPECT_EQ(outcome.report.measured.transport.opened, 1U);
  options_.plan.host = "other.example";
  EXPECT_NE(run_with(tls).failure.find("certificate verify failed"), std::string::npos);
  std::filesystem::remove(tls.ca);
}

TEST_F(TlsRunTest, ResumesSessionsWhenAsked) {
  options_.plan.keep_alive = false;
  traffic_.head.keep_alive = false;
  TlsOptions tls;
  tls.insecure = true;
  const RunOutcome full = run_with(tls);
  EXPECT_EQ(full.report.measured.tally.right, 6U);
  EXPECT_EQ(full.report.measured.transport.resumed, 0U);
  tls.resume = true;
  const RunOutcome resumed = run_with(tls);
  EXPECT_EQ(resumed.report.measured.tally.right, 6U);
  EXPECT_EQ(resumed.report.measured.transport.resumed, 5U);  // all but the first request's
}

}  // namespace
}  // namespace load
