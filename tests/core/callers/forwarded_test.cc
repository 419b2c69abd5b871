#include "core/callers/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace core::callers {
namespace {

std::string text_of(const std::optional<Address>& address) {
  if (!address) return "none";
  char text[lists::kNetworkBytesMax];
  return std::string(text, lists::write_network(address->network(), text));
}

std::string forwarded(const std::vector<std::string_view>& values, std::size_t depth) {
  std::vector<http::Header> fields;
  fields.push_back({"X-Forwarded-Fox", "203.0.113.9"});
  for (const std::string_view value : values) fields.push_back({"x-FORWARDED-for", value});
  fields.push_back({"X-Forwarded-Host", "203.0.113.8"});
  http::Request request;
  request.fields = fields.data();
  request.field_count = fields.size();
  return text_of(forwarded_address(request, depth));
}

TEST(ForwardedAddress, IsTheElementFromTheRightThatTheProxiesInFrontHaveAdded) {
  EXPECT_EQ(forwarded({"192.0.2.1"}, 1), "192.0.2.1/32");
  EXPECT_EQ(forwarded({"198.51.100.7, 192.0.2.1"}, 1), "192.0.2.1/32");
  EXPECT_EQ(forwarded({"198.51.100.7, 192.0.2.1"}, 2), "198.51.100.7/32");
  EXPECT_EQ(forwarded({"203.0.113.1 ,\t198.51.100.7", "192.0.2.1"}, 2), "198.51.100.7/32");
  EXPECT_EQ(forwarded({"203.0.113.1", "198.51.100.7", "192.0.2.1"}, 3), "203.0.113.1/32");
  EXPECT_EQ(forwarded({"198.51.100.7,,192.0.2.1, ,"}, 2), "198.51.100.7/32") << "RFC 9110, 5.6.1.2";
}

TEST(ForwardedAddress, IsNoneWhereNobodyHasAddedIt) {
  EXPECT_EQ(forwarded({}, 1), "none");
  EXPECT_EQ(forwarded({""}, 1), "none");
  EXPECT_EQ(forwarded({"192.0.2.1"}, 2), "none");
  EXPECT_EQ(forwarded({"192.0.2.1, unknown"}, 1), "none") << "it does not go on to the left";
  EXPECT_EQ(forwarded({"192.0.2.1; 198.51.100.7"}, 1), "none");
}

TEST(ForwardedAddress, ReadsElementsAsProxiesWriteThem) {
  for (const char* const good : {"192.0.2.1", "192.0.2.1:443", "192.0.2.1:0", "::ffff:192.0.2.1",
                                 "[::ffff:192.0.2.1]:65535"}) {
    EXPECT_EQ(text_of(read_element(good)), "192.0.2.1/32") << good;
  }
  const std::string six = "2001:0db8:0000:0000:0000:0000:0000:0001/128";
  for (const char* const good : {"2001:db8::1", "[2001:DB8::1]", "[2001:db8::1]:443"}) {
    EXPECT_EQ(text_of(read_element(good)), six) << good;
  }
  for (const char* const bad :
       {"", "unknown", "_hidden", "192.0.2.1/32", "192.0.2.0/24", "192.0.2.1:", "192.0.2.1:x",
        "192.0.2.1:123456", "[192.0.2.1]", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]443",
        "[2001:db8::1]:", "fe80::1%eth0", "192.0.2.256", "\"192.0.2.1\"", "192.0.2.1 x"}) {
    EXPECT_EQ(text_of(read_element(bad)), "none") << bad;
  }
}

}  // namespace
}  // namespace core::callers
