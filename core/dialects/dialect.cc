#include "core/dialects/dialect.h"

#include "core/dialects/b2b_signup.h"
#include "core/dialects/b2c_userflow.h"
#include "core/dialects/ext_id.h"
#include "core/text/text.h"

namespace core::dialects {
namespace {

using config::DialectName;

/// application/json with any parameters (protocol.md 0.4), ASCII case ignored.
bool is_json(std::string_view content_type) noexcept {
  constexpr std::string_view kJson = "application/json";
  if (content_type == kJson) return true;
  if (content_type.size() < kJson.size() ||
      !text::equals_ignore_case_ascii(content_type.substr(0, kJson.size()), kJson)) {
    return false;
  }
  const std::string_view rest = content_type.substr(kJson.size());
  return rest.empty() || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t';
}

}  // namespace

bool takes_method(const Terms& terms, http::Method method) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup:
    case DialectName::kExtId: break;
  }
  return method == http::Method::kPost;
}

std::string_view allowed_methods(const Terms& terms) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup:
    case DialectName::kExtId: break;
  }
  return "POST";
}

bool takes_content(const Terms& terms, std::string_view content_type) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup:
    case DialectName::kExtId: break;
  }
  return is_json(content_type);
}

std::string_view expected_content(const Terms& terms) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup:
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

int status(const Terms& terms, rules::VerdictKind kind) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kExtId: return 200;  // a validation error too (d.6)
  }
  return b2c_userflow::status(kind);
}

bool write_continue(const Terms& terms, const Exchange& exchange, http::OutBuffer& out,
                    const rules::Evaluation& evaluation, std::size_t& omitted) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kExtId:
      return ext_id::write_continue(out, exchange.step, exchange.event, evaluation, omitted);
  }
  return b2c_userflow::write_continue(out, exchange.step, evaluation, omitted);
}

bool write_bare_continue(const Terms& terms, const Exchange& exchange, http::OutBuffer& out) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kExtId: return ext_id::write_continue(out, exchange.step);
  }
  return b2c_userflow::write_continue(out);
}

bool write_message(const Terms& terms, const Exchange& exchange, http::OutBuffer& out,
                   rules::VerdictKind kind, const Words& words) noexcept {
  switch (terms.dialect) {
    case DialectName::kB2cUserflow:
    case DialectName::kB2bSignup: break;
    case DialectName::kExtId:
      return ext_id::write_message(out, exchange.step, exchange.event, kind, words);
  }
  return b2c_userflow::write_message(out, kind, words);
}

}  // namespace core::dialects
