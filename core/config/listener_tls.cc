// `tls` of a listener. The files themselves are read by whoever opens the listener: here is only what
// the configuration says about them.
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;

/// The name of a file, looked for beside the file that names it. Reports an empty one.
bool read_file_name(Reader& reader, const Fields& fields, std::string_view key, Text& out) {
  if (!fields.string(key, out)) return false;
  if (out.value.empty() || out.value.find('\0') != std::string::npos) {
    reader.error(*fields.find(key), "expected the name of a file",
                 "write " + std::string(key) + ": " + std::string(fields.key(key).example));
    return false;
  }
  out.value = path_beside(reader.diagnostics().path(out.mark.file), out.value);
  return true;
}

CertificateFiles read_files(Reader& reader, const Fields& fields) {
  CertificateFiles files;
  read_file_name(reader, fields, "certificate", files.certificate);
  if (!read_file_name(reader, fields, "key", files.key)) files.key = files.certificate;
  read_file_name(reader, fields, "ocsp", files.ocsp);
  return files;
}

/// What goes with `certificate` does not go with `certificates`.
void refuse_beside_several(Reader& reader, const Fields& fields) {
  for (const std::string_view key : {"key", "ocsp"}) {
    if (const Node* const node = fields.key_node(key); node != nullptr) {
      reader.error(*node, "\"" + std::string(key) + "\" beside several certificates",
                   "write it in each item of certificates");
    }
  }
}

}  // namespace

std::optional<ListenerTls> read_listener_tls(Reader& reader, const Node& node, const Node& named,
                                             const Key& key) {
  if (!reader.is_map(node, key)) return std::nullopt;
  const Fields fields(reader, node, &named, *key.object);
  ListenerTls tls;
  tls.mark = named.mark;
  if (const Node* const several = fields.find("certificates"); several != nullptr) {
    refuse_beside_several(reader, fields);
    const Key& several_key = fields.key("certificates");
    for (const Node* item : reader.items(*several, several_key)) {
      if (item->kind != Node::Kind::kMap) {
        reader.error(*item, "expected a map, found " + reader.found(*item),
                     "write - { certificate: tls/server.crt, key: tls/server.key }");
        continue;
      }
      tls.certificates.push_back(
          read_files(reader, Fields(reader, *item, nullptr, *several_key.object)));
    }
  } else {
    tls.certificates.push_back(read_files(reader, fields));
  }
  read_file_name(reader, fields, "client_ca", tls.client_ca);
  enum class Written : std::uint8_t { kRequired, kOptional };  // the order of the table's choices
  Written written = Written::kRequired;
  if (fields.choice("client_certificate", written) || !tls.client_ca.value.empty()) {
    tls.client_certificate = written == Written::kRequired
                                 ? ListenerTls::ClientCertificate::kRequired
                                 : ListenerTls::ClientCertificate::kOptional;
  }
  fields.boolean("log_client_subject", tls.log_client_subject);
  fields.duration("ticket_lifetime", tls.ticket_lifetime);
  return tls;
}

}  // namespace core::config
