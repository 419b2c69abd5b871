// `entra` of a connector's `auth`: which tokens callers show, and where their keys come from.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/reader.h"
#include "core/config/scalars.h"
#include "core/text/text.h"

namespace core::config {
namespace {

using schema::Key;

constexpr std::string_view kPublicCloud = "https://login.microsoftonline.com/";
/// Azure Active Directory Authentication Extensions (protocol.md d.2).
constexpr std::string_view kExtensions = "99045fe1-7639-4a75-9d4a-577b6ca3810f";
constexpr std::size_t kAudienceBytesMax = 512;
constexpr std::size_t kTokenAuthoritiesMax = 64;
constexpr std::size_t kAcceptedMax = 32;  // audiences or parties of a connector: all are compared

bool is_guid(std::string_view text) {
  constexpr std::string_view kForm = "00000000-0000-0000-0000-000000000000";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (kForm[i] == '-' ? c != '-' : !digit) return false;
  }
  return true;
}

/// Entra writes GUIDs in small letters.
std::string small(std::string text) {
  text::lower_ascii(text.data(), text.data(), text.size());
  return text;
}

/// The authority's URL in normal form; empty after reporting what is wrong.
std::string read_authority(Reader& reader, const Text& written, const std::string& tenant) {
  const std::string example = "write " + std::string(kPublicCloud) + "TENANT";
  const std::string& url = written.value;
  if (const std::size_t at = url.find_first_of("?#@{"); at != std::string::npos) {
    reader.error_inside(written, at,
                        "an authority is a scheme, a host and the tenant, and no more", example);
    return {};
  }
  auto endpoint = parse_endpoint(url);
  if (!endpoint) {
    reader.error_inside(written, endpoint.error().offset, endpoint.error().message, example);
    return {};
  }
  const Endpoint& to = endpoint.value();
  if (!to.tls && !is_loopback_host(to.host)) {
    reader.error_inside(written, 0, "whoever changes keys on their way makes tokens that fit",
                        "write https://");
    return {};
  }
  const std::string path = small(to.base_path);
  if (!path.empty() && path != "/" + tenant) {
    reader.error_inside(written, url.rfind(to.base_path),
                        "the path of an authority is its tenant", example);
    return {};
  }
  const bool six = to.host.find(':') != std::string::npos;
  std::string normal = to.tls ? "https://" : "http://";
  normal += six ? "[" + to.host + "]" : to.host;
  if (to.port != (to.tls ? 443 : 80)) normal += ":" + std::to_string(to.port);
  return normal + "/" + tenant;
}

/// The number of the authority among those that connectors name.
std::size_t authority_number(Reader& reader, const Node& at, TokenAuthority authority, Config& config) {
  auto& known = config.token_authorities;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].url.value != authority.url.value || known[i].ca.value != authority.ca.value) continue;
    known[i].refresh = std::min(known[i].refresh, authority.refresh);
    return i;
  }
  if (known.size() == kTokenAuthoritiesMax) {
    reader.error(at, "more than 64 different authorities");
    return 0;
  }
  known.push_back(std::move(authority));
  return known.size() - 1;
}

}  // namespace

void read_entra(Reader& reader, const Node& node, const Node& named, const Key& key,
                Connector& connector, Config& config) {
  if (!reader.is_map(node, key)) return;
  const Fields fields(reader, node, &named, *key.object);
  EntraTokens tokens;
  Text tenant;
  if (fields.string("tenant", tenant)) {
    if (is_guid(tenant.value)) {
      tokens.tenant = small(tenant.value);
    } else {
      reader.error(*fields.find("tenant"), "a tenant's id is a GUID",
                   "it is on the tenant's overview page, and 36 characters long");
    }
  }
  const auto each = [&](std::string_view name, std::vector<std::string>& to, auto accept) {
    const Node* const value = fields.find(name);
    if (value == nullptr) return;
    each_string(reader, *value, fields.key(name), [&](const Node& at, Text text) {
      if (!accept(at, text.value)) return;
      if (to.size() == kAcceptedMax) {
        reader.error(at, "more than 32 of them");
        return;
      }
      to.push_back(is_guid(text.value) ? small(std::move(text.value)) : std::move(text.value));
    });
  };
  each("audience", tokens.audiences, [&](const Node& at, const std::string& text) {
    const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (!text.empty() && text.size() <= kAudienceBytesMax &&
        std::all_of(text.begin(), text.end(), visible)) {
      return true;
    }
    reader.error(at, "an audience is a client id or an App ID URI",
                 "it is on the page of the app registration");
    return false;
  });
  each("authorized_party", tokens.parties, [&](const Node& at, const std::string& text) {
    if (is_guid(text)) return true;
    reader.error(at, "an authorized party is the client id of an application, a GUID",
                 "write authorized_party: " + std::string(kExtensions));
    return false;
  });
  if (fields.find("authorized_party") == nullptr) tokens.parties.emplace_back(kExtensions);
  fields.duration("clock_skew", tokens.clock_skew);

  TokenAuthority authority;
  authority.tenant = tokens.tenant;
  authority.url = {std::string(kPublicCloud) + tokens.tenant, tenant.mark, tenant.secret};
  fields.duration("refresh", authority.refresh);
  bool good = !tokens.tenant.empty();
  Text url;
  if (fields.filled("authority", url) && good) {
    url.value = read_authority(reader, url, tokens.tenant);
    good = !url.value.empty();
    url.secret = url.secret || tenant.secret;
    authority.url = std::move(url);
  }
  if (fields.filled("ca", authority.ca)) {
    authority.ca.value = path_beside(reader.diagnostics().path(authority.ca.mark.file), authority.ca.value);
    if (authority.url.value.starts_with("http:")) {
      reader.error(*fields.key_node("ca"), "an authority without TLS has no certificate",
                   "leave it out, or write https://");
    }
  }
  if (!good) return;
  tokens.authority = authority_number(reader, node, std::move(authority), config);
  connector.entra = std::move(tokens);
}

}  // namespace core::config
