#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "core/claims/claims.h"
#include "core/claims/event.h"
#include "core/config/dialect_name.h"
#include "core/dialects/b2c_policy.h"
#include "core/dialects/step.h"
#include "core/dialects/words.h"
#include "core/http/message.h"
#include "core/http/out_buffer.h"
#include "core/rules/evaluation.h"
#include "core/rules/verdict.h"

/// The four places where the wire contracts of callers differ: what admission demands of a request,
/// what its bytes say, which verdict may be told (step.h), and the bytes of the answer. Everything
/// between them sees claims and verdicts and knows no dialect.
///
/// Each place is a function with a switch over the dialect. A table of function pointers would do the
/// same with a call that the compiler cannot look into, a class for each dialect with one more load;
/// of four dialects, one of which a tenant calls all day, the branch is predicted.
namespace core::dialects {

/// What a dialect has to know of its connector; made when the configuration is compiled.
struct Terms {
  config::DialectName dialect = config::DialectName::kB2cUserflow;
  Step step = Step::kUnknown;                // where the URL says it and not the body
  claims::NameId last_name = claims::kNoName;  // another spelling of `surname`; see b2b_signup.h
  claims::EventNames event_names;            // kExtId
  std::shared_ptr<const b2c_policy::Contract> policy;  // kB2cPolicy, and then never null
  bool composes = false;                     // its claims are no JSON object as they come
};

/// What is read of one request besides its claims, and kept until it is answered.
struct Exchange {
  Step step = Step::kUnknown;
  claims::Event event;  // kExtId
  b2c_policy::Debug debug = {};  // kB2cPolicy, for error answers: filled when one is told
};

/// Whether callers of this dialect use this method, and what is said of those that do not.
bool takes_method(const Terms& terms, http::Method method) noexcept;
std::string_view allowed_methods(const Terms& terms) noexcept;  // as in the field Allow

/// Whether a body of this content type can be read. Says nothing of content codings.
bool takes_content(const Terms& terms, std::string_view content_type) noexcept;
std::string_view expected_content(const Terms& terms) noexcept;  // a sentence for the caller

/// Reads `body` into `claims` (cleared first) and `exchange`. Errors and lifetimes are those of
/// claims::read(). `step` among the claims is what rules expect, whoever calls
/// (name_for_rules()).
claims::ReadOutcome read(const Terms& terms, std::string_view body, const claims::NameTable& names,
                         const claims::ReadLimits& limits, Arena& arena, claims::Claims& claims,
                         Exchange& exchange);

/// The exchange of a request whose `claims` read() has made, by them alone. False for events, which are
/// more than their claims: those are to be read again.
bool restore(const Terms& terms, const claims::Claims& claims, Exchange& exchange) noexcept;

/// The HTTP status that goes with an answer.
int status(const Terms& terms, rules::VerdictKind kind) noexcept;

/// Writes the body of Continue with what rules have set. `omitted` counts the claims left out,
/// because the caller would refuse them. False when `out` is full; what it then holds is undefined.
bool write_continue(const Terms& terms, const Exchange& exchange, http::OutBuffer& out,
                    const rules::Evaluation& evaluation, std::size_t& omitted) noexcept;

/// Writes the body of Continue without claims.
bool write_bare_continue(const Terms& terms, const Exchange& exchange, http::OutBuffer& out) noexcept;

/// Writes the body of a block page or a validation error; `kind` is legal at the step.
bool write_message(const Terms& terms, const Exchange& exchange, http::OutBuffer& out,
                   rules::VerdictKind kind, const Words& words) noexcept;

}  // namespace core::dialects
