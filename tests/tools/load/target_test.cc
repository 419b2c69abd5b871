#include "tools/load/target.h"

#include <gtest/gtest.h>

namespace load {
namespace {

TEST(ParseUrl, TakesUrlsApart) {
  struct Case {
    std::string_view text;
    bool tls;
    std::string_view host;
    std::uint16_t port;
    std::string_view path, authority;
  };
  constexpr Case kCases[] = {
      {"http://127.0.0.1:8080/a/b?code=1", false, "127.0.0.1", 8080, "/a/b?code=1",
       "127.0.0.1:8080"},
      {"https://localhost", true, "localhost", 443, "/", "localhost"},
      {"http://localhost:443", false, "localhost", 443, "/", "localhost:443"},
      {"http://[::1]:81/x#fragment", false, "::1", 81, "/x", "[::1]:81"},
      {"http://host?x=1", false, "host", 80, "/?x=1", "host"}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_url(c.text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    const Url& url = parsed.value();
    EXPECT_EQ(url.tls, c.tls);
    EXPECT_EQ(url.host, c.host);
    EXPECT_EQ(url.port, c.port);
    EXPECT_EQ(url.path, c.path);
    EXPECT_EQ(url.authority(), c.authority);
  }
}

TEST(ParseUrl, RefusesWhatIsNoUrl) {
  for (const std::string_view text :
       {"", "localhost:80", "ftp://x", "http://", "http://:80", "http://h:0", "http://h:65536",
        "http://h:", "http://h:1x", "http://[::1", "http://[::1]80", "http://h/a b",
        "http://h/a\r\nX: y", "http://a:b@h/", "http://h\n/"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_url(text).ok());
  }
}

TEST(Resolve, TakesLoopbackWithoutBeingTold) {
  for (const std::string_view text : {"http://127.0.0.1", "http://127.8.9.10:81", "http://[::1]:82",
                                      "http://[::ffff:127.0.0.1]"}) {
    SCOPED_TRACE(text);
    const auto address = resolve(parse_url(text).value(), "");
    ASSERT_TRUE(address.ok()) << address.error().message;
    EXPECT_TRUE(address.value().is_loopback());
  }
}

TEST(Resolve, RefusesOtherMachinesUnlessTheyAreNamed) {
  // Addresses for documentation (RFC 5737, RFC 3849): never anybody's.
  for (const std::string& host :
       {std::string("192.0.2.1"), std::string("2001:db8::1"), std::string("0.0.0.0")}) {
    SCOPED_TRACE(host);
    Url url;
    url.host = host;
    EXPECT_FALSE(resolve(url, "").ok());
    EXPECT_FALSE(resolve(url, "localhost").ok());
    EXPECT_NE(resolve(url, "").error().message.find("--i-may-load-this-host " + host),
              std::string::npos);
    ASSERT_TRUE(resolve(url, host).ok());
    EXPECT_FALSE(resolve(url, host).value().is_loopback());
  }
}

}  // namespace
}  // namespace load
