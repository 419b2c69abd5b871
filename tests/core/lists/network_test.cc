#include "core/lists/network.h"

#include <gtest/gtest.h>

#include <string>

#include "core/lists/list.h"

namespace core::lists {
namespace {

TEST(ReadNetwork, ReadsWhatRfc4291And4632Write) {
  struct Case {
    const char* text;
    const char* normal;  // null: refused
  };
  constexpr Case kCases[] = {
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"192.0.2.7", "192.0.2.7/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"::", "0000:0000:0000:0000:0000:0000:0000:0000/128"},
      {"::/0", "0000:0000:0000:0000:0000:0000:0000:0000/0"},
      {"2001:DB8::/32", "2001:0db8:0000:0000:0000:0000:0000:0000/32"},
      {"[2001:db8::1]", "2001:0db8:0000:0000:0000:0000:0000:0001/128"},
      {"1:2:3:4:5:6:7:8", "0001:0002:0003:0004:0005:0006:0007:0008/128"},
      {"1::8", "0001:0000:0000:0000:0000:0000:0000:0008/128"},
      {"::ffff:192.0.2.7", "192.0.2.7/32"},
      {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
      {"64:ff9b::192.0.2.33", "0064:ff9b:0000:0000:0000:0000:c000:0221/128"},
      {"192.0.2.1/24", nullptr},
      {"192.0.2.0/33", nullptr},
      {"192.0.2.0/024", nullptr},
      {"192.0.2", nullptr},
      {"192.0.02.1", nullptr},
      {"256.0.0.1", nullptr},
      {"1:2:3:4:5:6:7", nullptr},
      {"1:2:3:4:5:6:7:8:9", nullptr},
      {"1:2:3:4:5:6:7::8", nullptr},
      {"1::2::3", nullptr},
      {":1::2", nullptr},
      {"1::2:", nullptr},
      {"12345::", nullptr},
      {"fe80::1%eth0", nullptr},
      {"", nullptr},
      {"/8", nullptr},
      {"host", nullptr},
  };
  Arena arena(4096);
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const std::string exact(c.text);
    const NetworkText read = read_network(exact);
    ASSERT_EQ(read.network.has_value(), c.normal != nullptr);
    if (c.normal == nullptr) {
      EXPECT_NE(read.wrong, nullptr);
    } else {
      EXPECT_EQ(write_network(*read.network, arena), c.normal);
      EXPECT_EQ(read_network(c.normal).network, read.network);
    }
  }
}

TEST(NetworkList, HoldsAddressesOfItsNetworks) {
  const List list = List::of({"10.0.0.0/8", "192.0.2.128/25", "2001:db8:4000::/35"},
                             Match::kNetwork, 7);
  ASSERT_TRUE(list.bad_lines().empty());
  Arena arena(4096);
  const auto has = [&](std::string_view text) {
    return list.contains(List::normalise(Match::kNetwork, text, arena));
  };
  EXPECT_TRUE(has("10.255.0.1"));
  EXPECT_FALSE(has("11.0.0.0"));
  EXPECT_TRUE(has("192.0.2.200"));
  EXPECT_FALSE(has("192.0.2.1"));
  EXPECT_TRUE(has("10.1.0.0/16"));
  EXPECT_FALSE(has("10.0.0.0/7"));
  EXPECT_TRUE(has("2001:db8:5fff::1"));
  EXPECT_FALSE(has("2001:db8:6000::1"));
  EXPECT_FALSE(has("nonsense"));
}

}  // namespace
}  // namespace core::lists
