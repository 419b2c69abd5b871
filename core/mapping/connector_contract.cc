#include "core/mapping/connector_contract.h"

#include "core/claims/name_table.h"
#include "core/mapping/reply_values.h"
#include "core/mapping/response_rows.h"
#include "core/text/text.h"

namespace core::mapping {
namespace {

using claims::Kind;
using rules::VerdictKind;
using text::equals_ignore_case_ascii;

enum class Action : std::uint8_t { kNone, kContinue, kBlock, kValidationError, kUnknown };

struct ActionName {
  std::string_view name;
  Action action;
};
constexpr ActionName kActions[] = {
    {"Continue", Action::kContinue},
    {"Allow", Action::kContinue},
    {"ShowBlockPage", Action::kBlock},
    {"ValidationError", Action::kValidationError},
};

/// Members that are no claims (a.6), in small letters.
constexpr std::string_view kShape[] = {"version", "action", "status", "usermessage", "code",
                                       "attributeerrors"};
/// Members that identify the request: no answer can change them (a.3).
constexpr std::string_view kReserved[] = {"step",     "client_id",  "clientId",
                                          "objectId", "ui_locales", "identities"};
/// Attributes without a prefix that a user flow has (a.3).
constexpr std::string_view kBuiltIn[] = {"email",     "displayName", "givenName",     "surname",
                                         "jobTitle",  "streetAddress", "city",        "state",
                                         "country",   "postalCode"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
  for (const std::string_view other : names) {
    if (name == other) return true;
  }
  return false;
}

bool is_shape(std::string_view name) {
  for (const std::string_view other : kShape) {
    if (equals_ignore_case_ascii(name, other)) return true;
  }
  return false;
}

Action read_action(simdjson::dom::object object, Remarks& remarks) {
  simdjson::dom::element element;
  if (object.at_key("action").get(element) != simdjson::SUCCESS || element.is_null()) {
    return Action::kNone;
  }
  std::string_view written;
  if (element.get(written) != simdjson::SUCCESS) return Action::kUnknown;
  for (const ActionName& known : kActions) {
    if (!equals_ignore_case_ascii(written, known.name)) continue;
    if (written != known.name) remarks.add(Remark::kActionCase);
    if (known.name == "Allow") remarks.add(Remark::kAllow);
    return known.action;
  }
  return Action::kUnknown;
}

void check_version(simdjson::dom::object object, Remarks& remarks) {
  simdjson::dom::element element;
  if (object.at_key("version").get(element) != simdjson::SUCCESS || element.is_null()) {
    remarks.add(Remark::kNoVersion);
  } else if (!element.is_string()) {
    remarks.add(Remark::kVersionType);
  }
}

void read_message(simdjson::dom::object object, decisions::Decision& decision, Remarks& remarks) {
  simdjson::dom::element element;
  std::string room;
  if (object.at_key("userMessage").get(element) == simdjson::SUCCESS && !element.is_null()) {
    const Value value = value_of(element, room);
    if (value.kind != Kind::kString) remarks.add(Remark::kMessageType);
    decision.text = person_text(value.text);
  }
  if (decision.text.empty()) {
    remarks.add(Remark::kNoMessage);
    decision.text = kTextOfOurs;
  }
}

void read_claims(simdjson::dom::object object, decisions::Decision& decision, Remarks& remarks) {
  for (const auto& [name, element] : object) {
    if (is_shape(name)) continue;
    if (is_one_of(name, kReserved)) {
      remarks.add(Remark::kReservedMember);
      continue;
    }
    std::string room;
    const Value value = value_of(element, room);
    if (!value.there()) {
      remarks.add(Remark::kNullMember);
      continue;
    }
    if (value.kind == Kind::kArray || value.kind == Kind::kObject) {
      remarks.add(Remark::kNestedMember);
      continue;
    }
    std::string_view attribute;
    if (!is_one_of(name, kBuiltIn) && !claims::split_extension(name, attribute)) {
      remarks.add(Remark::kBareAttribute);
    }
    decisions::DecidedClaim& claim = decision.claims.add();
    claim.name = name;
    claim.kind = value.kind;
    claim.value = value.text;
  }
}

/// `status` as 400 or "400"; `present` also for anything else.
bool says_400(simdjson::dom::object object, bool& present) {
  simdjson::dom::element element;
  present = object.at_key("status").get(element) == simdjson::SUCCESS && !element.is_null();
  if (!present) return false;
  std::string room;
  const Value value = value_of(element, room);
  return (value.kind == Kind::kNumber || value.kind == Kind::kString) && value.text == "400";
}

}  // namespace

bool is_flow_attribute(std::string_view name) noexcept { return is_one_of(name, kBuiltIn); }

void read_attribute_errors(simdjson::dom::object from, decisions::Decision& decision) {
  simdjson::dom::object errors;
  if (from.at_key("attributeErrors").get(errors) != simdjson::SUCCESS) return;
  for (const auto& [name, element] : errors) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) continue;
    if (std::string words = person_text(text); !words.empty()) {
      decision.claims.push_back({std::string(name), Kind::kString, std::move(words)});
    }
  }
}

void read_connector_answer(const Reply& reply, ReplyBody& body, Answer& answer) {
  const auto give_up = [&answer](Unresolved why) {
    answer.why = why;
    answer.decision = {};
  };
  const bool success = reply.status >= 200 && reply.status <= 299;
  if (!success && reply.status != 400) return give_up(Unresolved::kContract);
  simdjson::dom::element root;
  if (const Unresolved why = body.json(root); why != Unresolved::kNone) return give_up(why);
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return give_up(Unresolved::kContract);

  Remarks& remarks = answer.remarks;
  if (!body.says_json()) remarks.add(Remark::kContentType);
  check_version(object, remarks);
  Action action = read_action(object, remarks);
  if (action == Action::kNone && success) {
    remarks.add(Remark::kNoAction);
    action = Action::kContinue;
  }
  bool has_status = false;
  const bool status_400 = says_400(object, has_status);
  decisions::Decision& decision = answer.decision;
  switch (action) {
    case Action::kNone:
    case Action::kUnknown:
      return give_up(Unresolved::kContract);
    case Action::kContinue:
      if (!success) return give_up(Unresolved::kContract);
      if (reply.status != 200) remarks.add(Remark::kContinueHttp);
      decision.kind = VerdictKind::kContinue;
      return read_claims(object, decision, remarks);
    case Action::kBlock:
      if (reply.status != 200) remarks.add(Remark::kBlockHttp);
      if (has_status) remarks.add(Remark::kBlockStatus);
      decision.kind = VerdictKind::kBlock;
      break;
    case Action::kValidationError:
      if (success) remarks.add(Remark::kValidationHttp);
      if (!status_400) remarks.add(Remark::kValidationStatus);
      decision.kind = VerdictKind::kValidationError;
      read_attribute_errors(object, decision);
      break;
  }
  read_message(object, decision, remarks);
}

}  // namespace core::mapping
