#include "proxy/net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "proxy/net/server.h"

namespace proxy::net {

Listener::Listener(Server& server, ListenSocket socket, std::uint16_t tls, const Front* front)
    : server_(server),
      socket_(std::move(socket)),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      tls_(tls),
      front_(front) {}

Listener::~Listener() {
  poll_.reset();  // before the descriptor is closed: libuv may still ask about it
  if (!socket_.unix_path.empty()) ::unlink(socket_.unix_path.c_str());
}

bool Listener::start(uv_loop_t& loop) {
  poll_ = open_uv<uv_poll_t>(
      this, [&](uv_poll_t* poll) { return uv_poll_init(&loop, poll, socket_.fd.get()); });
  return poll_ != nullptr && uv_poll_start(poll_.get(), UV_READABLE, on_poll) == 0;
}

void Listener::on_poll(uv_poll_t* poll, int, int) noexcept {
  if (poll->data != nullptr) static_cast<Listener*>(poll->data)->accept_some();
}

/// Accepts up to kAcceptsPerTurn; false when nobody waits any more.
bool Listener::accept_some() noexcept {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd fd(::accept4(socket_.fd.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      server_.accept_one(std::move(fd), peer, tls_, front_);
      continue;
    }
    switch (errno) {
      case EINTR:
      case ECONNABORTED:
      case EPROTO: continue;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        // Whoever is idle longest gives a descriptor up, as at the limit of connections.
        if (server_.evict_oldest_idle()) continue;
        // The connection at the head of the backlog would wake the loop for ever. The reserve is
        // what it is accepted with, only to be closed.
        reserve_.reset();
        UniqueFd(::accept4(socket_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
        reserve_ = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        pause();
        return false;
      default: return false;  // EAGAIN: nobody is waiting
    }
  }
  return true;
}

void Listener::accept_waiting() noexcept {
  constexpr int kTurnsMax = 1024;  // a flood does not keep the server from ending
  for (int turn = 0; turn < kTurnsMax && accept_some();) ++turn;
}

void Listener::pause() noexcept {
  paused_ = true;
  uv_poll_stop(poll_.get());
  bump(server_.counters_.accept_pauses);
}

void Listener::resume() noexcept {
  if (!paused_) return;
  paused_ = false;
  uv_poll_start(poll_.get(), UV_READABLE, on_poll);
}

}  // namespace proxy::net
