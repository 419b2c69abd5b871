#include "core/config/scalars.h"

#include <gtest/gtest.h>

namespace core::config {
namespace {

TEST(RedisUrl, SaysWhereAServerIs) {
  struct Case {
    std::string_view text, host;
    std::uint16_t port;
    std::int64_t database;
    bool tls;
  };
  constexpr Case kCases[] = {
      {"redis://localhost", "localhost", 6379, 0, false},
      {"redis://localhost/", "localhost", 6379, 0, false},
      {"rediss://redis.internal:6380/3", "redis.internal", 6380, 3, true},
      {"redis://127.0.0.1:1", "127.0.0.1", 1, 0, false},
      {"rediss://[::1]:65535/1000000", "::1", 65535, 1000000, true},
      {"redis://[fd00::5]", "fd00::5", 6379, 0, false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto url = parse_redis_url(c.text);
    ASSERT_TRUE(url.ok()) << url.error().message;
    EXPECT_EQ(url.value().host, c.host);
    EXPECT_EQ(url.value().port, c.port);
    EXPECT_EQ(url.value().database, c.database);
    EXPECT_EQ(url.value().tls, c.tls);
  }
}

TEST(RedisUrl, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "localhost:6379", "http://localhost", "redis://", "redis:///0", "redis://:6379", "redis://host:0",
        "redis://host:65536", "redis://host:", "redis://host:6379x", "redis://host/x", "redis://host/1000001",
        "redis://host/-1", "redis://ho st", "redis://[::1", "redis://[::1]6379", "redis://host?x=1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_redis_url(text).ok());
  }
}

TEST(RedisUrl, SaysWhereAPasswordBelongs) {
  const auto url = parse_redis_url("redis://user:secret@host:6379");
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.error().suggestion, "write username: and password: beside it");
  EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace core::config
