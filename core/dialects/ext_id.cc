#include "core/dialects/ext_id.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/dialects/b2c_userflow.h"
#include "core/text/json.h"
#include "core/text/text.h"

namespace core::dialects::ext_id {
namespace {

using claims::Attribute;
using claims::AttributeType;
using claims::Claim;
using claims::Kind;
using std::string_view_literals::operator""sv;

constexpr std::size_t kScanSlack = 16;  // write_json_escaped() may write past its end

constexpr std::string_view kStartHead =
    R"({"data":{"@odata.type":"microsoft.graph.onAttributeCollectionStartResponseData","actions":[)"
    R"({"@odata.type":"microsoft.graph.attributeCollectionStart.)";
constexpr std::string_view kSubmitHead =
    R"({"data":{"@odata.type":"microsoft.graph.onAttributeCollectionSubmitResponseData","actions":[)"
    R"({"@odata.type":"microsoft.graph.attributeCollectionSubmit.)";
constexpr std::string_view kTokenHead =
    R"({"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":[)"
    R"({"@odata.type":"microsoft.graph.tokenIssuanceStart.)";
constexpr std::string_view kTail = "}]}}";

constexpr std::string_view kPlainContinue = R"(continueWithDefaultBehavior")";
constexpr std::string_view kPrefill = R"(setPrefillValues","inputs":{)";
constexpr std::string_view kModify = R"(modifyAttributeValues","attributes":{)";
constexpr std::string_view kProvide = R"(provideClaimsForToken","claims":{)";
constexpr std::string_view kBlock = R"(showBlockPage")";
constexpr std::string_view kError = R"(showValidationError")";

std::string_view head_of(Step step) noexcept {
  switch (moment(step)) {
    case Moment::kBeforeForm: return kStartHead;
    case Moment::kToken: return kTokenHead;
    default: return kSubmitHead;
  }
}

char* append(char* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// `"name":` and a comma before it unless it is the first; null when `out` is full. The caller
/// appends at most `more` bytes and commits what was written.
char* begin_member(http::OutBuffer& out, bool first, std::string_view name, std::size_t more,
                   char*& begin) noexcept {
  begin = out.reserve(text::json_escaped_max(name.size()) + kScanSlack + 4 + more);
  if (begin == nullptr) return nullptr;
  char* to = begin;
  if (!first) *to++ = ',';
  *to++ = '"';
  to = text::write_json_escaped(to, name);
  return append(to, R"(":)"sv);
}

char* append_text(char* to, std::string_view text) noexcept {
  *to++ = '"';
  to = text::write_json_escaped(to, text);
  *to++ = '"';
  return to;
}

/// Graph's Edm.Int64 in its shortest form, without a sign before zero.
bool is_int64(std::string_view text) noexcept {
  const bool minus = text.starts_with('-');
  const std::string_view digits = text.substr(minus ? 1 : 0);
  if (digits.empty() || digits.size() > 19 || (digits[0] == '0' && (digits.size() > 1 || minus))) {
    return false;
  }
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  return digits.size() < 19 || digits <= (minus ? "9223372036854775808"sv : "9223372036854775807"sv);
}

/// The value of a boolean; null data() when it is none.
std::string_view boolean_of(std::string_view text) noexcept {
  if (text::equals_ignore_case_ascii(text, "true")) return "true";
  if (text::equals_ignore_case_ascii(text, "false")) return "false";
  return {};
}

/// The items of a text with commas, as a JSON array.
char* append_list(char* to, std::string_view text) noexcept {
  *to++ = '[';
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    to = append_text(to, text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (!text.empty()) *to++ = ',';
  }
  *to++ = ']';
  return to;
}

/// Room for append_list(): each comma becomes three bytes.
std::size_t list_max(std::string_view text) noexcept {
  return text::json_escaped_max(text.size()) +
         static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) * 3 + kScanSlack + 4;
}

bool is_too_long(claims::NameId id, std::string_view name, std::string_view value) noexcept {
  const std::size_t limit = b2c_userflow::value_max(id, name);
  // Bytes are at least code points, so short values are not counted.
  return value.size() > limit && text::count_code_points(value) > limit;
}

const Attribute* find(const claims::Event& event, claims::NameId id) noexcept {
  const auto* const end = event.attributes.data() + event.attribute_count;
  const auto* const found =
      std::find_if(event.attributes.data(), end, [&](const Attribute& a) { return a.id == id; });
  return found == end ? nullptr : found;
}

/// By name, where no rule knows it: the same custom attribute however it is spelled (e.3).
const Attribute* find(const claims::Event& event, std::string_view name) noexcept {
  std::string_view wanted;
  const bool custom = claims::split_extension(name, wanted);
  for (std::size_t i = 0; i < event.attribute_count; ++i) {
    const Attribute& attribute = event.attributes[i];
    std::string_view own;
    if (attribute.name == name ||
        (custom && claims::split_extension(attribute.name, own) &&
         text::equals_ignore_case_ascii(own, wanted))) {
      return &attribute;
    }
  }
  return nullptr;
}

enum class Wrote : std::uint8_t { kMember, kNothing, kFull };

/// Writes a value as the type that its attribute has.
Wrote write_attribute(http::OutBuffer& out, bool first, const Attribute& attribute,
                      const Claim& claim) noexcept {
  const std::string_view value = claim.value;
  std::string_view bare;  // a number or boolean
  switch (attribute.type) {
    case AttributeType::kInteger:
      if (!is_int64(value)) return Wrote::kNothing;
      bare = value;
      break;
    case AttributeType::kBoolean:
      bare = boolean_of(value);
      if (bare.data() == nullptr) return Wrote::kNothing;
      break;
    case AttributeType::kUnknown:
      if (claim.kind == Kind::kNumber || claim.kind == Kind::kBoolean) bare = value;
      break;
    case AttributeType::kString:
    case AttributeType::kStrings: break;
  }
  char* begin = nullptr;
  char* to = nullptr;
  if (bare.data() != nullptr) {
    to = begin_member(out, first, attribute.name, bare.size(), begin);
    if (to != nullptr) to = append(to, bare);
  } else if (claim.kind == Kind::kArray || claim.kind == Kind::kObject) {
    return Wrote::kNothing;
  } else if (is_too_long(attribute.id, attribute.name, value)) {
    return Wrote::kNothing;
  } else if (attribute.list) {  // in the form received
    to = begin_member(out, first, attribute.name, list_max(value), begin);
    if (to != nullptr) to = append_list(to, value);
  } else {
    to = begin_member(out, first, attribute.name,
                      text::json_escaped_max(value.size()) + kScanSlack + 2, begin);
    if (to != nullptr) to = append_text(to, value);
  }
  if (to == nullptr) return Wrote::kFull;
  out.commit(static_cast<std::size_t>(to - begin));
  return Wrote::kMember;
}

/// Writes a claim of a token. `left` bytes of names and values may follow.
Wrote write_token_claim(http::OutBuffer& out, bool first, const Claim& claim,
                        std::size_t& left) noexcept {
  std::string_view name = claim.name;
  static_cast<void>(claims::split_extension(claim.name, name));
  const std::size_t size = name.size() + claim.value.size();
  if (name.empty() || size > left || claim.kind == Kind::kObject || claim.kind == Kind::kNull) {
    return Wrote::kNothing;
  }
  char* begin = nullptr;
  char* to = nullptr;
  if (claim.kind == Kind::kArray) {  // of texts, for only decisions bring any (event_contract.h)
    to = begin_member(out, first, name, claim.value.size(), begin);
    if (to != nullptr) to = append(to, claim.value);
  } else {
    to = begin_member(out, first, name, text::json_escaped_max(claim.value.size()) + kScanSlack + 2,
                      begin);
    if (to != nullptr) to = append_text(to, claim.value);
  }
  if (to == nullptr) return Wrote::kFull;
  left -= size;
  out.commit(static_cast<std::size_t>(to - begin));
  return Wrote::kMember;
}

}  // namespace

Step step_of(claims::EventKind kind) noexcept {
  switch (kind) {
    case claims::EventKind::kAttributeCollectionStart: return Step::kAttributeCollectionStart;
    case claims::EventKind::kAttributeCollectionSubmit: return Step::kAttributeCollectionSubmit;
    case claims::EventKind::kTokenIssuanceStart: return Step::kTokenIssuanceStart;
    case claims::EventKind::kEmailOtpSend: return Step::kEmailOtpSend;
    case claims::EventKind::kPasswordSubmit: return Step::kPasswordSubmit;
    case claims::EventKind::kVerifiedIdClaimValidation: return Step::kVerifiedIdClaimValidation;
  }
  return Step::kUnknown;
}

bool write_continue(http::OutBuffer& out, Step step, const claims::Event& event,
                    const rules::Evaluation& evaluation, std::size_t& omitted) noexcept {
  omitted = 0;
  const std::size_t before = out.size();
  const bool token = moment(step) == Moment::kToken;
  if (!out.append(head_of(step)) || !out.append(token ? kProvide
                                                : moment(step) == Moment::kBeforeForm ? kPrefill
                                                                                      : kModify)) {
    return false;
  }
  bool first = true;
  std::size_t left = kTokenBytesMax;
  const auto write = [&](const Claim& claim, const Attribute* attribute) noexcept {
    const Wrote wrote = token                 ? write_token_claim(out, first, claim, left)
                        : attribute != nullptr ? write_attribute(out, first, *attribute, claim)
                                               : Wrote::kNothing;
    if (wrote == Wrote::kNothing) ++omitted;
    if (wrote == Wrote::kMember) first = false;
    return wrote != Wrote::kFull;
  };
  for (const claims::NameId id : evaluation.changed()) {
    if (!write(evaluation.claims()[id], token ? nullptr : find(event, id))) return false;
  }
  for (const Claim& extra : evaluation.extras()) {
    if (!write(extra, token ? nullptr : find(event, extra.name))) return false;
  }
  if (first && !token) {  // exactly one action, and one that says something
    out.truncate(before);
    return write_continue(out, step);
  }
  return out.append("}") && out.append(kTail);
}

bool write_continue(http::OutBuffer& out, Step step) noexcept {
  if (!out.append(head_of(step))) return false;
  if (moment(step) == Moment::kToken) {
    return out.append(kProvide) && out.append("}") && out.append(kTail);
  }
  return out.append(kPlainContinue) && out.append(kTail);
}

bool write_message(http::OutBuffer& out, Step step, const claims::Event& event,
                   rules::VerdictKind kind, const Words& words) noexcept {
  const bool block = kind == rules::VerdictKind::kBlock;
  if (!out.append(head_of(step)) || !out.append(block ? kBlock : kError)) return false;
  if (block && words.title.data() != nullptr &&
      !(out.append(R"(,"title":")") && out.append(words.title) && out.append("\""))) {
    return false;
  }
  if (!out.append(R"(,"message":")") || !out.append(words.message)) return false;
  const auto attribute_of = [&](const ClaimWords& said) noexcept -> const Attribute* {
    if (block) return nullptr;  // a page has no fields
    return said.id != claims::kNoName ? find(event, said.id) : find(event, said.name);
  };
  for (const ClaimWords& said : words.claims) {
    if (attribute_of(said) == nullptr && !(out.append(kLineEnd) && out.append(said.text))) return false;
  }
  if (!out.append("\"")) return false;
  bool first = true;
  const auto mark = [&](const ClaimWords& said) noexcept {
    const Attribute* const attribute = attribute_of(said);
    if (attribute == nullptr) return true;
    if (first && !out.append(R"(,"attributeErrors":{)")) return false;
    char* begin = nullptr;
    char* to = begin_member(out, first, attribute->name, said.text.size() + 2, begin);
    if (to == nullptr) return false;
    *to++ = '"';
    to = append(to, said.text);
    *to++ = '"';
    out.commit(static_cast<std::size_t>(to - begin));
    first = false;
    return true;
  };
  if (words.about != claims::kNoName && !mark({words.about, {}, words.message})) return false;
  for (const ClaimWords& said : words.claims) {
    if (!mark(said)) return false;
  }
  if (!first && !out.append("}")) return false;
  return out.append(kTail);
}

}  // namespace core::dialects::ext_id
