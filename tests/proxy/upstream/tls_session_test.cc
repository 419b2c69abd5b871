#include <gtest/gtest.h>

#include "tests/proxy/upstream/certificates.h"

namespace proxy::upstream {
namespace {

using core::http::OutBuffer;
using net::TlsSession;

/// A client and a server that hand each other their bytes, `step` at a time.
class Talk {
 public:
  Talk(std::shared_ptr<const net::TlsContext> client, std::shared_ptr<const net::TlsContext> server,
       const std::string& name, SSL_SESSION* resume = nullptr, std::size_t step = SIZE_MAX)
      : client_(TlsSession::client(std::move(client), name, resume)),
        server_(TlsSession::server(std::move(server))),
        step_(step) {}

  bool shake() {
    for (int turn = 0; turn < 20; ++turn) {
      if (!one(*client_, to_client_, to_server_) || !one(*server_, to_server_, to_client_)) {
        return false;
      }
      if (client_->open() && server_->open() && to_client_.empty() && to_server_.empty()) return true;
    }
    return false;
  }
  std::string carry(TlsSession& from, TlsSession& to, std::string_view text) {
    OutBuffer wire(1 << 24), back(1 << 24);
    EXPECT_TRUE(from.write(text, wire));
    std::string got;
    std::string_view left = wire.view();
    while (!left.empty()) {
      const std::string piece(left.substr(0, step_));  // its own memory: a view kept too long is seen
      left.remove_prefix(piece.size());
      to.receive(piece);
      char plain[4096];
      for (;;) {
        const TlsSession::Read read = to.read(plain, sizeof plain, back);
        if (read.step != TlsSession::Step::kDone) {
          EXPECT_EQ(read.step, TlsSession::Step::kMore);
          break;
        }
        got.append(plain, read.size);
      }
      EXPECT_EQ(to.unused(), 0U);
    }
    return got;
  }
  TlsSession& client() { return *client_; }
  TlsSession& server() { return *server_; }

 private:
  /// Moves one side on with all that came for it.
  bool one(TlsSession& side, std::string& in, std::string& out) {
    std::string rest = std::exchange(in, {});
    do {
      const std::string piece = rest.substr(0, step_);
      rest.erase(0, piece.size());
      OutBuffer wire(1 << 24);
      side.receive(piece);
      TlsSession::Step step = side.open() ? TlsSession::Step::kDone : side.handshake(wire);
      if (step == TlsSession::Step::kDone) {
        char plain[64];
        step = side.read(plain, sizeof plain, wire).step;
      }
      out.append(wire.view());
      if (step != TlsSession::Step::kMore) return false;
    } while (!rest.empty());
    return true;
  }
  std::unique_ptr<TlsSession> client_, server_;
  std::string to_client_, to_server_;
  std::size_t step_;
};

TEST(TlsSession, CarriesTextBothWaysWholeAndByteByByte) {
  const Authority authority;
  const auto server = server_context(authority.issue("DNS:crm.test"));
  const auto client = client_context(authority.pem());
  for (const std::size_t step : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
    SCOPED_TRACE(step);
    Talk talk(client, server, "crm.test", nullptr, step);
    ASSERT_TRUE(talk.shake()) << talk.client().fault() << talk.server().fault();
    const std::string text(step == 1 ? 2'000 : 100'000, 'x');
    EXPECT_EQ(talk.carry(talk.client(), talk.server(), text), text);
    EXPECT_EQ(talk.carry(talk.server(), talk.client(), "short"), "short");
  }
}

TEST(TlsSession, BelievesNobodyItWasNotToldToBelieve) {
  const Authority authority, other;
  struct Case {
    const char* why;
    Authority::Pair pair;
    std::string name, trusted;
    bool good;
  };
  const Case cases[] = {
      {"right", authority.issue("DNS:crm.test"), "crm.test", authority.pem(), true},
      {"an address", authority.issue("IP:127.0.0.1"), "127.0.0.1", authority.pem(), true},
      {"a v6 address", authority.issue("IP:::1"), "::1", authority.pem(), true},
      {"a wildcard", authority.issue("DNS:*.house.test"), "crm.house.test", authority.pem(), true},
      {"another authority", authority.issue("DNS:crm.test"), "crm.test", other.pem(), false},
      {"another name", authority.issue("DNS:erp.test"), "crm.test", authority.pem(), false},
      {"a part of a label", authority.issue("DNS:c*.test"), "crm.test", authority.pem(), false},
      {"a name for an address", authority.issue("DNS:127.0.0.1"), "127.0.0.1", authority.pem(), false},
      {"no name", authority.issue(""), "server", authority.pem(), false},
      {"expired", authority.issue("DNS:crm.test", -7'200, -3'600), "crm.test", authority.pem(), false},
      {"not yet valid", authority.issue("DNS:crm.test", 3'600, 7'200), "crm.test", authority.pem(), false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    Talk talk(client_context(c.trusted), server_context(c.pair), c.name);
    EXPECT_EQ(talk.shake(), c.good) << talk.client().fault();
    EXPECT_EQ(talk.client().distrusted(), !c.good);
    EXPECT_EQ(talk.client().fault().find("certificate verify failed") != std::string::npos, !c.good);
    Talk blind(client_context("", {}, false), server_context(c.pair), c.name);
    EXPECT_TRUE(blind.shake()) << "verify: false believes anybody";
  }
}

TEST(TlsSession, DemandsAClientCertificateWhenItIsToldTo) {
  const Authority authority, callers, strangers;
  const auto server = server_context(authority.issue("DNS:crm.test"), callers.pem());
  Talk without(client_context(authority.pem()), server, "crm.test");
  EXPECT_FALSE(without.shake());
  Talk wrong(client_context(authority.pem(), strangers.issue("DNS:me")), server, "crm.test");
  EXPECT_FALSE(wrong.shake());
  Talk right(client_context(authority.pem(), callers.issue("DNS:me")), server, "crm.test");
  EXPECT_TRUE(right.shake()) << right.server().fault();
}

TEST(TlsSession, ResumesWithWhatThePeerGaveIt) {
  const Authority authority;
  const auto server = server_context(authority.issue("DNS:crm.test"));
  const auto client = client_context(authority.pem());
  net::SslSessionPtr session;
  {
    Talk first(client, server, "crm.test");
    ASSERT_TRUE(first.shake());
    EXPECT_FALSE(first.client().resumed());
    session = first.client().take_session();
    ASSERT_NE(session, nullptr);
  }
  Talk second(client, server, "crm.test", session.get());
  ASSERT_TRUE(second.shake());
  EXPECT_TRUE(second.client().resumed());
}

TEST(TlsSession, TellsACloseFromABreak) {
  const Authority authority;
  Talk talk(client_context(authority.pem()), server_context(authority.issue("DNS:crm.test")), "crm.test");
  ASSERT_TRUE(talk.shake());
  OutBuffer wire(1 << 16), back(1 << 16);
  talk.server().close(wire);
  const std::string bytes(wire.view());
  talk.client().receive(bytes);
  char plain[16];
  EXPECT_EQ(talk.client().read(plain, sizeof plain, back).step, TlsSession::Step::kEnded);
}

TEST(TlsSession, GarbageIsAFailureAndNothingElse) {
  const Authority authority;
  for (const char* const garbage : {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01\xff\xff garbage"}) {
    const auto session = TlsSession::client(client_context(authority.pem()), "crm.test", nullptr);
    OutBuffer wire(1 << 16);
    EXPECT_EQ(session->handshake(wire), TlsSession::Step::kMore);
    session->receive(garbage);
    EXPECT_EQ(session->handshake(wire), TlsSession::Step::kFailed);
    EXPECT_FALSE(session->fault().empty());
    EXPECT_FALSE(session->open());
  }
}

TEST(TlsContext, SaysWhichPartIsWrong) {
  const Authority authority;
  const Authority::Pair pair = authority.issue("DNS:x"), other = authority.issue("DNS:x");
  net::TlsContext::Client options;
  options.authorities = "no certificate";
  auto made = net::TlsContext::for_client(options);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().part, net::TlsError::Part::kAuthorities);
  EXPECT_NE(made.error().why.find("holds no certificate"), std::string::npos);
  options.authorities = authority.pem();
  options.certificate = "x";
  made = net::TlsContext::for_client(options);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().part, net::TlsError::Part::kCertificate);
  options.certificate = pair.certificate;
  options.key = other.key;
  made = net::TlsContext::for_client(options);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().part, net::TlsError::Part::kKey);
  options.key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
  made = net::TlsContext::for_client(options);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().why.find("without a passphrase"), std::string::npos);
}

TEST(TlsContext, IsTheSameWhenItsPartsAre) {
  const Authority authority;
  const Authority::Pair pair = authority.issue("DNS:x");
  EXPECT_EQ(client_context(authority.pem(), pair)->identity(), client_context(authority.pem(), pair)->identity());
  EXPECT_NE(client_context(authority.pem(), pair)->identity(), client_context(authority.pem())->identity());
  EXPECT_NE(client_context("", {}, true)->identity(), client_context("", {}, false)->identity());
}

}  // namespace
}  // namespace proxy::upstream
