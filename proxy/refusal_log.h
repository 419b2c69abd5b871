#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/gate/caller.h"
#include "proxy/net/address.h"

namespace proxy {

/// Says in the program's log what certificate or token was refused, so that the operator can tell a roll from
/// an attack: the caller's address and why; of a certificate the thumbprint, and the subject where a listener's
/// `log_client_subject` asks for it; of a token nothing. At most kLinesPerSecond lines a second, those left out counted in
/// the next. Off the in-line path: only for callers that are refused. Thread: its worker's.
class RefusalLog {
 public:
  static constexpr unsigned kLinesPerSecond = 10;

  /// A handshake that ended for the certificate; `why` as net::Handler::certificate_refused() has it.
  void handshake(std::uint64_t now_ms, const net::PeerAddress& peer, std::string_view why) noexcept;
  /// A request of `connector`. `shown` may be null.
  void request(std::uint64_t now_ms, const net::PeerAddress& peer, std::string_view connector,
               core::gate::CallerFault fault, const core::gate::ShownCertificate* shown,
               bool with_subject) noexcept;

  /// A token of Entra that `connector` does not take.
  void token(std::uint64_t now_ms, const net::PeerAddress& peer, std::string_view connector,
             core::callers::TokenFault fault) noexcept;

 private:
  bool due(std::uint64_t now_ms) noexcept;
  std::string left_out();

  std::uint64_t second_ = 0;
  unsigned lines_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace proxy
