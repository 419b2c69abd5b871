// What load balancers say of who calls: a PROXY header in front of the connection, X-Forwarded-For
// in its requests.
#include <sys/socket.h>

#include <cerrno>
#include <new>

#include "core/callers/forwarded.h"
#include "core/callers/proxy_header.h"
#include "proxy/net/connection.h"
#include "proxy/net/server.h"

namespace proxy::net {

/// The connection begins with a PROXY header. It is taken off the socket and nothing behind it, so
/// that what follows is read as if it had not been there.
void Connection::on_proxy_header() noexcept {
  using core::callers::ProxyHeader;
  char* const bytes = server_.receive_.get();
  const std::size_t known = proxy_header_->size();
  const ssize_t got = ::recv(fd_, bytes, ProxyHeader::kV2BytesMax, MSG_PEEK);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close();
    return;
  }
  try {
    proxy_header_->append(bytes, static_cast<std::size_t>(got));
  } catch (const std::bad_alloc&) {
    close();
    return;
  }
  const ProxyHeader header = core::callers::read_proxy_header(*proxy_header_, front_->versions);
  if (header.state == ProxyHeader::State::kBad) {
    bump(server_.counters_.proxy_refused);
    close();
    return;
  }
  const bool done = header.state == ProxyHeader::State::kDone;
  const std::size_t used = done ? header.size - known : static_cast<std::size_t>(got);
  // They are there: it was a look that brought them.
  if (::recv(fd_, bytes, used, 0) != static_cast<ssize_t>(used)) {
    close();
    return;
  }
  if (!done) return;
  proxy_header_.reset();
  held_.set(own_bytes());
  if (header.source) peer_ = PeerAddress(*header.source);
  if (tls_number_ == kPlain) enter(Phase::kIdle);
}

/// Who has sent a request: the address of the connection, or what trusted proxies say.
PeerAddress Connection::caller_of(const core::http::Request& request) const noexcept {
  if (front_ == nullptr || front_->forwarded_for == 0 || !front_->proxies.holds(peer_))
    return peer_;
  const auto address = core::callers::forwarded_address(request, front_->forwarded_for);
  return address ? PeerAddress(*address) : peer_;
}

}  // namespace proxy::net
