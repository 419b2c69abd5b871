#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/gate/caller.h"
#include "core/http/message.h"
#include "core/http/out_buffer.h"
#include "core/http/request_reader.h"
#include "proxy/net/address.h"

namespace proxy::net {

class CallerTrust;
class Connection;

/// A connection that waits for an answer, as long as it lives: Server::complete() knows by it whom to
/// tell, and that nobody is there any more. A value; good for ever.
struct Ticket {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  // 0: no ticket
};

/// What is answered where the request came from. Borrowed for the call.
struct Exchange {
  const core::http::Request& request;
  const PeerAddress& peer;
  bool close;                   // the connection ends with this answer
  core::http::OutBuffer& out;   // the answer is appended
  std::uint64_t began_ms = 0;   // uv_now() when the request's first byte was read
  Connection* connection = nullptr;  // for wait(); null where nothing can wait

  /// For an answer that comes later: the ticket to complete it with. answer() then returns
  /// kPending. The generation is 0 when there is no room for another that waits.
  Ticket wait() const noexcept;

  /// The certificate that the caller has shown in its handshake, and what `trust` says of it; null
  /// without one. Good for the call. Only the first look by a `trust` is expensive.
  const core::gate::ShownCertificate* certificate(
      const std::shared_ptr<const CallerTrust>& trust) const noexcept;
};

/// Answers the requests of one loop's connections. Bytes of a request in, bytes of an answer out:
/// it knows no socket. Thread: the loop's. Nothing may be kept of an exchange after the call.
class Handler {
 public:
  virtual ~Handler() = default;

  /// kPending: nothing was appended, the ticket of Exchange::wait() is completed later, from the loop
  /// and never from inside a call of the handler. The handler has its own copy of what it needs;
  /// until then the connection neither reads nor answers what came behind that request.
  enum class Progress : std::uint8_t { kAnswered, kPending };

  /// A read brought bytes: clocks that are read once a batch are read here. `now_ns` is monotonic.
  virtual void on_batch(std::uint64_t now_ns) noexcept = 0;

  /// The head of a request whose body is still to come. True when an answer was written: then
  /// `exchange.close` is true and the body is never read.
  virtual bool refuse_early(const Exchange& exchange) noexcept = 0;

  /// A complete request: appends its answer.
  virtual Progress answer(const Exchange& exchange) noexcept = 0;

  /// Bytes that are no acceptable request: appends the answer (with Connection: close).
  virtual void refuse(const core::http::Refusal& refusal, const PeerAddress& peer,
                      core::http::OutBuffer& out) noexcept = 0;

  /// No room for another connection, or for a message whose head is not complete: appends a 503 answer.
  virtual void overload(core::http::OutBuffer& out) noexcept = 0;

  /// A request whose body is still to come is given up for want of memory: appends what its caller is
  /// told instead, with Connection: close. What refuse_early() has admitted.
  virtual void shed(const Exchange& exchange) noexcept { overload(exchange.out); }

  /// A handshake was ended because of the caller's certificate, or for want of one. `why` has the
  /// certificate's thumbprint, its subject only where the operator has asked for that.
  virtual void certificate_refused(const PeerAddress& peer, std::string_view why) noexcept {
    static_cast<void>(peer), static_cast<void>(why);
  }

  /// A request did not arrive in time: appends a 408 answer.
  virtual void timed_out(const PeerAddress& peer, core::http::OutBuffer& out) noexcept = 0;
};

}  // namespace proxy::net
