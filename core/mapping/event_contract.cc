#include "core/mapping/event_contract.h"

#include "core/claims/name_table.h"
#include "core/mapping/connector_contract.h"
#include "core/mapping/reply_values.h"
#include "core/mapping/response_rows.h"
#include "core/text/text.h"

namespace core::mapping {
namespace {

using claims::Kind;
using rules::VerdictKind;
using text::equals_ignore_case_ascii;

/// The member @odata.type, in any letter case, behind its last dot.
std::string_view type_of(simdjson::dom::object object) {
  for (const auto& [name, value] : object) {
    std::string_view type;
    if (equals_ignore_case_ascii(name, "@odata.type") && value.get(type) == simdjson::SUCCESS) {
      return type.substr(type.rfind('.') + 1);
    }
  }
  return {};
}

std::string_view text_in(simdjson::dom::object object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text) != simdjson::SUCCESS) return {};
  return text;
}

/// Data of answers that are carried and never looked into.
bool is_carried(std::string_view type) {
  for (const std::string_view one : {"onOtpSendResponseData", "onPasswordSubmitResponseData",
                                     "onVerifiedIdClaimValidationResponseData"}) {
    if (equals_ignore_case_ascii(type, one)) return true;
  }
  return false;
}

/// The texts of an array with commas between; false when something else is in it.
bool join(simdjson::dom::array array, std::string& joined) {
  bool first = true;
  for (const simdjson::dom::element item : array) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return false;
    if (!first) joined += ',';
    first = false;
    joined += text;
  }
  return true;
}

/// Members of `inputs`, `attributes` or `claims`. False when that is no object: null is the caller's
/// error 1003007.
bool read_claims(simdjson::dom::object action, std::string_view member, bool token, Answer& answer) {
  simdjson::dom::object claims;
  if (action.at_key(member).get(claims) != simdjson::SUCCESS) return false;
  for (const auto& [key, element] : claims) {
    std::string name(key);
    std::string_view attribute;
    if (token && !is_flow_attribute(name) && !claims::split_extension(name, attribute)) {
      name = "extension_" + name;
    }
    if (simdjson::dom::array array; element.get(array) == simdjson::SUCCESS) {
      std::string joined;
      if (!join(array, joined)) {
        answer.remarks.add(Remark::kNestedMember);
      } else if (token) {
        answer.decision.claims.push_back({std::move(name), Kind::kArray, simdjson::minify(array)});
      } else {
        answer.decision.claims.push_back({std::move(name), Kind::kString, std::move(joined)});
      }
      continue;
    }
    std::string room;
    const Value value = value_of(element, room);
    if (!value.there()) {
      answer.remarks.add(Remark::kNullMember);
    } else if (value.kind == Kind::kObject) {
      answer.remarks.add(Remark::kNestedMember);
    } else {
      answer.decision.claims.push_back({std::move(name), value.kind, std::string(value.text)});
    }
  }
  return true;
}

void read_block(simdjson::dom::object action, decisions::Decision& decision) {
  decision.kind = VerdictKind::kBlock;
  const std::string_view title = text_in(action, "title");
  const std::string_view message = text_in(action, "message");
  std::string words(title);
  if (!title.empty() && !message.empty()) words += ": ";
  words += message;
  decision.text = person_text(words.empty() ? kDefaultBlockText : words);
}

void read_validation_error(simdjson::dom::object action, Answer& answer) {
  answer.decision.kind = VerdictKind::kValidationError;
  answer.decision.text = person_text(text_in(action, "message"));
  read_attribute_errors(action, answer.decision);
  if (answer.decision.text.empty() && answer.decision.claims.empty()) {
    answer.remarks.add(Remark::kNoMessage);
    answer.decision.text = kTextOfOurs;
  }
}

bool read_action(simdjson::dom::object action, Answer& answer) {
  const std::string_view type = type_of(action);
  const auto is = [&](std::string_view name) { return equals_ignore_case_ascii(type, name); };
  if (is("continueWithDefaultBehavior")) return true;
  if (is("setPrefillValues")) return read_claims(action, "inputs", false, answer);
  if (is("modifyAttributeValues")) return read_claims(action, "attributes", false, answer);
  if (is("provideClaimsForToken")) return read_claims(action, "claims", true, answer);
  if (is("showBlockPage")) {
    read_block(action, answer.decision);
    return true;
  }
  if (is("showValidationError")) {
    read_validation_error(action, answer);
    return true;
  }
  return false;
}

}  // namespace

void read_event_answer(const Reply& reply, ReplyBody& body, Answer& answer) {
  const auto give_up = [&answer](Unresolved why) {
    answer.why = why;
    answer.decision = {};
  };
  if (reply.status != 200) return give_up(Unresolved::kContract);
  simdjson::dom::element root;
  if (const Unresolved why = body.json(root); why != Unresolved::kNone) return give_up(why);
  if (!body.says_json()) answer.remarks.add(Remark::kContentType);
  simdjson::dom::object data;
  if (root.at_key("data").get(data) != simdjson::SUCCESS) return give_up(Unresolved::kContract);
  if (is_carried(type_of(data))) {
    answer.decision.claims.push_back({"", Kind::kObject, std::string(body.decoded())});
    return;
  }
  simdjson::dom::array actions;
  simdjson::dom::object action;
  if (data.at_key("actions").get(actions) != simdjson::SUCCESS || actions.size() != 1 ||
      actions.at(0).get(action) != simdjson::SUCCESS || !read_action(action, answer)) {
    give_up(Unresolved::kContract);
  }
}

}  // namespace core::mapping
