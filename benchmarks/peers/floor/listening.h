#pragma once

#include <cstdint>

namespace peers {

/// A non-blocking socket that listens on 127.0.0.1:port. Prints why and exits 1 when it cannot.
int listen_on_loopback(std::uint16_t port);

/// The next connection, non-blocking and without Nagle's delay; -1 when none waits.
int accept_next(int listener) noexcept;

/// Reads a port number; prints `usage` and exits 2 when it is none.
std::uint16_t port_or_exit(const char* text, const char* usage);

}  // namespace peers
