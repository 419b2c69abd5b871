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
// Extensions wait 200 ms to 2 s, 1 s unless the tenant says otherwise (protocol.md d.3).
constexpr milliseconds kExtensionDeadline{800};
constexpr milliseconds kExtensionDeadlineMax{1700};
constexpr milliseconds kExtensionRetryWindow{6'000};  // 2 x 2 s + 2 s, as a.9 has it for user flows
// Custom policies wait 10 s (protocol.md a.9, b.5).
constexpr milliseconds kPolicyDeadline{8000};
constexpr milliseconds kPolicyRetryWindow{22'000};  // 2 x 10 s + 2 s
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

/// `step` is for dialects whose requests do not say it.
void read_step(Reader& reader, const Fields& fields, const Node* name, Connector& connector) {
  const Node* const written = fields.find("step");
  if (connector.dialect == DialectName::kB2bSignup) {
    StepOfUrl step = StepOfUrl::kPostAttributeCollection;
    if (fields.choice("step", step)) {
      connector.step = step;
    } else if (written == nullptr && name != nullptr) {
      reader.error(*name, "the key \"step\" is missing: requests of b2b-signup do not say it",
                   "write step: " + std::string(fields.key("step").example));
    }
  } else if (written != nullptr && fields.find("dialect") != nullptr) {
    reader.error(*fields.key_node("step"), connector.dialect == DialectName::kB2cPolicy
                     ? "custom policies have no steps"
                     : "requests of this dialect say which step they are",
                 "leave it out");
  }
}

/// How long the caller waits, and for how long it may try again.
void read_times(Reader& reader, const Fields& fields, Connector& connector) {
  const bool extension = connector.dialect == DialectName::kExtId;
  if (extension) {
    connector.deadline = kExtensionDeadline;
    connector.retry_window = kExtensionRetryWindow;
  }
  const bool policy = connector.dialect == DialectName::kB2cPolicy;
  if (policy) {
    connector.deadline = kPolicyDeadline;
    connector.retry_window = kPolicyRetryWindow;
  }
  if (fields.duration("deadline", connector.deadline)) {
    if (extension && connector.deadline > kExtensionDeadlineMax) {
      reader.warning(*fields.find("deadline"),
                     "extensions wait 2s at most: an answer after 1700ms may come too late",
                     "write deadline: 1700ms");
    } else if (policy && connector.deadline > kPolicyDeadline) {
      reader.warning(*fields.find("deadline"),
                     "custom policies wait 10s in all: an answer after 8s may come too late",
                     "write deadline: 8s");
    } else if (!extension && !policy && connector.deadline > kUserFlowDeadlineMax) {
      reader.warning(*fields.find("deadline"),
                     "user flows wait 5s in all: an answer after 4s may come too late",
                     "write deadline: 4s");
    }
  }
  fields.duration("retry_window", connector.retry_window);
  if (std::int64_t pending = 0; fields.integer("pending", pending)) connector.pending = pending;
}

/// Keys that only events have a use for.
void read_for_extensions(Reader& reader, const Fields& fields, Connector& connector) {
  if (connector.dialect != DialectName::kExtId) {
    for (const std::string_view name : {"block_title", "carry"}) {
      if (fields.find(name) == nullptr || fields.find("dialect") == nullptr) continue;
      reader.error(*fields.key_node(name), "this dialect has no place for it",
                   "leave it out, or write dialect: ext-id");
    }
    return;
  }
  fields.filled("block_title", connector.block_title);
  const Node* const carry = fields.find("carry");
  if (carry == nullptr || !reader.is_map(*carry, fields.key("carry"))) return;
  const Fields inside(reader, *carry, fields.key_node("carry"), *fields.key("carry").object);
  std::size_t i = 0;
  for (const std::string_view event :
       {"emailOtpSend", "passwordSubmit", "verifiedIdClaimValidation"}) {
    inside.filled(event, connector.carry[i++]);
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
  if (fields.choice("dialect", connector.dialect)) {
    read_step(reader, fields, member.key, connector);
  }
  if (const Node* const auth = fields.find("auth"); auth != nullptr) {
    read_auth(reader, *auth, *fields.key_node("auth"), fields.key("auth"), connector, config);
  }
  read_times(reader, fields, connector);
  read_for_extensions(reader, fields, connector);
  if (connector.dialect == DialectName::kB2cPolicy) {
    read_policy_contract(reader, fields, connector.policy);
  } else if (fields.find("policy") != nullptr && fields.find("dialect") != nullptr) {
    reader.error(*fields.key_node("policy"), "this dialect has no place for it",
                 "leave it out, or write dialect: b2c-policy");
  }
  if (const Node* const otherwise = fields.find("otherwise"); otherwise != nullptr) {
    const Key& otherwise_key = fields.key("otherwise");
    if (reader.is_map(*otherwise, otherwise_key)) {
      const Fields inside(reader, *otherwise, fields.key_node("otherwise"), *otherwise_key.object);
      connector.otherwise = read_action(reader, inside, *otherwise_key.object);
    }
  }
  fields.choice("token_fault", connector.token_fault);
  read_on(reader, fields, connector.on);
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
