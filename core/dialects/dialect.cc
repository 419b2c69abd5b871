#include "core/dialects/dialect.h"

#include "core/dialects/b2b_signup.h"
#include "core/dialects/b2c_userflow.h"
#include "core/dialects/ext_id.h"
#include "core/text/text.h"

namespace core::dialects {
namespace {

using config::DialectName;

/// A media type with any parameters (protocol.md 0.4), ASCII case ignored.
inline bool is_media(std::string_view content_type, std::string_view wanted) noexcept {
  if (content_type == wanted) return true;
  if (content_type.size() < wanted.size() ||
      !text::equals_ignore_case_ascii(content_type.substr(0, wanted.size()), wanted)) {
    return false;
  }
  const std::string_view rest = content_type.substr(wanted.size());
  return rest.empty() || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t';
}

bool has_body(const b2c_policy::Contract& contract) noexcept {
  return contract.claims_in == config::ClaimsIn::kBody ||
         contract.claims_in == config::ClaimsIn::kForm;
}

}  // namespace

bool takes_method(const Terms& terms, http::Method method) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy:
      return method == (has_body(*terms.policy) ? http::Method::kPost : http::Method::kGet);
    case DialectName::kExtId: break;
  }
  return method == http::Method::kPost;
}

std::string_view allowed_methods(const Terms& terms) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy: return has_body(*terms.policy) ? "POST" : "GET";
    case DialectName::kExtId: break;
  }
  return "POST";
}

bool takes_content(const Terms& terms, std::string_view content_type) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy:
      if (!has_body(*terms.policy)) return true;
      if (terms.policy->claims_in == config::ClaimsIn::kForm) {
        return is_media(content_type, "application/x-www-form-urlencoded");
      }
      break;
    case DialectName::kExtId: break;
  }
  return is_media(content_type, "application/json");
}

std::string_view expected_content(const Terms& terms) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy:
      if (terms.policy->claims_in == config::ClaimsIn::kForm) {
        return "the content type must be application/x-www-form-urlencoded";
      }
      break;
    case DialectName::kExtId: break;
  }
  return "the content type must be application/json";
}

claims::ReadOutcome read(const Terms& terms, std::string_view body, const claims::NameTable& names,
                         const claims::ReadLimits& limits, Arena& arena, claims::Claims& claims,
                         Exchange& exchange) {
  if (terms.dialect == DialectName::kExtId) {
    const claims::ReadOutcome outcome =
        claims::read_event(body, names, limits, terms.event_names, arena, claims, exchange.event);
    if (outcome.error != claims::ReadError::kNone) return outcome;
    exchange.step = ext_id::step_of(exchange.event.kind);
    claims[claims::kStep] = {claims::Kind::kString, "step", name_for_rules(exchange.step)};
    return outcome;
  }
  const claims::ReadOutcome outcome = claims::read(body, names, limits, arena, claims);
  if (outcome.error != claims::ReadError::kNone) return outcome;
  switch (terms.dialect) {
    case DialectName::kB2cPolicy:
      exchange.step = Step::kUnknown;
      exchange.debug = {};
      b2c_policy::rename(*terms.policy, claims);
      if (const claims::Claims& came = claims; came[claims::kStep].kind == claims::Kind::kAbsent) {
        claims[claims::kStep] = {claims::Kind::kString, "step", name_for_rules(Step::kUnknown)};
      }
      break;
    case DialectName::kExtId: break;
    case DialectName::kB2cUserflow: exchange.step = b2c_userflow::step_of(claims); break;
    case DialectName::kB2bSignup:
      exchange.step = terms.step;
      if (!b2b_signup::complete(claims, terms.step, terms.last_name, arena)) {
        return {claims::ReadError::kTooLarge, 0};
      }
      break;
  }
  return outcome;
}

bool restore(const Terms& terms, const claims::Claims& claims, Exchange& exchange) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow: exchange.step = b2c_userflow::step_of(claims); return true;
    case DialectName::kB2bSignup: exchange.step = terms.step; return true;
    case DialectName::kB2cPolicy:
      exchange.step = Step::kUnknown;
      exchange.debug = {};
      return true;
    case DialectName::kExtId: break;
  }
  return false;
}

int status(const Terms& terms, rules::VerdictKind kind) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy: return b2c_policy::status(kind);
    case DialectName::kExtId: return 200;  // a validation error too (d.6)
  }
  return b2c_userflow::status(kind);
}

bool write_continue(const Terms& terms, const Exchange& exchange, http::OutBuffer& out,
                    const rules::Evaluation& evaluation, std::size_t& omitted) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy: return b2c_policy::write_continue(*terms.policy, out, evaluation);
    case DialectName::kExtId:
      return ext_id::write_continue(out, exchange.step, exchange.event, evaluation, omitted);
  }
  return b2c_userflow::write_continue(out, exchange.step, evaluation, omitted);
}

bool write_bare_continue(const Terms& terms, const Exchange& exchange, http::OutBuffer& out) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy: return out.append("{}");
    case DialectName::kExtId: return ext_id::write_continue(out, exchange.step);
  }
  return b2c_userflow::write_continue(out);
}

bool write_message(const Terms& terms, const Exchange& exchange, http::OutBuffer& out,
                   rules::VerdictKind kind, const Words& words) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kB2cPolicy:
      return b2c_policy::write_message(*terms.policy, out, kind, words, exchange.debug);
    case DialectName::kExtId:
      return ext_id::write_message(out, exchange.step, exchange.event, kind, words);
  }
  return b2c_userflow::write_message(out, kind, words);
}

}  // namespace core::dialects
