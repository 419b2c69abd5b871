#pragma once

#include <uv.h>

#include <cstdint>

#include "proxy/net/address.h"
#include "proxy/net/uv_handle.h"

namespace proxy::net {

class Server;

/// A bound address of one server. Accepts a bounded number of connections a loop turn; when the
/// process is out of file descriptors it pauses instead of spinning. Thread: the loop's.
class Listener {
 public:
  /// `tls` is the number of its TLS, or Connection::kPlain; `front` may be null.
  Listener(Server& server, ListenSocket socket, std::uint16_t tls, const Front* front);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// False when libuv refuses the descriptor.
  bool start(uv_loop_t& loop);
  /// Accepts whoever is waiting already: before it is closed, so that nobody's request is lost.
  void accept_waiting() noexcept;
  /// Accepts again after a pause.
  void resume() noexcept;

  static constexpr int kAcceptsPerTurn = 16;

 private:
  static void on_poll(uv_poll_t* poll, int status, int events) noexcept;
  bool accept_some() noexcept;
  void pause() noexcept;

  Server& server_;
  ListenSocket socket_;
  UniqueFd reserve_;  // given up for a moment to turn a connection away when no descriptor is left
  UvHandle<uv_poll_t> poll_;
  std::uint16_t tls_;
  const Front* front_;
  bool paused_ = false;
};

}  // namespace proxy::net
