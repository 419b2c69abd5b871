#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "proxy/net/caller_trust.h"
#include "proxy/net/tls_server.h"

namespace proxy {

/// The ticket keys of each TLS listener, by its address: they outlive reloads, so that callers can go
/// on resuming. Thread: any.
class TicketBook {
 public:
  /// New ones when there are none for this address and lifetime.
  std::shared_ptr<net::TicketKeys> keys_of(const std::string& address, std::uint64_t lifetime_s);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<net::TicketKeys>> keys_;
};

/// What a listener with TLS shows.
struct TlsListener {
  std::string address;  // of the listener, as the configuration writes it
  std::shared_ptr<const net::TlsServer> server;
};

/// Reads the files that the listeners' `tls` name and makes of them what the listeners show: one for
/// each listener with TLS, in the order of the configuration. Every mistake goes to `diagnostics`, at
/// the name of the file it is in; the result is complete only when there was none. A private key that
/// others than its owner can read is a warning. Blocking.
std::vector<TlsListener> make_tls(const core::config::Config& config, core::config::Source& source,
                                  core::config::Diagnostics& diagnostics, TicketBook& tickets);

/// Reads the authorities that connectors name for their callers' certificates. Null when no connector
/// wants a certificate, or after a mistake. Blocking.
std::shared_ptr<const net::CallerTrust> make_caller_trust(const core::config::Config& config,
                                                          core::config::Source& source,
                                                          core::config::Diagnostics& diagnostics);

}  // namespace proxy
