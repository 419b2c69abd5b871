// The URL of a Redis, as its own tools write it: rediss://host:6379/0. Whoever it is asked as stands beside
// it, so that no password is in a URL that is printed.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/scalars.h"

namespace core::config {
namespace {

constexpr std::string_view kExample = "write rediss://redis.internal:6379/0";
constexpr std::int64_t kDatabaseMax = 1'000'000;  // a server has 16 unless it says otherwise

/// Whether `authority` says a port.
bool has_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
}

}  // namespace

Result<RedisPlace, ParseError> parse_redis_url(std::string_view text) {
  RedisPlace place;
  place.tls = text.starts_with("rediss://");
  if (!place.tls && !text.starts_with("redis://")) {
    return ParseError{0, "expected a URL of rediss or redis", std::string(kExample)};
  }
  const std::size_t at = text.find("://") + 3;
  const std::size_t end = std::min(text.find_first_of("/?#", at), text.size());
  const std::string_view authority = text.substr(at, end - at);
  if (const std::size_t user = authority.find('@'); user != std::string_view::npos) {
    return ParseError{at, "a URL with user information", "write username: and password: beside it"};
  }
  // Hosts and ports are those of backends' URLs; "rediss" is a letter longer than "https", as "redis" is.
  auto host = parse_endpoint((place.tls ? "https://" : "http://") + std::string(authority));
  if (!host) return ParseError{host.error().offset + 1, std::move(host.error().message), std::string(kExample)};
  place.host = std::move(host.value().host);
  if (has_port(authority)) place.port = host.value().port;
  std::string_view database = text.substr(end);
  if (database.empty() || database == "/") return place;
  if (database.front() != '/') return ParseError{end, "expected the number of a database", std::string(kExample)};
  database.remove_prefix(1);
  const char* const last = database.data() + database.size();
  const auto [stop, error] = std::from_chars(database.data(), last, place.database);
  if (error != std::errc{} || stop != last || place.database < 0 || place.database > kDatabaseMax) {
    return ParseError{end + 1, "expected the number of a database", std::string(kExample)};
  }
  return place;
}

}  // namespace core::config
