#include "proxy/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace proxy::net {
namespace {

std::string formatted(int family, const char* text) {
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) inet_pton(family, text, &reinterpret_cast<sockaddr_in&>(storage).sin_addr);
  if (family == AF_INET6) inet_pton(family, text, &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr);
  char out[64];
  return std::string(out, PeerAddress::from(storage).format(out));
}

TEST(PeerAddress, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ(formatted(AF_INET, "127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(formatted(AF_INET, "255.10.0.99"), "255.10.0.99");
  EXPECT_EQ(formatted(AF_INET6, "2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(formatted(AF_UNIX, ""), "unix");
}

TEST(OpenListener, SaysWhyNot) {
  core::config::ListenerAddress address;
  address.host = "127.0.0.1";
  auto open = open_listener(address);
  ASSERT_TRUE(open.ok());
  EXPECT_NE(open.value().port, 0);
  core::config::ListenerAddress unix_address;
  unix_address.kind = core::config::ListenerAddress::Kind::kUnix;
  unix_address.host = "/nonexistent/claimgate.sock";
  const auto refused = open_listener(unix_address);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().why.find("No such file"), std::string::npos) << refused.error().why;
}

}  // namespace
}  // namespace proxy::net
