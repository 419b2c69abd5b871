#include "proxy/upstream/addresses.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <list>

namespace proxy::upstream {
namespace {

constexpr std::uint64_t kNow = 1'000'000;

/// What a resolver answers, in this order. "unix" is an address that nobody can use here.
class Resolved {
 public:
  Resolved(std::initializer_list<const char*> texts) {
    for (const char* const text : texts) {
      One& one = all_.emplace_back();
      auto& v4 = reinterpret_cast<sockaddr_in&>(one.storage);
      auto& v6 = reinterpret_cast<sockaddr_in6&>(one.storage);
      if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        one.info.ai_addrlen = sizeof v4;
      } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        one.info.ai_addrlen = sizeof v6;
      } else {
        one.storage.ss_family = AF_UNIX;
        one.info.ai_addrlen = sizeof(sockaddr);
      }
      one.info.ai_family = one.storage.ss_family;
      one.info.ai_addr = reinterpret_cast<sockaddr*>(&one.storage);
      if (all_.size() > 1) std::prev(all_.end(), 2)->info.ai_next = &one.info;
    }
  }
  const addrinfo* get() const { return all_.empty() ? nullptr : &all_.front().info; }

 private:
  struct One {
    addrinfo info{};
    sockaddr_storage storage{};
  };
  std::list<One> all_;
};

Address address(const char* text, std::uint16_t port = 80) { return *Addresses::literal(text, port); }

std::string text_of(const Address& of) {
  char text[INET6_ADDRSTRLEN] = "";
  if (of.socket.any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &of.socket.v4.sin_addr, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &of.socket.v6.sin6_addr, text, sizeof text);
  }
  return text;
}

/// Those that a new connection would try, with commas.
std::string next(Addresses& addresses, std::uint64_t now_ms = kNow) {
  Address order[Addresses::kTriedMax];
  const std::size_t count = addresses.next(order, now_ms);
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += (i == 0 ? "" : ",") + text_of(order[i]);
  return all;
}

TEST(Addresses, TellsAddressesFromNames) {
  for (const char* const text : {"127.0.0.1", "::1", "2001:db8::7", "255.255.255.255"}) {
    const auto literal = Addresses::literal(text, 8443);
    ASSERT_TRUE(literal.has_value()) << text;
    EXPECT_EQ(text_of(*literal), text);
    const bool v4 = literal->socket.any.sa_family == AF_INET;
    EXPECT_EQ(ntohs(v4 ? literal->socket.v4.sin_port : literal->socket.v6.sin6_port), 8443);
    EXPECT_EQ(literal->size, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  }
  for (const char* const text : {"", "localhost", "1.2.3", "1.2.3.4.5", "[::1]", "127.1", "0x7f.0.0.1"}) {
    EXPECT_FALSE(Addresses::literal(text, 80).has_value()) << text;
  }
}

TEST(Addresses, AreComparedWithTheirPorts) {
  EXPECT_TRUE(address("10.0.0.1") == address("10.0.0.1"));
  EXPECT_FALSE(address("10.0.0.1", 80) == address("10.0.0.1", 81));
  EXPECT_FALSE(address("10.0.0.1") == address("10.0.0.2"));
  EXPECT_FALSE(address("::1", 80) == address("::1", 81));
  EXPECT_FALSE(address("::ffff:10.0.0.1") == address("10.0.0.1"));
}

TEST(Addresses, TheFamiliesTakeTurnsBeginningWithTheResolversFirst) {
  Addresses addresses;
  addresses.adopt(Resolved{"2001:db8::1", "2001:db8::2", "2001:db8::3", "10.0.0.1"}.get(), 80);
  EXPECT_EQ(next(addresses), "2001:db8::1,10.0.0.1,2001:db8::2,2001:db8::3");
  addresses.adopt(Resolved{"10.0.0.1", "2001:db8::1", "10.0.0.2"}.get(), 80);
  Addresses fresh;
  fresh.adopt(Resolved{"10.0.0.1", "2001:db8::1", "10.0.0.2"}.get(), 80);
  EXPECT_EQ(next(fresh), "10.0.0.1,2001:db8::1,10.0.0.2");
}

TEST(Addresses, EachNewConnectionBeginsOneFurtherOnAndTriesFour) {
  Addresses addresses;
  addresses.adopt(Resolved{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}.get(), 80);
  EXPECT_EQ(next(addresses), "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4");
  EXPECT_EQ(next(addresses), "10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5");
  EXPECT_EQ(next(addresses), "10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.1");
}

TEST(Addresses, ThoseThatFailedLatelyComeLast) {
  Addresses addresses;
  addresses.adopt(Resolved{"10.0.0.1", "10.0.0.2"}.get(), 80);
  addresses.failed(address("10.0.0.1"), kNow);
  EXPECT_EQ(next(addresses), "10.0.0.2,10.0.0.1");
  EXPECT_EQ(next(addresses), "10.0.0.2,10.0.0.1");
  EXPECT_EQ(next(addresses, kNow + Addresses::kShunnedMs), "10.0.0.1,10.0.0.2");
  addresses.failed(address("10.0.0.1"), kNow);
  addresses.failed(address("10.0.0.2"), kNow);
  EXPECT_EQ(next(addresses), "10.0.0.2,10.0.0.1") << "all of them failed: all are tried";
  addresses.worked(address("10.0.0.1"));
  EXPECT_EQ(next(addresses), "10.0.0.1,10.0.0.2");
}

TEST(Addresses, WhatIsKnownOfOnesThatStayIsKept) {
  Addresses addresses;
  addresses.adopt(Resolved{"10.0.0.1", "10.0.0.2"}.get(), 80);
  addresses.failed(address("10.0.0.1"), kNow);
  addresses.adopt(Resolved{"10.0.0.1", "10.0.0.3"}.get(), 80);
  EXPECT_EQ(next(addresses), "10.0.0.3,10.0.0.1");
  EXPECT_TRUE(addresses.contains(address("10.0.0.3")));
  EXPECT_FALSE(addresses.contains(address("10.0.0.2")));
  EXPECT_FALSE(addresses.contains(address("10.0.0.3", 81)));
}

TEST(Addresses, AnAnswerWithoutAUsableAddressChangesNothing) {
  Addresses addresses;
  addresses.adopt(Resolved{"10.0.0.1"}.get(), 80);
  addresses.adopt(nullptr, 80);
  addresses.adopt(Resolved{"unix", "unix"}.get(), 80);
  EXPECT_EQ(next(addresses), "10.0.0.1");
  addresses.adopt(Resolved{"unix", "10.0.0.2"}.get(), 80);
  EXPECT_EQ(next(addresses), "10.0.0.2");
}

TEST(Addresses, EachIsThereOnceAndThereAreAtMostSixteen) {
  Addresses addresses;
  EXPECT_TRUE(addresses.empty());
  EXPECT_EQ(next(addresses), "");
  addresses.adopt(Resolved{"10.0.0.1", "10.0.0.1", "::1", "10.0.0.1", "::1"}.get(), 80);
  EXPECT_EQ(addresses.size(), 2U);
  addresses.adopt(Resolved{"10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4", "10.0.1.5", "10.0.1.6",
                           "10.0.1.7", "10.0.1.8", "10.0.1.9", "10.0.1.10", "10.0.1.11", "10.0.1.12",
                           "10.0.1.13", "10.0.1.14", "10.0.1.15", "10.0.1.16", "10.0.1.17"}
                      .get(),
                  80);
  EXPECT_EQ(addresses.size(), Addresses::kMax);
  EXPECT_FALSE(addresses.contains(address("10.0.1.17")));
}

TEST(AddressShare, NothingIsLeftBehindTheEnd) {
  EXPECT_EQ(share_ms(1'000, 400, 3), 200U);
  EXPECT_EQ(share_ms(1'000, 1'000, 3), 0U);
  EXPECT_EQ(share_ms(1'000, 1'001, 3), 0U) << "a loop that was held up: not the end of time";
}

}  // namespace
}  // namespace proxy::upstream
