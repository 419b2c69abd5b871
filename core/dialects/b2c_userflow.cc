#include "core/dialects/b2c_userflow.h"

#include <cstring>

#include "core/text/json.h"
#include "core/text/text.h"

namespace core::dialects::b2c_userflow {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kTokenSynonym = "PreTokenApplicationClaims";

constexpr std::string_view kContinueHead = R"({"version":"1.0.0","action":"Continue")";
constexpr std::string_view kBlockHead =
    R"({"version":"1.0.0","action":"ShowBlockPage","userMessage":")";
constexpr std::string_view kErrorHead =
    R"({"version":"1.0.0","status":400,"action":"ValidationError","userMessage":")";

constexpr std::size_t kCustomAttributeMax = 250;

char* append(char* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace

Step step_of(const claims::Claims& claims) noexcept {
  constexpr Step kSteps[] = {Step::kPostFederationSignup, Step::kPostAttributeCollection,
                             Step::kPreTokenIssuance};
  const claims::Claim& claim = claims[claims::kStep];
  if (claim.kind != claims::Kind::kString) return Step::kUnknown;
  for (const Step step : kSteps) {
    if (claim.value == name(step)) return step;
  }
  for (const Step step : kSteps) {
    if (text::equals_ignore_case_ascii(claim.value, name(step))) return step;
  }
  return text::equals_ignore_case_ascii(claim.value, kTokenSynonym) ? Step::kPreTokenIssuance
                                                                    : Step::kUnknown;
}

std::size_t value_max(claims::NameId id, std::string_view name) noexcept {
  switch (id) {
    case claims::kGivenName:
    case claims::kSurname: return 64;
    case claims::kJobTitle:
    case claims::kCity:
    case claims::kState:
    case claims::kCountry: return 128;
    case claims::kPostalCode: return 40;
    case claims::kStreetAddress: return 1024;
    case claims::kDisplayName: return 256;
    default: break;
  }
  std::string_view attribute;
  return claims::split_extension(name, attribute) ? kCustomAttributeMax : 1024;
}

bool write_continue(http::OutBuffer& out, Step step, const rules::Evaluation& evaluation,
                    std::size_t& omitted) noexcept {
  constexpr std::size_t kScanSlack = 16;  // write_json_escaped() may write past its end
  omitted = 0;
  if (!out.append(kContinueHead)) return false;
  const auto write = [&](claims::NameId id, const claims::Claim& claim) {
    const std::size_t limit = value_max(id, claim.name);
    // Bytes are at least code points, so short values are not counted.
    const bool too_long = claim.value.size() > limit && text::count_code_points(claim.value) > limit;
    if (too_long || (step == Step::kPreTokenIssuance && id == claims::kEmail)) {
      ++omitted;
      return true;
    }
    char* const at = out.reserve(text::json_escaped_max(claim.name.size()) +
                     text::json_escaped_max(claim.value.size()) + kScanSlack * 2 + 8);
    if (at == nullptr) return false;
    char* end = append(at, R"(,")"sv);
    end = text::write_json_escaped(end, claim.name);
    if (claim.kind == claims::Kind::kString) [[likely]] {
      end = append(end, R"(":")"sv);
      end = text::write_json_escaped(end, claim.value);
      *end++ = '"';
    } else {  // a number or boolean
      end = append(end, R"(":)"sv);
      end = append(end, claim.value);
    }
    out.commit(static_cast<std::size_t>(end - at));
    return true;
  };
  for (const claims::NameId id : evaluation.changed()) {
    if (!write(id, evaluation.claims()[id])) return false;
  }
  for (const claims::Claim& extra : evaluation.extras()) {
    if (!write(claims::kNoName, extra)) return false;
  }
  return out.append("}");
}

bool write_continue(http::OutBuffer& out) noexcept {
  return out.append(kContinueHead) && out.append("}");
}

bool write_message(http::OutBuffer& out, rules::VerdictKind kind, const Words& words) noexcept {
  const std::string_view head =
      kind == rules::VerdictKind::kValidationError ? kErrorHead : kBlockHead;
  std::size_t size = head.size() + words.message.size() + 2;
  for (const ClaimWords& said : words.claims) size += kLineEnd.size() + said.text.size();
  char* const at = out.reserve(size);
  if (at == nullptr) return false;
  char* end = append(at, head);
  end = append(end, words.message);
  for (const ClaimWords& said : words.claims) {
    end = append(end, kLineEnd);
    end = append(end, said.text);
  }
  end = append(end, R"("})"sv);
  out.commit(static_cast<std::size_t>(end - at));
  return true;
}

}  // namespace core::dialects::b2c_userflow
