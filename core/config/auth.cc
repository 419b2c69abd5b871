// `auth` of a connector: what its callers have to show.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/callers/address.h"
#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/lists/network.h"
#include "core/text/text.h"

namespace core::config {
namespace {

using schema::Key;

constexpr std::size_t kSecretBytesMin = 16;   // 96 bits and more of what openssl rand -base64 gives
constexpr std::size_t kSecretBytesMax = 512;  // what the request path compares without a copy
constexpr std::size_t kAuthoritiesMax = 64;   // a bit each for the certificate of a connection

/// A token or key: long enough not to be guessed, and of what can stand in a field.
void read_secrets(Reader& reader, const Fields& fields, std::string_view name,
                  std::vector<Text>& out) {
  const Node* const node = fields.find(name);
  if (node == nullptr) return;
  const Key& key = fields.key(name);
  each_string(reader, *node, key, [&](const Node& at, Text text) {
    const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (text.value.size() < kSecretBytesMin || text.value.size() > kSecretBytesMax ||
        !std::all_of(text.value.begin(), text.value.end(), visible)) {
      reader.error(at, "a secret has 16 to 512 visible ASCII characters",
                   "as from openssl rand -hex 32");
      return;
    }
    out.push_back(std::move(text));
  });
}

void read_credential(Reader& reader, const Node& node, const Node* named, const Key& key,
                     Connector& connector) {
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return;
  }
  const Fields fields(reader, node, named, *key.object);
  Credential credential;
  const bool has_username = fields.string("username", credential.username);
  const bool has_password = fields.string("password", credential.password);
  if (has_username) {
    const Node& at = *fields.find("username");
    const std::string& username = credential.username.value;
    if (username.empty()) {
      reader.error(at, "an empty username", {});
    } else if (const std::size_t colon = username.find(':'); colon != std::string::npos) {
      reader.error_inside(credential.username, colon, "a username cannot hold a colon (RFC 7617)");
    } else if (has_control(username)) {
      reader.error(at, "a username cannot hold control characters (RFC 7617)", {});
    }
  }
  if (has_password) {
    const Node& at = *fields.find("password");
    if (credential.password.value.empty()) {
      reader.error(at, "an empty password", "write password: \"${env:NAME}\"");
    } else if (has_control(credential.password.value)) {
      reader.error(at, "a password cannot hold control characters (RFC 7617)", {});
    }
  }
  if (has_username && has_password) connector.basic.push_back(std::move(credential));
}

std::optional<std::array<std::uint8_t, 32>> read_thumbprint(std::string_view text) {
  std::array<std::uint8_t, 32> digest{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0 || digits == 2 * digest.size()) return std::nullopt;
    digest[digits / 2] = static_cast<std::uint8_t>(digest[digits / 2] << 4 | value);
    ++digits;
  }
  if (digits != 2 * digest.size()) return std::nullopt;
  return digest;
}

/// The number of the file among those that connectors name.
std::size_t authority(Reader& reader, const Node& at, Text file, Config& config) {
  file.value = path_beside(reader.diagnostics().path(file.mark.file), file.value);
  auto& files = config.caller_authorities;
  const auto known = std::find_if(files.begin(), files.end(),
                                  [&](const Text& one) { return one.value == file.value; });
  if (known != files.end()) return static_cast<std::size_t>(known - files.begin());
  if (files.size() == kAuthoritiesMax) {
    reader.error(at, "more than 64 different files of authorities", "put some into one file");
    return 0;
  }
  files.push_back(std::move(file));
  return files.size() - 1;
}

/// Writes the prefix of a name as certificates have it, and a DNS name in small letters.
bool normalise_name(std::string& name) {
  constexpr std::string_view kPrefixes[] = {"DNS:", "URI:", "email:", "IP:"};
  for (const std::string_view prefix : kPrefixes) {
    if (name.size() <= prefix.size() ||
        !text::equals_ignore_case_ascii(std::string_view(name).substr(0, prefix.size()), prefix)) {
      continue;
    }
    name.replace(0, prefix.size(), prefix);
    if (prefix == "DNS:") {
      text::lower_ascii(name.data() + 4, name.data() + 4, name.size() - 4);
    }
    return true;
  }
  return false;
}

void read_certificate(Reader& reader, const Node& node, const Node* named, const Key& key,
                      Connector& connector, Config& config) {
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return;
  }
  const Fields fields(reader, node, named, *key.object);
  CallerCertificate certificate;
  certificate.mark = named != nullptr ? named->mark : node.mark;
  Text text;
  if (fields.filled("sha256", text)) {
    certificate.sha256 = read_thumbprint(text.value);
    if (!certificate.sha256) {
      reader.error(*fields.find("sha256"), "a SHA-256 thumbprint has 64 hexadecimal digits",
                   "as openssl x509 -noout -fingerprint -sha256 prints it");
      return;  // without it another mistake would be found: that nobody vouches
    }
  }
  if (fields.filled("ca", text)) {
    certificate.authority = authority(reader, *fields.find("ca"), std::move(text), config);
  }
  fields.filled("subject", certificate.subject);
  fields.filled("issuer", certificate.issuer);
  if (fields.filled("san", certificate.name) && !normalise_name(certificate.name.value)) {
    reader.error(*fields.find("san"), "an alternative name begins with DNS:, URI:, email: or IP:",
                 "write san: \"DNS:api.contoso.example\"");
  }
  if (!node.members.empty()) connector.certificates.push_back(std::move(certificate));
}

void read_api_key(Reader& reader, const Node& node, const Node& named, const Key& key,
                  Connector& connector) {
  if (node.kind != Node::Kind::kMap) {
    reader.wrong_type(node, key);
    return;
  }
  const Fields fields(reader, node, &named, *key.object);
  ApiKey api_key;
  if (fields.string("header", api_key.name)) {
    constexpr std::string_view kTaken[] = {
        "authorization",     "host",   "connection",       "content-type",   "content-length",
        "transfer-encoding", "expect", "content-encoding", "x-forwarded-for"};
    const std::string& name = api_key.name.value;
    const bool taken = std::any_of(
        std::begin(kTaken), std::end(kTaken),
        [&](std::string_view other) { return text::equals_ignore_case_ascii(other, name); });
    if (!is_token(name)) {
      reader.error(*fields.find("header"), "not the name of a header field",
                   "write header: x-api-key");
    } else if (taken) {
      reader.error(*fields.find("header"), "that field has a meaning of its own",
                   "write header: x-api-key");
    }
  }
  if (fields.string("query", api_key.name)) {
    api_key.in_query = true;
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_' || c == '.' || c == '~';
    };
    if (api_key.name.value.empty() ||
        !std::all_of(api_key.name.value.begin(), api_key.name.value.end(), plain)) {
      reader.error(*fields.find("query"), "not the name of a parameter", "write query: code");
    }
  }
  read_secrets(reader, fields, "value", api_key.values);
  connector.api_key = std::move(api_key);
}

}  // namespace

void each_string(Reader& reader, const Node& node, const Key& key,
                 const std::function<void(const Node& at, Text text)>& take) {
  Key one = key;
  one.shape = schema::Shape::kString;
  const auto read = [&](const Node& at) {
    if (std::optional<Text> text = reader.string(at, one)) take(at, std::move(*text));
  };
  if (key.shape == schema::Shape::kStringOrList && node.kind != Node::Kind::kSequence) {
    read(node);
    return;
  }
  for (const Node* item : reader.items(node, key)) read(*item);
}

void read_networks(Reader& reader, const Node& node, const Key& key,
                   std::vector<lists::Network>& networks, bool& local) {
  each_string(reader, node, key, [&](const Node& at, Text text) {
    if (text.value == "unix") {
      local = true;
      return;
    }
    const lists::NetworkText read = lists::read_network(text.value);
    if (!read.network) {
      reader.error(at, read.wrong);
      return;
    }
    if (networks.size() == callers::AddressSet::kNetworksMax) {
      reader.error(at, "more than 256 networks", "write larger ones");
      return;
    }
    networks.push_back(*read.network);
  });
}

void read_auth(Reader& reader, const Node& node, const Node& named, const Key& key,
               Connector& connector, Config& config) {
  connector.has_auth = true;
  if (node.kind == Node::Kind::kScalar && node.value == "anonymous") {
    connector.allow_anonymous = true;
    return;
  }
  if (node.kind != Node::Kind::kMap) {
    const bool misspelt =
        node.kind == Node::Kind::kScalar && !nearest(node.value, {"anonymous"}).empty();
    if (misspelt) {
      reader.error(node, "expected a map or the word anonymous, found " + reader.found(node),
                   suggest(node.value, {"anonymous"}));
    } else {
      reader.wrong_type(node, key);
    }
    return;
  }
  const Fields fields(reader, node, &named, *key.object);
  const auto each_map = [&](std::string_view name, auto read) {
    const Node* const value = fields.find(name);
    if (value == nullptr) return;
    if (value->kind != Node::Kind::kSequence) {
      read(*value, fields.key_node(name));
      return;
    }
    for (const Node* item : reader.items(*value, fields.key(name))) read(*item, nullptr);
  };
  each_map("basic", [&](const Node& at, const Node* in) {
    read_credential(reader, at, in, fields.key("basic"), connector);
  });
  each_map("certificate", [&](const Node& at, const Node* in) {
    read_certificate(reader, at, in, fields.key("certificate"), connector, config);
  });
  read_secrets(reader, fields, "bearer", connector.bearer);
  if (const Node* const entra = fields.find("entra"); entra != nullptr) {
    read_entra(reader, *entra, *fields.key_node("entra"), fields.key("entra"), connector, config);
  }
  if (const Node* const api_key = fields.find("api_key"); api_key != nullptr) {
    read_api_key(reader, *api_key, *fields.key_node("api_key"), fields.key("api_key"), connector);
    // API connectors always have one of these besides (protocol.md a.11), policies have one header (b.2).
    const bool alone = fields.find("basic") == nullptr && fields.find("bearer") == nullptr &&
                       fields.find("entra") == nullptr && fields.find("certificate") == nullptr;
    if (alone && connector.dialect != DialectName::kB2cPolicy) {
      reader.error(named, "one of these keys is missing: basic, bearer, entra, certificate",
                   "write " + std::string(fields.key("basic").name) + ": " +
                       std::string(fields.key("basic").example));
    }
  }
  if (const Node* const addresses = fields.find("addresses"); addresses != nullptr) {
    read_networks(reader, *addresses, fields.key("addresses"), connector.addresses,
                  connector.local_addresses);
  }
}

}  // namespace core::config
