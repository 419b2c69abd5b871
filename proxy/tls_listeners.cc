#include "proxy/tls_listeners.h"

#include <sys/stat.h>

#include <optional>

namespace proxy {
namespace {

using core::config::CertificateFiles;
using core::config::Diagnostics;
using core::config::Text;

/// Reads the files of one listener.
class Reading {
 public:
  Reading(core::config::Source& source, Diagnostics& diagnostics)
      : source_(source), diagnostics_(diagnostics) {}

  bool failed() const noexcept { return failed_; }

  std::string file(const Text& name) {
    auto contents = source_.read_file(name.value);
    if (contents) return std::move(contents).value();
    fail(name, "cannot read " + name.value + ": " + contents.error().why);
    return {};
  }

  void fail(const Text& at, const std::string& message, const std::string& suggestion = {}) {
    failed_ = true;
    diagnostics_.error(at.mark, 1, message, suggestion);
  }

  void check_key_mode(const Text& name) {
    struct stat status{};
    if (::stat(name.value.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) == 0) return;
    diagnostics_.warning(name.mark, 1, "every user of this machine can read " + name.value,
                         "chmod o-rwx " + name.value);
  }

 private:
  core::config::Source& source_;
  Diagnostics& diagnostics_;
  bool failed_ = false;
};

net::TlsContext::Server::Ask ask_of(core::config::ListenerTls::ClientCertificate written) {
  using Written = core::config::ListenerTls::ClientCertificate;
  using Ask = net::TlsContext::Server::Ask;
  return written == Written::kRequired   ? Ask::kRequired
         : written == Written::kOptional ? Ask::kOptional
                                         : Ask::kNo;
}

void tell(Reading& reading, const core::config::ListenerTls& tls, const net::TlsServer::Fault& fault) {
  using Part = net::TlsError::Part;
  if (fault.certificate == net::TlsServer::Fault::kNoCertificate) {
    const Text& at = tls.client_ca.value.empty() ? tls.certificates[0].certificate : tls.client_ca;
    reading.fail(at, at.value + ": " + fault.error.why);
    return;
  }
  const CertificateFiles& files = tls.certificates[fault.certificate];
  const Text& at = fault.error.part == Part::kKey      ? files.key
                   : fault.error.part == Part::kStaple ? files.ocsp
                                                       : files.certificate;
  reading.fail(at, at.value + ": " + fault.error.why,
               fault.error.part == Part::kKey
                   ? "the key in PEM form that belongs to " + files.certificate.value
               : fault.error.part == Part::kStaple ? "as openssl ocsp -respout writes it"
                                                   : "");
}

}  // namespace

std::shared_ptr<net::TicketKeys> TicketBook::keys_of(const std::string& address,
                                                     std::uint64_t lifetime_s) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<net::TicketKeys>& keys = keys_[address];
  if (keys == nullptr || keys->lifetime_s() != lifetime_s) {
    keys = std::make_shared<net::TicketKeys>(lifetime_s);
  }
  return keys;
}

std::vector<TlsListener> make_tls(const core::config::Config& config, core::config::Source& source,
                                  Diagnostics& diagnostics, TicketBook& tickets) {
  std::vector<TlsListener> made;
  for (const core::config::Listener& listener : config.listeners) {
    if (!listener.tls) continue;
    const core::config::ListenerTls& tls = *listener.tls;
    Reading reading(source, diagnostics);
    net::TlsServer::Options options;
    options.ask = ask_of(tls.client_certificate);
    options.log_client_subject = tls.log_client_subject;
    options.tickets = tickets.keys_of(listener.address.text.value,
                                      static_cast<std::uint64_t>(tls.ticket_lifetime.count() / 1000));
    for (const CertificateFiles& files : tls.certificates) {
      if (files.certificate.value.empty()) return made;  // reported by the loader
      net::TlsServer::Certificate certificate;
      certificate.pair.certificate = reading.file(files.certificate);
      certificate.pair.key = reading.file(files.key);
      reading.check_key_mode(files.key);
      if (!files.ocsp.value.empty()) {
        certificate.ocsp = reading.file(files.ocsp);
        if (certificate.ocsp.empty() && !reading.failed()) {
          reading.fail(files.ocsp, files.ocsp.value + ": it is empty");
        }
      }
      options.certificates.push_back(std::move(certificate));
    }
    if (!tls.client_ca.value.empty()) {
      options.client_authorities = reading.file(tls.client_ca);
      if (options.client_authorities.empty() && !reading.failed()) {
        // Nothing would mean that nobody is asked.
        reading.fail(tls.client_ca, tls.client_ca.value + ": it is empty");
      }
    }
    if (reading.failed()) continue;
    auto server = net::TlsServer::create(std::move(options));
    if (server) {
      made.push_back({listener.address.text.value, std::move(server).value()});
    } else {
      tell(reading, tls, server.error());
    }
  }
  return made;
}

std::shared_ptr<const net::CallerTrust> make_caller_trust(const core::config::Config& config,
                                                          core::config::Source& source,
                                                          Diagnostics& diagnostics) {
  bool wanted = false;
  for (const core::config::Connector& connector : config.connectors) {
    wanted = wanted || !connector.certificates.empty();
  }
  if (!wanted) return nullptr;
  Reading reading(source, diagnostics);
  std::vector<std::string> files;
  for (const Text& name : config.caller_authorities) files.push_back(reading.file(name));
  if (reading.failed()) return nullptr;
  auto trust = net::CallerTrust::create(files);
  if (trust) return std::move(trust).value();
  const Text& at = config.caller_authorities[trust.error().file];
  reading.fail(at, at.value + ": " + trust.error().why);
  return nullptr;
}

}  // namespace proxy
