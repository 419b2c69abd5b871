#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config/written.h"

/// `state` as it was written, and what rules ask of it.
namespace core::config {

/// What an asking rule asks: a backend, or a workflow, which has its answer in the state.
enum class Asks : std::uint8_t { kBackend, kApproval, kInvitation, kLimit };

/// What a workflow answers when the state is not to be had. kClosed: nothing, so that the connector's
/// `otherwise` is told. kOpen: go on with the next rule. kLocal: by this machine's memory alone.
enum class WhenAway : std::uint8_t { kClosed, kOpen, kLocal };

/// Where records live that outlive a request.
struct State {
  enum class Kind : std::uint8_t { kNone, kMemory, kSqlite, kRedis };
  enum class Synchronous : std::uint8_t { kFull, kNormal };
  static constexpr std::size_t kKeyBytes = 32;
  /// A Redis or Valkey that several machines share.
  struct Redis {
    Text url;  // as written; the next four are its parts
    bool tls = false;
    std::string host;  // a name or an address, an IPv6 address without brackets
    std::uint16_t port = 6379;
    std::int64_t database = 0;
    Text username, password;            // of an ACL; empty: the default user, none
    Text ca;                            // a PEM file; empty: the system's authorities
    Text certificate, certificate_key;  // PEM files, of us; empty: none, or in `certificate`
    std::string prefix = "claimgate";
    milliseconds timeout{500};
  };

  Kind kind = Kind::kNone;
  Mark mark;
  Text sqlite;  // a file, relative to the file that names it
  Redis redis;
  Synchronous synchronous = Synchronous::kFull;
  std::int64_t queue = 65536;  // asked and not answered
  /// 32 bytes each, decoded; what is kept is encrypted with the first, and read with any.
  std::vector<Text> keys;
};

}  // namespace core::config
