#include <gtest/gtest.h>

#include "tests/proxy/upstream/asking.h"
#include "tests/proxy/upstream/certificates.h"

namespace proxy::upstream {
namespace {

BackendOptions over_tls(std::uint16_t port, std::shared_ptr<const net::TlsContext> context,
                        const std::string& server_name = "crm.test") {
  BackendOptions options = patient({endpoint_at(port)});
  EndpointOptions& endpoint = options.endpoints[0];
  endpoint.tls = true;
  endpoint.name = "https://" + endpoint.authority;
  endpoint.server_name = server_name;
  options.tls = std::move(context);
  return options;
}

class Https : public ::testing::Test {
 protected:
  Authority authority_;
  std::shared_ptr<const net::TlsContext> server_ = server_context(authority_.issue("DNS:crm.test"));
};

TEST_F(Https, KeepsOneConnectionAndSaysWhomItMeans) {
  std::string sni;
  ScriptedBackend backend(
      [&](Peer& peer) {
        while (peer.request()) {
          const char* const name = SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name);
          peer.send(answer(200, name != nullptr ? name : "none"));
        }
      },
      server_->get());
  Asking asking(over_tls(backend.port(), client_context(authority_.pem())));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(asking.ask().body, "crm.test");
  EXPECT_EQ(backend.accepted(), 1U);
  EXPECT_EQ(asking.figures().endpoints[0].handshakes, 1U);
}

TEST_F(Https, ResumesItsSessions) {
  ScriptedBackend backend(
      [](Peer& peer) {
        if (!peer.request()) return;
        peer.send(answer(200, peer.resumed() ? "resumed" : "new", "Connection: close\r\n"));
        peer.wait_for_end();
      },
      server_->get());
  Asking asking(over_tls(backend.port(), client_context(authority_.pem())));
  EXPECT_EQ(asking.ask().body, "new");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(asking.ask().body, "resumed");
  EXPECT_EQ(asking.figures().endpoints[0].handshakes, 6U);
  EXPECT_EQ(asking.figures().endpoints[0].resumptions, 5U);
}

TEST_F(Https, CarriesLargeBodiesBothWays) {
  ScriptedBackend backend(
      [](Peer& peer) {
        while (const auto request = peer.request()) {
          peer.send(answer(200, request->substr(request->find("\r\n\r\n") + 4)));
        }
      },
      server_->get());
  BackendOptions options = over_tls(backend.port(), client_context(authority_.pem()));
  options.response_bytes_max = 8 << 20;
  Asking asking(options);
  const std::string body(4 << 20, 'x');
  EXPECT_EQ(asking.ask(question("/", body)).body, body);
  EXPECT_EQ(asking.ask(question("/", "short")).body, "short");
  EXPECT_EQ(backend.accepted(), 1U);
}

TEST_F(Https, ACertificateThatIsNotBelievedIsATlsFailure) {
  const auto expired = server_context(authority_.issue("DNS:crm.test", -7'200, -3'600));
  const auto elsewhere = server_context(authority_.issue("DNS:erp.test"));
  const Authority other;
  struct Case {
    const net::TlsContext& server;
    std::string trusted;
  };
  const Case cases[] = {{*expired, authority_.pem()}, {*elsewhere, authority_.pem()}, {*server_, other.pem()}};
  for (const Case& c : cases) {
    ScriptedBackend backend(ScriptedBackend::answering(answer(200, "no")), c.server.get());
    Asking asking(over_tls(backend.port(), client_context(c.trusted)));
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kTls);
    EXPECT_FALSE(outcome.sent) << "not a byte of the question goes to a stranger";
    EXPECT_EQ(asking.figures().endpoints[0].handshake_failures, 1U);
    EXPECT_EQ(asking.figures().endpoints[0].opened, 0U);
  }
}

TEST_F(Https, AnAddressIsVerifiedAsOneAndNotSent) {
  const auto server = server_context(authority_.issue("IP:127.0.0.1"));
  ScriptedBackend backend(
      [](Peer& peer) {
        while (peer.request()) {
          peer.send(answer(200, SSL_get_servername(peer.ssl(), TLSEXT_NAMETYPE_host_name) != nullptr ? "sent" : "not sent"));
        }
      },
      server->get());
  Asking asking(over_tls(backend.port(), client_context(authority_.pem()), "127.0.0.1"));
  EXPECT_EQ(asking.ask().body, "not sent");
}

TEST_F(Https, ShowsItsCertificateToABackendThatDemandsOne) {
  const Authority callers;
  const auto server = server_context(authority_.issue("DNS:crm.test"), callers.pem());
  ScriptedBackend backend(ScriptedBackend::answering(answer(200, "known")), server->get());
  Asking known(over_tls(backend.port(), client_context(authority_.pem(), callers.issue("DNS:claimgate"))));
  EXPECT_EQ(known.ask().body, "known");
  Asking unknown(over_tls(backend.port(), client_context(authority_.pem())));
  EXPECT_NE(unknown.ask().failure, Failure::kNone);
}

TEST_F(Https, AHandshakeWithoutEndIsAConnectTimeout) {
  ScriptedBackend backend([](Peer& peer) { peer.wait_for_end(); });  // plain, and silent
  BackendOptions options = over_tls(backend.port(), client_context(authority_.pem()));
  options.connect_timeout_ms = 50;
  Asking asking(options);
  EXPECT_EQ(asking.ask().failure, Failure::kConnectTimeout);
}

TEST_F(Https, APlainAnswerOrAnEndIsATlsFailure) {
  for (const bool speaks : {false, true}) {
    ScriptedBackend backend([&](Peer& peer) {
      peer.read_more();
      if (speaks) peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    Asking asking(over_tls(backend.port(), client_context(authority_.pem())));
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, Failure::kTls);
    EXPECT_FALSE(outcome.sent);
  }
}

TEST_F(Https, AnAnswerThatSomebodyMayHaveCutOffIsNone) {
  for (const bool goodbye : {false, true}) {
    ScriptedBackend backend(
        [&](Peer& peer) {
          if (!peer.request()) return;
          peer.send("HTTP/1.1 200 OK\r\n\r\nto the end");
          if (goodbye) peer.say_goodbye();
        },
        server_->get());
    Asking asking(over_tls(backend.port(), client_context(authority_.pem())));
    const Outcome outcome = asking.ask();
    EXPECT_EQ(outcome.failure, goodbye ? Failure::kNone : Failure::kClosed);
    EXPECT_EQ(outcome.body, goodbye ? "to the end" : "");
  }
}

TEST_F(Https, BytesThatNobodyAskedForCloseTheConnection) {
  ScriptedBackend backend(
      [](Peer& peer) {
        while (const auto request = peer.request()) {
          peer.send(answer(200, path_of(*request)));
          peer.send(answer(200, "poison"));
        }
      },
      server_->get());
  Asking asking(over_tls(backend.port(), client_context(authority_.pem())));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const std::string path = "/" + std::to_string(i);
    EXPECT_EQ(asking.ask(question(path)).body, path);
    ASSERT_TRUE(asking.wait([&] { return asking.closed(CloseReason::kUnsolicited) == i; }));
  }
}

}  // namespace
}  // namespace proxy::upstream
