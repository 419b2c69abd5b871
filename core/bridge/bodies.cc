#include "core/bridge/bodies.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/claims/event.h"
#include "core/text/json.h"
#include "core/text/locale.h"
#include "core/text/text.h"

namespace core::bridge {
namespace {

using dialects::Step;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

using claims::kEventPrefix;
constexpr std::string_view kExtensionPrefix = "extension_";

/// The steps that both callers have (protocol.md e.1).
struct Counterparts {
  Step flow, event;
};
constexpr std::array<Counterparts, 3> kCounterparts = {{
    {Step::kPostFederationSignup, Step::kAttributeCollectionStart},
    {Step::kPostAttributeCollection, Step::kAttributeCollectionSubmit},
    {Step::kPreTokenIssuance, Step::kTokenIssuanceStart},
}};

/// Members of a user flow's body that are no attributes.
constexpr std::string_view kNoAttributes[] = {"step",       "client_id",  "clientId",
                                              "ui_locales", "identities", "objectId"};

std::string_view text_of(object from, std::string_view name) {
  std::string_view text;
  if (from.at_key(name).get(text) != simdjson::SUCCESS) return {};
  return text;
}

object object_of(object from, std::string_view name, bool& there) {
  object inner;
  there = from.at_key(name).get(inner) == simdjson::SUCCESS;
  return inner;
}

/// A JSON object, member by member.
class Members {
 public:
  explicit Members(std::string& to) : to_(to) { to_ += '{'; }
  void json(std::string_view name, std::string_view value) {
    if (!first_) to_ += ',';
    first_ = false;
    to_ += text::json_quoted(name);
    to_ += ':';
    to_ += value;
  }
  void text(std::string_view name, std::string_view value) { json(name, text::json_quoted(value)); }
  void some_text(std::string_view name, std::string_view value) {
    if (value.data() != nullptr) text(name, value);
  }
  void close() { to_ += '}'; }

 private:
  std::string& to_;
  bool first_ = true;
};

/// A field line; nothing when the value cannot stand in one (RFC 9110, 5.5).
void add_field(std::string& fields, std::string_view name, std::string_view value) {
  const bool fits = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (fits) fields.append(name).append(": ").append(value).append("\r\n");
}

std::string recased(std::string_view tag) {
  std::string out(tag);
  text::recase_language_tag(tag, out.data());
  return out;
}

/// The value of an attribute; nothing when it has none. An array of texts is one text with commas.
std::optional<std::string> value_of(element attribute, bool empty_is_none) {
  object members;
  element value;
  if (attribute.get(members) != simdjson::SUCCESS ||
      members.at_key("value").get(value) != simdjson::SUCCESS || value.is_null()) {
    return std::nullopt;
  }
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
    if (text.empty() && empty_is_none) return std::nullopt;
    return text::json_quoted(text);
  }
  if (simdjson::dom::array array; value.get(array) == simdjson::SUCCESS) {
    std::string joined;
    bool first = true;
    for (const element item : array) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS) return simdjson::minify(value);
      if (!first) joined += ',';
      first = false;
      joined += text;
    }
    return text::json_quoted(joined);
  }
  return simdjson::minify(value);
}

/// Identities with their signInType in the other's words; `email` becomes the first address.
std::string identities_of(simdjson::dom::array identities, std::string_view from,
                          std::string_view to, std::string& email) {
  std::string out = "[";
  bool first = true;
  for (const element identity : identities) {
    object members;
    if (identity.get(members) != simdjson::SUCCESS) continue;
    if (!first) out += ',';
    first = false;
    Members written(out);
    for (const auto& [name, value] : members) {
      std::string_view text;
      if (name == "signInType" && value.get(text) == simdjson::SUCCESS && text == from) {
        written.text(name, to);
      } else {
        written.json(name, simdjson::minify(value));
      }
    }
    written.close();
    const std::string_view type = text_of(members, "signInType");
    if (email.empty() && (type == "email" || type.starts_with("emailAddress"))) {
      email = text_of(members, "issuerAssignedId");
    }
  }
  return out + "]";
}

Step event_step(std::string_view type) {
  if (!type.starts_with(kEventPrefix)) return Step::kUnknown;
  for (const Counterparts& pair : kCounterparts) {
    if (text::equals_ignore_case_ascii(type.substr(kEventPrefix.size()), name(pair.event))) {
      return pair.event;
    }
  }
  return Step::kUnknown;
}

/// As `onAttributeCollectionStart` is called by `attributeCollectionStart`.
std::string callout_of(Step event) {
  std::string out(name(event));
  out[0] = static_cast<char>(out[0] - 0x20);
  return "microsoft.graph.on" + out + "CalloutData";
}

std::string attribute_of(std::string_view name, element value) {
  std::string_view type;
  if (value.is_string()) type = "string";
  if (value.is_int64() || value.is_uint64()) type = "int64";
  if (value.is_bool()) type = "boolean";
  if (type.empty()) return {};
  std::string out;
  Members members(out);
  members.text("@odata.type",
               "microsoft.graph." + std::string(type) + "DirectoryAttributeValue");
  members.json("value", simdjson::minify(value));
  members.text("attributeType",
               name.starts_with(kExtensionPrefix) ? "directorySchemaExtension" : "builtIn");
  members.close();
  return out;
}

}  // namespace

bool is_event(std::string_view body) {
  simdjson::dom::parser parser;
  object root;
  bool has_data = false;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return false;
  object_of(root, "data", has_data);
  return has_data && text_of(root, "type").starts_with(kEventPrefix);
}

std::optional<Body> flow_request(std::string_view event) {
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(event.data(), event.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  const Step step = event_step(text_of(root, "type"));
  bool there = false;
  const object data = object_of(root, "data", there);
  if (step == Step::kUnknown || !there) return std::nullopt;
  const bool before_form = step == Step::kAttributeCollectionStart;

  Body body;
  Members out(body.json);
  out.text("step", name_for_rules(step));
  object user;
  bool has_user = false;
  if (const object context = object_of(data, "authenticationContext", there); there) {
    if (const object app = object_of(context, "clientServicePrincipal", there); there) {
      out.some_text("client_id", text_of(app, "appId"));
    }
    if (const object client = object_of(context, "client", there); there) {
      if (const std::string_view locale = text_of(client, "locale"); !locale.empty()) {
        out.text("ui_locales", recased(locale));
      }
      add_field(body.fields, "X-Client-IP", text_of(client, "ip"));
    }
    add_field(body.fields, "X-Correlation-Id", text_of(context, "correlationId"));
    user = object_of(context, "user", has_user);
  }
  add_field(body.fields, "X-Tenant-Id", text_of(data, "tenantId"));

  std::string email;
  std::string identities;
  std::string attributes;
  std::vector<std::string_view> written;
  const auto add = [&](std::string_view name, std::string_view json) {
    written.push_back(name);
    attributes += ',' + text::json_quoted(name) + ':';
    attributes += json;
  };
  if (const object sign_up = object_of(data, "userSignUpInfo", there); there) {
    if (simdjson::dom::array array;
        sign_up.at_key("identities").get(array) == simdjson::SUCCESS) {
      identities = identities_of(array, "email", "emailAddress", email);
    }
    if (const object all = object_of(sign_up, "attributes", there); there) {
      for (const auto& [name, attribute] : all) {
        const auto value = value_of(attribute, before_form);
        if (!value || std::find(std::begin(kNoAttributes), std::end(kNoAttributes), name) !=
                          std::end(kNoAttributes)) {
          continue;
        }
        if (name == "email" && !email.empty()) continue;  // the identity's address counts
        if (name == "email") {
          object members;
          if (attribute.get(members) == simdjson::SUCCESS) email = text_of(members, "value");
          continue;
        }
        add(name, *value);
      }
    }
  }
  if (has_user) {
    out.some_text("objectId", text_of(user, "id"));
    if (email.empty()) email = text_of(user, "mail");
    for (const auto& [name, value] : user) {
      if (name == "id" || name == "mail" || value.is_null() || value.is_object() ||
          value.is_array() || std::find(written.begin(), written.end(), name) != written.end() ||
          std::find(std::begin(kNoAttributes), std::end(kNoAttributes), name) !=
              std::end(kNoAttributes)) {
        continue;
      }
      add(name, simdjson::minify(value));
    }
  }
  if (!email.empty()) out.text("email", email);
  if (!identities.empty()) out.json("identities", identities);
  body.json += attributes;
  out.close();
  return body;
}

std::optional<Body> event_request(std::string_view flow_body, Step step) {
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(flow_body.data(), flow_body.size()).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  Step event = Step::kAttributeCollectionSubmit;  // also for steps that nobody knows (a.2)
  for (const Counterparts& pair : kCounterparts) {
    if (step == pair.flow || step == pair.event) event = pair.event;
  }
  const bool token = event == Step::kTokenIssuanceStart;

  std::string email;
  std::string identities;
  if (simdjson::dom::array array; root.at_key("identities").get(array) == simdjson::SUCCESS) {
    identities = identities_of(array, "emailAddress", "email", email);
  }
  std::string attributes;
  Members attribute_members(attributes);
  std::string user;
  Members user_members(user);
  user_members.some_text("id", text_of(root, "objectId"));
  for (const auto& [name, value] : root) {
    if (std::find(std::begin(kNoAttributes), std::end(kNoAttributes), name) !=
        std::end(kNoAttributes)) {
      continue;
    }
    if (token) {
      if (value.is_null() || value.is_object() || value.is_array()) continue;
      user_members.json(name == "email" ? "mail" : name, simdjson::minify(value));
    } else if (const std::string attribute = attribute_of(name, value); !attribute.empty()) {
      attribute_members.json(name, attribute);
    }
  }
  attribute_members.close();
  user_members.close();

  std::string context;
  Members context_members(context);
  if (std::string locale(text_of(root, "ui_locales")); !locale.empty()) {
    locale.resize(std::min(locale.find_first_of(" ,"), locale.size()));
    text::lower_ascii(locale.data(), locale.data(), locale.size());
    std::string client;
    Members members(client);
    members.text("locale", locale);
    members.text("market", locale);
    members.close();
    context_members.json("client", client);
  }
  std::string_view app = text_of(root, "client_id");
  if (app.empty()) app = text_of(root, "clientId");
  if (!app.empty()) {
    std::string principal;
    Members members(principal);
    members.text("appId", app);
    members.close();
    context_members.json("clientServicePrincipal", principal);
  }
  if (token) context_members.json("user", user);
  context_members.close();

  std::string data;
  Members data_members(data);
  data_members.text("@odata.type", callout_of(event));
  data_members.json("authenticationContext", context);
  if (!token) {
    std::string sign_up;
    Members members(sign_up);
    members.json("attributes", attributes);
    members.json("identities", identities.empty() ? "[]" : identities);
    members.close();
    data_members.json("userSignUpInfo", sign_up);
  }
  data_members.close();

  Body body;
  Members out(body.json);
  out.text("type", std::string(kEventPrefix) + std::string(name(event)));
  out.json("data", data);
  out.close();
  return body;
}

Step step_in(std::string_view flow_body) {
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(flow_body.data(), flow_body.size()).get(root) != simdjson::SUCCESS) {
    return Step::kUnknown;
  }
  const std::string_view written = text_of(root, "step");
  for (const Counterparts& pair : kCounterparts) {
    if (text::equals_ignore_case_ascii(written, name(pair.flow)) ||
        text::equals_ignore_case_ascii(written, name(pair.event))) {
      return pair.flow;
    }
  }
  return text::equals_ignore_case_ascii(written, "PreTokenApplicationClaims")
             ? Step::kPreTokenIssuance
             : Step::kUnknown;
}

}  // namespace core::bridge
