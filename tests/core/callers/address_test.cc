#include "core/callers/address.h"

#include <gtest/gtest.h>

namespace core::callers {
namespace {

Address at(const char* text) { return Address::of(*lists::read_network(text).network); }

TEST(AddressSet, HoldsTheAddressesOfItsNetworks) {
  AddressSet set;
  EXPECT_TRUE(set.empty());
  set.add(*lists::read_network("192.0.2.0/24").network);
  set.add(*lists::read_network("2001:db8::/32").network);
  EXPECT_TRUE(set.holds(at("192.0.2.255")));
  EXPECT_TRUE(set.holds(at("2001:db8:ffff::1")));
  EXPECT_FALSE(set.holds(at("192.0.3.0")));
  EXPECT_FALSE(set.holds(at("2001:db9::1")));
  EXPECT_FALSE(set.holds(Address{})) << "a Unix socket has no address";
  set.add_unix();
  EXPECT_TRUE(set.holds(Address{}));
}

TEST(AddressSet, TakesAnIpv4AddressWrittenInIpv6ForTheIpv4Address) {
  AddressSet set;
  set.add(*lists::read_network("192.0.2.1").network);
  Address mapped;
  mapped.family = Address::Family::kIpv6;
  constexpr std::uint8_t kBytes[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1};
  std::copy(std::begin(kBytes), std::end(kBytes), mapped.bytes);
  EXPECT_TRUE(set.holds(mapped));
}

TEST(Address, KnowsThisMachine) {
  for (const char* const here : {"127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(at(here).is_loopback()) << here;
  }
  EXPECT_TRUE(Address{}.is_loopback());
  for (const char* const there : {"128.0.0.1", "::2", "::", "0.0.0.0", "1::1"}) {
    EXPECT_FALSE(at(there).is_loopback()) << there;
  }
}

}  // namespace
}  // namespace core::callers
