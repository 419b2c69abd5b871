#include "core/callers/attempts.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace core::callers {
namespace {

Address v4(unsigned number) {
  Address address;
  address.family = Address::Family::kIpv4;
  for (int i = 0; i < 4; ++i) address.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return address;
}

Address v6(std::uint8_t network, std::uint8_t host) {
  Address address;
  address.family = Address::Family::kIpv6;
  address.bytes[0] = 0x20;
  address.bytes[7] = network;
  address.bytes[15] = host;
  return address;
}

Attempts::Options options(std::uint32_t failures, std::size_t addresses = 1024) {
  return {failures, 60'000, addresses, 7};
}

TEST(Attempts, BarAnAddressUntilItsWindowEnds) {
  Attempts attempts(options(3));
  EXPECT_FALSE(attempts.failed(v4(1), 1'000));
  EXPECT_FALSE(attempts.failed(v4(1), 2'000));
  EXPECT_EQ(attempts.barred_ms(v4(1), 2'500), 0u);
  EXPECT_TRUE(attempts.failed(v4(1), 3'000));
  EXPECT_FALSE(attempts.failed(v4(1), 3'000)) << "said once";
  EXPECT_EQ(attempts.barred_ms(v4(1), 3'000), 58'000u);
  EXPECT_EQ(attempts.barred_ms(v4(1), 60'999), 1u);
  EXPECT_EQ(attempts.barred_ms(v4(1), 61'000), 0u);
  EXPECT_EQ(attempts.barred_ms(v4(2), 3'000), 0u) << "nobody else";
  EXPECT_FALSE(attempts.failed(v4(1), 61'000)) << "it begins anew";
  EXPECT_EQ(attempts.barred(), 1u);
}

TEST(Attempts, TakeAnIpv6NetworkOf64BitsForOneCaller) {
  Attempts attempts(options(2));
  attempts.failed(v6(1, 1), 0);
  EXPECT_TRUE(attempts.failed(v6(1, 2), 0));
  EXPECT_GT(attempts.barred_ms(v6(1, 3), 0), 0u);
  EXPECT_EQ(attempts.barred_ms(v6(2, 1), 0), 0u);
}

TEST(Attempts, TakeAnIpv4AddressWrittenInIpv6ForTheSame) {
  Attempts attempts(options(1));
  Address mapped;
  mapped.family = Address::Family::kIpv6;
  mapped.bytes[10] = mapped.bytes[11] = 0xFF;
  mapped.bytes[15] = 9;
  attempts.failed(mapped, 0);
  EXPECT_GT(attempts.barred_ms(v4(9), 1), 0u);
}

TEST(Attempts, KeepTheirSizeInAFloodAndRatherForgetThoseWithFewFailures) {
  Attempts attempts(options(10, 64));
  const std::size_t bytes = attempts.bytes();
  EXPECT_LE(bytes, 64u * 24);
  for (int i = 0; i < 10; ++i) attempts.failed(v4(1), 0);
  for (unsigned other = 2; other < 20'000; ++other) attempts.failed(v4(other), 1);
  EXPECT_GT(attempts.barred_ms(v4(1), 2), 0u);
  EXPECT_EQ(attempts.bytes(), bytes);
}

TEST(Attempts, AreNotCountedWhenNobodyIsToBeBarred) {
  Attempts attempts(options(0));
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(attempts.failed(v4(1), 0));
  EXPECT_EQ(attempts.barred_ms(v4(1), 0), 0u);
}

TEST(Attempts, AreCountedOverAllThreads) {
  Attempts attempts(options(4'000));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1'000; ++j) attempts.failed(v4(1), 0);
      attempts.barred_ms(v4(1), 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(attempts.barred_ms(v4(1), 1), 0u);
  EXPECT_EQ(attempts.barred(), 1u);
}

}  // namespace
}  // namespace core::callers
