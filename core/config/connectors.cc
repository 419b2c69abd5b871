#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/place.h"
#include "core/config/reader.h"

namespace core::config {
namespace {

using schema::Key;

// User flows wait 5 s for an answer (protocol.md a.9).
constexpr milliseconds kUserFlowDeadlineMax{4000};
constexpr std::size_t kPathBytesMax = 1024;

/// RFC 3986, 3.3: what may stand in a path as it is. '*' is allowed there and refused here: people
/// who write it expect a pattern.
bool is_path_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/-._~!$&'()+,;=:@%").find(c) != std::string_view::npos;
}

void check_path(Reader& reader, const Text& path) {
  if (!path.value.starts_with('/')) {
    const bool url = path.value.find("://") != std::string::npos;
    reader.error_inside(path, 0, "a path begins with \"/\"",
                        path.secret ? ""
                        : url       ? "write the path of the URL alone"
                                    : "write /" + path.value);
    return;
  }
  if (path.value.size() > kPathBytesMax) {
    reader.error_inside(path, 0, "a path of more than 1024 bytes");
    return;
  }
  for (std::size_t i = 0; i < path.value.size(); ++i) {
    const char c = path.value[i];
    if (is_path_char(c)) continue;
    if (c == '?') {
      reader.error_inside(path, i, "a path has no query", "leave out the \"?\" and what follows");
    } else if (c == '#') {
      reader.error_inside(path, i, "a path has no fragment",
                          "leave out the \"#\" and what follows");
    } else if (c == '*') {
      reader.error_inside(path, i, "a path is no pattern", "write a connector for each path");
    } else {
      reader.error_inside(path, i, "a character that cannot stand in a path",
                          "write it percent-encoded (RFC 3986)");
    }
    return;
  }
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
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

void read_auth(Reader& reader, const Node& node, const Node& named, const Key& key,
               Connector& connector) {
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
  const Node* const basic = fields.find("basic");
  if (basic == nullptr) return;
  const Key& basic_key = fields.key("basic");
  if (basic->kind == Node::Kind::kMap) {
    read_credential(reader, *basic, fields.key_node("basic"), basic_key, connector);
    return;
  }
  for (const Node* item : reader.items(*basic, basic_key)) {
    read_credential(reader, *item, nullptr, basic_key, connector);
  }
}

void check_path_is_free(Reader& reader, const Node& node, const Connector& connector,
                        const Config& config) {
  for (const Connector& other : config.connectors) {
    if (other.path.value.empty() || other.path.value != connector.path.value) continue;
    const Mark mark = other.path.mark;
    reader.error(node,
                 "the connectors \"" + other.name.value + "\" and \"" + connector.name.value +
                     "\" have the same path",
                 "the first is at " + std::string(reader.diagnostics().path(mark.file)) + ":" +
                     std::to_string(mark.line) + ":" + std::to_string(mark.column));
    return;
  }
}

void read_connector(Reader& reader, const Member& member, const Key& key, Config& config) {
  Key one = key;
  one.shape = schema::Shape::kObject;
  one.name = member.key->value;
  one.example = "{ path: /b2c/before-create, dialect: b2c-userflow }";
  if (!reader.is_map(*member.value, one)) return;
  Connector connector;
  connector.name = reader.key_text(*member.key);
  connector.mark = member.key->mark;
  const Fields fields(reader, *member.value, member.key, *key.object);
  if (fields.string("path", connector.path)) {
    check_path(reader, connector.path);
    check_path_is_free(reader, *fields.find("path"), connector, config);
  }
  fields.choice("dialect", connector.dialect);
  if (const Node* const auth = fields.find("auth"); auth != nullptr) {
    read_auth(reader, *auth, *fields.key_node("auth"), fields.key("auth"), connector);
  }
  if (fields.duration("deadline", connector.deadline) &&
      connector.dialect == DialectName::kB2cUserflow && connector.deadline > kUserFlowDeadlineMax) {
    reader.warning(*fields.find("deadline"),
                   "user flows wait 5s in all: an answer after 4s may come too late",
                   "write deadline: 4s");
  }
  if (const Node* const otherwise = fields.find("otherwise"); otherwise != nullptr) {
    const Key& otherwise_key = fields.key("otherwise");
    if (reader.is_map(*otherwise, otherwise_key)) {
      const Fields inside(reader, *otherwise, fields.key_node("otherwise"), *otherwise_key.object);
      connector.otherwise = read_action(reader, inside, *otherwise_key.object);
    }
  }
  fields.duration("retry_window", connector.retry_window);
  fields.choice("token_fault", connector.token_fault);
  if (const Node* const rules = fields.find("rules"); rules != nullptr) {
    read_rules(reader, *rules, fields.key("rules"), connector.rules);
  }
  if (const Node* const rules = fields.find("shadow_rules"); rules != nullptr) {
    read_rules(reader, *rules, fields.key("shadow_rules"), connector.shadow_rules);
  }
  config.connectors.push_back(std::move(connector));
}

}  // namespace

void read_connectors(Reader& reader, const Node& node, const Key& key, Config& config) {
  if (!reader.is_map(node, key)) return;
  for (const Member& member : node.members) {
    const auto same =
        std::find_if(config.connectors.begin(), config.connectors.end(),
                     [&](const Connector& c) { return c.name.value == member.key->value; });
    if (same != config.connectors.end()) {
      report_twice(reader, *member.key, "connector", same->name.mark);
      continue;
    }
    check_name(reader, *member.key, "connector", true);
    read_connector(reader, member, key, config);
  }
}

}  // namespace core::config
