#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/secret.h"
#include "proxy/net/tls_session.h"
#include "proxy/redis/command.h"
#include "proxy/upstream/lookup.h"

namespace proxy::redis {

/// Where a Redis or Valkey is and how it is spoken to. `state: { redis: ... }` of a configuration.
struct Options {
  std::string host = "127.0.0.1";  // a name or an address, an IPv6 address without brackets
  std::uint16_t port = 6379;
  unsigned database = 0;
  std::string username;   // of an ACL; empty: the default user
  core::Secret password;  // empty: none
  std::shared_ptr<const net::TlsContext> tls;  // null: without TLS
  std::string server_name;                     // SNI and verification; empty: host

  std::uint64_t connect_timeout_ms = 1'000;  // name, connection, TLS and greeting together
  std::uint64_t silence_ms = 1'000;  // asked and not a byte in answer for so long: the connection is closed
  std::uint64_t ping_ms = 15'000;    // an idle connection is asked whether it still is one
  std::uint64_t backoff_ms = 100;    // before the second attempt to connect, doubling with each
  std::uint64_t backoff_ms_max = 3'000;
  std::size_t queue_max = 65'536;           // commands asked and not answered
  std::size_t queue_bytes_max = 64 << 20;   // and their bytes
  std::size_t reply_bytes_max = 64 << 20;   // of one answer
  std::vector<const Script*> scripts;       // loaded with each connection
  upstream::Resolver resolver = ::getaddrinfo;
  std::string name() const;  // "rediss://host:6379/0", for logs
};

}  // namespace proxy::redis
