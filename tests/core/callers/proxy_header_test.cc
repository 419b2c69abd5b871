#include "core/callers/proxy_header.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

namespace core::callers {
namespace {

using State = ProxyHeader::State;
using Family = Address::Family;

/// From a heap buffer of exact size: the sanitizer sees one byte too far.
ProxyHeader read(std::string_view bytes, ProxyVersions versions = ProxyVersions::kAny) {
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);
  std::memcpy(exact.get(), bytes.data(), bytes.size());
  return read_proxy_header({exact.get(), bytes.size()}, versions);
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

const std::string kSignature =
    bytes({0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A});

std::string v2(int version_command, int family, const std::string& behind) {
  return kSignature +
         bytes({version_command, family, static_cast<int>(behind.size() >> 8U),
                static_cast<int>(behind.size() & 0xFFU)}) +
         behind;
}

const std::string kV4Addresses = bytes({192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0x01, 0xBB});
const std::string kV6Addresses = bytes({0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) +
                                 std::string(16, '\1') + "abcd";

std::string source_of(const ProxyHeader& header) {
  if (!header.source) return "none";
  char text[lists::kNetworkBytesMax];
  return std::string(text, lists::write_network(header.source->network(), text));
}

TEST(ProxyHeader, SaysWhoHasCalled) {
  struct Case {
    std::string header, source;
  };
  const Case cases[] = {
      {"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1/32"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255/32"},
      {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0/32"},
      {"PROXY TCP6 2001:db8::1 ::1 4124 443\r\n", "2001:0db8:0000:0000:0000:0000:0000:0001/128"},
      {"PROXY TCP6 ::ffff:192.0.2.1 ::1 4124 443\r\n", "192.0.2.1/32"},
      {"PROXY TCP6 ffff:f:f:f:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
       "65535\r\n",
       "ffff:000f:000f:000f:ffff:ffff:ffff:ffff/128"},
      {"PROXY UNKNOWN\r\n", "none"},
      {"PROXY UNKNOWN whatever it is ::: 1 2\r\n", "none"},
      {v2(0x21, 0x11, kV4Addresses), "192.0.2.1/32"},
      {v2(0x21, 0x11, kV4Addresses + bytes({4, 0, 1, 0})), "192.0.2.1/32"},  // a TLV
      {v2(0x21, 0x21, kV6Addresses), "2001:0db8:0000:0000:0000:0000:0000:0001/128"},
      {v2(0x21, 0x31, std::string(216, 'u')), "none"},
      {v2(0x21, 0x00, ""), "none"},
      {v2(0x20, 0x00, ""), "none"},
      {v2(0x20, 0x11, kV4Addresses), "none"},  // LOCAL: what it says is skipped
      {v2(0x20, 0xFF, "x"), "none"},
      {v2(0x21, 0x11, kV4Addresses + std::string(2048 - 12, 't')), "192.0.2.1/32"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::PrintToString(c.header));
    for (const std::string_view behind : {"", "POST / HTTP/1.1\r\n", "\r\n"}) {
      const ProxyHeader header = read(c.header + std::string(behind));
      ASSERT_EQ(header.state, State::kDone);
      EXPECT_EQ(header.size, c.header.size());
      EXPECT_EQ(source_of(header), c.source);
    }
    for (std::size_t cut = 0; cut < c.header.size(); ++cut) {
      EXPECT_EQ(read(c.header.substr(0, cut)).state, State::kMore) << cut;
    }
  }
}

TEST(ProxyHeader, IsRefusedWhenItIsNone) {
  const std::string cases[] = {
      "GET / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01",
      "proxy TCP4 192.0.2.1 198.51.100.2 56324 443\r\n",
      "PROXY  TCP4 192.0.2.1 198.51.100.2 56324 443\r\n",
      "PROXY TCP4  192.0.2.1 198.51.100.2 56324 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 \r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\rX",
      "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 056324 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n",
      "PROXY TCP4 192.0.2.1 198.51.100.2 1 -1\r\n",
      "PROXY TCP4 192.0.2.01 198.51.100.2 1 1\r\n",
      "PROXY TCP4 192.0.2.1/24 198.51.100.2 1 1\r\n",
      "PROXY TCP4 192.0.2 198.51.100.2 1 1\r\n",
      "PROXY TCP4 2001:db8::1 ::1 1 1\r\n",
      "PROXY TCP6 192.0.2.1 198.51.100.2 1 1\r\n",
      "PROXY TCP6 [::1] ::1 1 1\r\n",
      "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n",
      "PROXY UDP4 192.0.2.1 198.51.100.2 1 1\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY \r\n",
      std::string("PROXY TCP4 192.0.2.1 198.51.100.2 1\0 1\r\n", 40),
      "PROXY UNKNOWN " + std::string(93, 'x') + "\r\n",  // 109 bytes
      "PROXY UNKNOWN " + std::string(200, 'x'),
      kSignature + bytes({0x11}),
      kSignature + bytes({0x22}),
      kSignature + bytes({0x31}),
      kSignature + bytes({0x21, 0x41}),
      kSignature + bytes({0x21, 0x13}),
      kSignature + bytes({0x21, 0x01}),
      v2(0x21, 0x12, kV4Addresses),  // datagrams
      v2(0x21, 0x10, kV4Addresses),
      v2(0x21, 0x11, kV4Addresses.substr(1)),
      v2(0x21, 0x21, kV4Addresses),
      v2(0x21, 0x31, "short"),
      v2(0x21, 0x11, kV4Addresses + std::string(2048 - 11, 't')),
      kSignature + bytes({0x20, 0x00, 0xFF, 0xFF}),
  };
  for (const std::string& header : cases) {
    SCOPED_TRACE(testing::PrintToString(header));
    EXPECT_EQ(read(header).state, State::kBad);
    // Byte by byte it comes to the same, and never to an answer before.
    State state = State::kMore;
    for (std::size_t size = 1; size <= header.size() && state == State::kMore; ++size) {
      state = read(std::string_view(header).substr(0, size)).state;
    }
    EXPECT_EQ(state, State::kBad);
  }
}

TEST(ProxyHeader, IsOfAVersionThatTheListenerTakes) {
  const std::string one = "PROXY UNKNOWN\r\n", two = v2(0x20, 0, "");
  EXPECT_EQ(read(one, ProxyVersions::kV1).state, State::kDone);
  EXPECT_EQ(read(one, ProxyVersions::kV2).state, State::kBad);
  EXPECT_EQ(read(two, ProxyVersions::kV2).state, State::kDone);
  EXPECT_EQ(read(two, ProxyVersions::kV1).state, State::kBad);
  EXPECT_EQ(read(two, ProxyVersions::kNone).state, State::kBad);
}

TEST(ProxyHeader, NeverNeedsMoreThanItsBound) {
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(ProxyHeader::kV1BytesMax - 16, 'x') + "\r\n").state,
            State::kDone);
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(ProxyHeader::kV1BytesMax - 14, 'x')).state,
            State::kBad);
  EXPECT_LE(read(v2(0x21, 0x11, kV4Addresses + std::string(2036, 't'))).size,
            ProxyHeader::kV2BytesMax);
}

}  // namespace
}  // namespace core::callers
