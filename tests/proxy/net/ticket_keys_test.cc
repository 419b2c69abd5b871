#include "proxy/net/ticket_keys.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>

namespace proxy::net {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};

/// What OpenSSL hands in for one ticket.
struct Ticket {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
  std::unique_ptr<EVP_CIPHER_CTX, Free> cipher{EVP_CIPHER_CTX_new()};
  std::unique_ptr<EVP_MAC, Free> algorithm{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  std::unique_ptr<EVP_MAC_CTX, Free> mac{EVP_MAC_CTX_new(algorithm.get())};

  int prepare(TicketKeys& keys, std::uint64_t now_s, bool seal) {
    return keys.prepare(now_s, name.data(), iv.data(), cipher.get(), mac.get(), seal);
  }
  std::string transform(const std::string& bytes) {
    std::string out(bytes.size() + 64, '\0');
    int size = 0, last = 0;
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    EXPECT_EQ(EVP_CipherUpdate(cipher.get(), to, &size,
                               reinterpret_cast<const unsigned char*>(bytes.data()),
                               static_cast<int>(bytes.size())), 1);
    EXPECT_EQ(EVP_CipherFinal_ex(cipher.get(), to + size, &last), 1);
    out.resize(static_cast<std::size_t>(size + last));
    return out;
  }
};

constexpr std::uint64_t kLifetime = 1000;

TEST(TicketKeys, OpensWhatItSealed) {
  TicketKeys keys(kLifetime);
  Ticket sealing;
  ASSERT_EQ(sealing.prepare(keys, 5, true), 1);
  const std::string sealed = sealing.transform("a session");
  EXPECT_EQ(sealed.find("session"), std::string::npos);
  Ticket opening;
  opening.name = sealing.name;
  opening.iv = sealing.iv;
  ASSERT_EQ(opening.prepare(keys, 6, false), 1);
  EXPECT_EQ(opening.transform(sealed), "a session");
}

TEST(TicketKeys, AsksForANewTicketOnceTheKeyIsReplacedAndForgetsItInTheEnd) {
  TicketKeys keys(kLifetime);
  Ticket first;
  ASSERT_EQ(first.prepare(keys, 0, true), 1);
  Ticket same;
  ASSERT_EQ(same.prepare(keys, kLifetime / 2, true), 1);
  EXPECT_EQ(same.name, first.name);
  Ticket next;
  ASSERT_EQ(next.prepare(keys, kLifetime / 2 + 1, true), 1);
  EXPECT_NE(next.name, first.name);
  EXPECT_EQ(keys.held(), 2u);
  Ticket opening;
  opening.name = first.name;
  // The last ticket of the first key was sealed at 500 and is good until 1500.
  EXPECT_EQ(opening.prepare(keys, kLifetime + kLifetime / 2, false), 2);
  EXPECT_EQ(opening.prepare(keys, kLifetime + kLifetime / 2 + 1, false), 0);
}

TEST(TicketKeys, DoesNotKnowANameItNeverGave) {
  TicketKeys keys(kLifetime);
  Ticket opening;
  opening.name.fill(7);
  EXPECT_EQ(opening.prepare(keys, 0, false), 0);
}

TEST(TicketKeys, HoldsAFewKeysHoweverLongItRuns) {
  TicketKeys keys(kLifetime);
  for (std::uint64_t now = 0; now < 100 * kLifetime; now += kLifetime / 10) {
    Ticket sealing;
    ASSERT_EQ(sealing.prepare(keys, now, true), 1);
    EXPECT_LE(keys.held(), 4u);
  }
}

}  // namespace
}  // namespace proxy::net
