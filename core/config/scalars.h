#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/config/backend.h"
#include "core/config/config.h"
#include "core/result.h"

/// The small languages inside a scalar. Each error carries the byte it stopped at; the loader,
/// which knows the file, turns that byte into file:line:column.
namespace core::config {

struct ParseError {
  std::size_t offset;
  std::string message;
  std::string suggestion = {};  // what to write instead; may be empty
};

/// Durations that may be longer are written in days, too; 24 hours are "24h" everywhere.
inline constexpr std::int64_t kDayMs = 24 * 3'600'000;

/// Reads "250ms", "5s", "2m" or "1h", at most `longest`; when that is more than 24 hours, "7d" too.
Result<milliseconds, ParseError> parse_duration(
    std::string_view text, milliseconds longest = milliseconds{kDayMs});

/// Reads a number of bytes: "65536", "16KiB", "1MiB" or "1GiB", at most 1 TiB.
Result<std::int64_t, ParseError> parse_size(std::string_view text);

/// Reads an address to listen on: "0.0.0.0:8443", "[::1]:8080", "unix:/run/claimgate.sock". The
/// result's text is left to the caller. Host names are refused: what a name means would depend on
/// the moment the file is read.
Result<ListenerAddress, ParseError> parse_address(std::string_view text);

/// Reads the URL of a backend: http or https, a host, perhaps a port and a path; no user
/// information, no query, no fragment. The result's text and weight are left to the caller.
Result<Endpoint, ParseError> parse_endpoint(std::string_view text);
/// Whether what is sent to it stays on this machine: "localhost", "::1" or an address in 127.0.0.0/8.
bool is_loopback_host(std::string_view host);

/// Where a Redis is.
struct RedisPlace {
  bool tls = false;
  std::string host;  // an IPv6 address without brackets
  std::uint16_t port = 6379;
  std::int64_t database = 0;
};
/// Reads "rediss://redis.internal:6379/0": port and database may be missing; no user information.
Result<RedisPlace, ParseError> parse_redis_url(std::string_view text);

/// The type of a scalar that stands in the file without quotation marks. Numbers are what JSON
/// (RFC 8259, 6) reads as one, so a postal code 01234 and a telephone number +46701234567 are
/// strings, and only `true` and `false` are booleans.
Scalar::Type type_of_plain(std::string_view text);

/// What readers of YAML, editors among them, take a scalar for that type_of_plain() has as a string.
struct YamlReading {
  Scalar::Type type = Scalar::Type::kString;
  std::string plain;  // the same value as claimgate would read it; empty when it cannot be written
};
/// By the core schema of YAML 1.2.2 (10.3.2): True, +5, 007, .5, 0x1F, .inf. Empty for what both take
/// for the same; `yes`, `no`, `on` and `off`, booleans of YAML 1.1, are texts in both.
std::optional<YamlReading> read_otherwise_by_yaml(std::string_view text);

/// A byte below space, or DEL.
bool has_control(std::string_view text);

/// A token (RFC 9110, 5.6.2), as names of header fields are.
bool is_token(std::string_view text);

/// As short as it can be written and read back: 90000 is "90s", 16384 is "16KiB".
std::string format_duration(std::int64_t ms);
std::string format_size(std::int64_t bytes);

}  // namespace core::config
