#include "core/gate/gate.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/decisions/encoded.h"
#include "core/http/open_response.h"
#include "core/http/response.h"
#include "core/text/json.h"
#include "core/text/text.h"

namespace core::gate {
namespace {

constexpr std::string_view kOutcomeNames[kOutcomeCount] = {
    "continue",  "block",        "validation_error", "fault",    "not_found",
    "method",    "unauthorized", "forbidden",        "too_many_failures",
    "media_type", "bad_body",    "overload",         "bad_request"};

/// Code points of a backend's text that a person is shown.
constexpr std::size_t kTextShownMax = 1024;

/// How much longer than its deadline a request that waits is kept in mind.
constexpr std::uint64_t kLateMs = 1000;

bool is_identity(std::string_view coding) noexcept {
  return coding.empty() || text::equals_ignore_case_ascii(coding, "identity");
}

/// The messages about single claims that a verdict of `program` carries.
std::span<const std::pair<claims::NameId, std::uint32_t>> claim_messages(
    const rules::Program& program, const rules::Verdict& verdict) noexcept {
  if (verdict.rule < 0) return {};
  return program.rules()[static_cast<std::size_t>(verdict.rule)].claim_messages;
}

/// The claim that what a workflow tells is about; kNoName: none, or no workflow has decided.
claims::NameId about(const rules::Program& program, const rules::Verdict& verdict) noexcept {
  if (verdict.rule < 0) return claims::kNoName;
  const rules::Rule& rule = program.rules()[static_cast<std::size_t>(verdict.rule)];
  if (rule.action != rules::Rule::Action::kAsk) return claims::kNoName;
  const rules::Workflow* const workflow = program.asks()[rule.ask].workflow.get();
  return workflow == nullptr ? claims::kNoName : workflow->about;
}

/// The answer to a caller that is not let in.
void refuse_caller(const CallerCheck& callers, Report& report, http::ErrorAnswer& error) noexcept {
  report.outcome = Outcome::kUnauthorized;
  error.status = 403;
  switch (report.fault) {
    case CallerFault::kAddress:
      report.outcome = Outcome::kForbidden;
      error.message = "the connector is not called from there";
      return;
    case CallerFault::kNoCertificate:
    case CallerFault::kCertificateExpired:
    case CallerFault::kCertificate:
      error.message = "the certificate of a caller of this connector is required";
      return;
    case CallerFault::kCredentials:
    case CallerFault::kToken:
    case CallerFault::kNone: break;
  }
  // Entra wants no body (protocol.md d.2, step 10).
  if (callers.tokens() == nullptr) error.message = "the credentials of this connector are required";
  error.www_authenticate = callers.challenge();
  if (!error.www_authenticate.empty()) error.status = 401;
}

}  // namespace

std::string_view name(Outcome outcome) noexcept {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

rules::Verdict decide(const Connector& connector, rules::Evaluation& evaluation,
                      rules::Tracer* tracer) noexcept {
  rules::Verdict verdict = connector.program.evaluate(evaluation, tracer);
  if (verdict.rule == rules::Verdict::kOtherwise) {
    verdict.kind = connector.otherwise.kind;
    verdict.message = connector.otherwise.message;
  }
  return verdict;
}

Telling legalise(const Connector& connector, dialects::Step step,
                 rules::VerdictKind wanted) noexcept {
  Telling telling;
  telling.kind = wanted;
  switch (dialects::legality(step, wanted)) {
    case dialects::Legality::kLegal: break;
    case dialects::Legality::kBlockInstead:
      telling.kind = rules::VerdictKind::kBlock;
      telling.rewritten = true;
      break;
    case dialects::Legality::kNothingToTell:
      telling.kind = rules::VerdictKind::kContinue;
      telling.rewritten = true;
      telling.without_claims = true;
      telling.fault = connector.token_fault == config::TokenFault::kFail;
      break;
  }
  return telling;
}

Gate::Gate(std::shared_ptr<const Snapshot> snapshot, std::size_t lane, std::size_t body_bytes_max)
    : snapshot_(std::move(snapshot)),
      lane_(lane),
      arena_bytes_(body_bytes_max + kScratchBytes),
      evaluation_(snapshot_->names.size(), snapshot_->prepared_max, arena_bytes_, lane,
                  snapshot_->candidates_max) {
  size_words();
  size_composed();
  adopt_lists(snapshot_->lists);
}

void Gate::adopt_lists(std::shared_ptr<const lists::Table> table) noexcept {
  evaluation_.use_lists(table.get());
  evaluation_.use_decisions(&at_hand_);
  lists_ = std::move(table);
}

void Gate::adopt(std::shared_ptr<const Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  evaluation_ = rules::Evaluation(snapshot_->names.size(), snapshot_->prepared_max, arena_bytes_,
                                  lane_, snapshot_->candidates_max);
  size_words();
  size_composed();
  adopt_lists(snapshot_->lists);
}

/// The checks that need the head alone. False when an answer was written.
bool Gate::admit(const http::Request& request, std::string_view date, bool close,
                 http::OutBuffer& out, Report& report, const Caller& caller) noexcept {
  http::ErrorAnswer error;
  error.after = http::after_answer_to(request, close);
  error.head_only = request.method == http::Method::kHead;
  report.connector = snapshot_->find(request.path);
  if (report.connector == nullptr) {
    report.outcome = Outcome::kNotFound;
    error.status = 404;
    error.message = "no connector has this path";
  } else if (!dialects::takes_method(report.connector->terms, request.method)) {
    report.outcome = Outcome::kMethod;
    error.status = 405;
    error.message = "the connector is not called by this method";
    error.allow = dialects::allowed_methods(report.connector->terms);
  } else if (report.fault = report.connector->callers.check(request, caller);
             report.fault != CallerFault::kNone) {
    refuse_caller(report.connector->callers, report, error);
  } else if (!dialects::takes_content(report.connector->terms,
                                      request.known(http::Known::kContentType))) {
    report.outcome = Outcome::kMediaType;
    error.status = 415;
    error.message = dialects::expected_content(report.connector->terms);
  } else if (!is_identity(request.known(http::Known::kContentEncoding))) {
    report.outcome = Outcome::kMediaType;
    error.status = 415;
    error.message = "the body must not have a content coding";
  } else {
    return true;
  }
  report.status = error.status;
  if (!http::write_error(out, error, date)) report.outcome = Outcome::kOverload;
  return false;
}

Report Gate::refuse_barred(const http::Request& request, std::string_view date, bool close,
                           std::uint64_t barred_ms, http::OutBuffer& out) noexcept {
  Report report;
  report.connector = snapshot_->find(request.path);
  report.outcome = Outcome::kTooManyFailures;
  http::ErrorAnswer error;
  error.after = http::after_answer_to(request, close);
  error.head_only = request.method == http::Method::kHead;
  report.status = error.status = 429;
  error.message = "too many wrong credentials from this address";
  error.retry_after_s = static_cast<unsigned>((barred_ms + 999) / 1000);
  if (!http::write_error(out, error, date)) report.outcome = Outcome::kOverload;
  return report;
}

bool Gate::refuse_early(const http::Request& request, std::string_view date, http::OutBuffer& out,
                        Report& report, const Caller& caller) noexcept {
  return !admit(request, date, true, out, report, caller);
}

/// The text of a message in the caller's language, as the inside of a JSON string. Null data() when
/// there is no room for it.
std::string_view Gate::message(std::uint32_t index) noexcept {
  if (index == rules::Verdict::kSaid) {
    const rules::Evaluation::Said& said = evaluation_.said();
    if (said.message.empty()) {
      return escaped(rules::show_to_person(said.text, evaluation_.arena(), kTextShownMax));
    }
    const auto found = snapshot_->message_numbers.find(said.message);
    if (found == snapshot_->message_numbers.end()) return {};
    index = found->second;
  }
  const Message& message = snapshot_->messages[index];
  const claims::Claim& locales = evaluation_.claims()[claims::kUiLocales];
  const std::uint32_t chosen = message.locales.choose(
      locales.kind == claims::Kind::kString ? locales.value : std::string_view{});
  const Message::Localised& localised = message.texts[chosen];
  if (localised.text.is_literal()) return localised.escaped;
  return escaped(localised.text.render(evaluation_, rules::Template::Missing::kIsEmpty,
                                       rules::Template::Values::kForAPerson));
}

/// `plain` as the inside of a JSON string. Null data() when it has none or there is no room.
std::string_view Gate::escaped(std::string_view plain) noexcept {
  if (plain.data() == nullptr) return plain;
  constexpr std::size_t kScanSlack = 16;
  char* const room = evaluation_.arena().allocate(text::json_escaped_max(plain.size()) + kScanSlack);
  if (room == nullptr) return {};
  return {room, static_cast<std::size_t>(text::write_json_escaped(room, plain) - room)};
}

/// What is told with a verdict: its rule's message, those about single claims, and a title. False
/// when there is no room.
bool Gate::find_words(const rules::Verdict& verdict, const Connector& connector,
                      rules::VerdictKind told, dialects::Words& words) noexcept {
  words.message = message(verdict.message);
  if (words.message.data() == nullptr) return false;
  words.about = about(connector.program, verdict);
  claim_words_.clear();
  if (verdict.message == rules::Verdict::kSaid) {
    for (const rules::Evaluation::SaidOf& said : evaluation_.said_of()) {
      const std::string_view text =
          escaped(rules::show_to_person(said.text, evaluation_.arena(), kTextShownMax));
      if (text.data() == nullptr) return false;
      claim_words_.push_back({said.id, said.name, text});
    }
  } else if (verdict.rule >= 0) {
    const auto& rules = connector.program.rules();
    for (const auto& [claim, index] : rules[static_cast<std::size_t>(verdict.rule)].claim_messages) {
      const std::string_view text = message(index);
      if (text.data() == nullptr) return false;
      claim_words_.push_back({claim, snapshot_->names.name(claim), text});
    }
  }
  words.claims = claim_words_;
  if (connector.block_title && told == rules::VerdictKind::kBlock) {
    words.title = message(*connector.block_title);
    if (words.title.data() == nullptr) return false;
  }
  return true;
}

void Gate::size_words() {
  claim_words_.reserve(
      std::max(snapshot_->claim_words_max, rules::Evaluation::kSaidOfMax));
}

/// An event that rules have no part in: its backend's answer as it came, or 502. Nothing of it is
/// remembered (protocol.md d.8, d.9). False when there is no room for an answer.
bool Gate::carry(std::string_view body, const Known& known, http::After after,
                 std::string_view date, http::OutBuffer& out, Report& report) noexcept {
  http::ErrorAnswer error;
  error.after = after;
  const rules::Ask* const ask = report.connector->carrier(report.step);
  if (ask == nullptr) {
    report.outcome = Outcome::kBadBody;
    report.status = error.status = 400;
    error.message = claims::describe(claims::ReadError::kUnknownEvent);
    return http::write_error(out, error, date);
  }
  at_hand_.begin({.body = body, .known = known, .token_step = true});
  const rules::Decisions::Answer answer = at_hand_.decide(kCarries, *ask, evaluation_);
  report_decisions({}, report);
  if (answer.state == rules::Decisions::State::kAsk) {
    report.asks = true;
    return true;
  }
  std::string_view carried;
  if (answer.state == rules::Decisions::State::kDecision) {
    decisions::DecisionView(answer.decision).for_each_claim([&](const auto& claim) {
      if (claim.name.empty()) carried = claim.value;
      return carried.empty();
    });
  }
  if (!carried.empty()) {
    report.outcome = Outcome::kContinue;
    report.status = 200;
    http::Response response;
    response.body = carried;
    response.after = after;
    return http::write_response(out, response, date);
  }
  report.source = Source::kOtherwise;
  if (report.fallback == Fallback::kNone) report.fallback = Fallback::kBackend;
  report.outcome = Outcome::kFault;
  report.status = error.status = 502;
  error.message = "the event could not be carried";
  return http::write_error(out, error, date);
}

/// Runs the connector's shadow rules over the claims as they came. The answer is written already.
void Gate::run_shadow(const Connector& connector, const rules::Verdict& told,
                      Report& report) noexcept {
  evaluation_.step_aside();
  rules::Decisions* const decisions = evaluation_.decisions();
  evaluation_.use_decisions(nullptr);  // what the rules in force do not ask, nobody is asked
  const rules::Verdict other = connector.shadow_program->evaluate(evaluation_);
  evaluation_.use_decisions(decisions);
  report.shadow.ran = true;
  report.shadow.kind = other.kind;
  report.shadow.rule = other.rule;
  report.shadow.undecided = other.rule == rules::Verdict::kOtherwise || other.ask;
  const bool same_words =
      other.kind == rules::VerdictKind::kContinue
          ? told.rule == rules::Verdict::kOtherwise || evaluation_.same_as_aside()
          : other.message == told.message &&
                std::ranges::is_permutation(claim_messages(*connector.shadow_program, other),
                                            claim_messages(connector.program, told));
  report.shadow.differs = !report.shadow.undecided && (other.kind != told.kind || !same_words);
  evaluation_.come_back();
}

/// What the members for debugging say: the rule's name, and a claim that is a GUID or left out.
void Gate::find_debug(const rules::Verdict& verdict, const Connector& connector) noexcept {
  exchange_.debug = {};
  const auto& rules = connector.program.rules();
  if (verdict.rule >= 0) exchange_.debug.rule = rules[static_cast<std::size_t>(verdict.rule)].name;
  const claims::NameId id = connector.terms.policy->request_id;
  if (id == claims::kNoName) return;
  const claims::Claims& claims = evaluation_.claims();
  if (claims[id].kind == claims::Kind::kString) exchange_.debug.request_id = claims[id].value;
}

/// Writes the answer to `verdict`. False when it found no room; nothing is then in `out`.
bool Gate::tell(const rules::Verdict& verdict, http::After after, std::string_view date,
                http::OutBuffer& out, Report& report) noexcept {
  const Telling telling = legalise(*report.connector, report.step, verdict.kind);
  report.rewritten = telling.rewritten;
  report.rule = verdict.rule;
  if (telling.fault) {
    report.outcome = Outcome::kFault;
    report.status = 500;
    http::ErrorAnswer error;
    error.status = 500;
    error.message = "the rules forbid what cannot be forbidden at this step";
    error.after = after;
    return http::write_error(out, error, date);
  }
  report.outcome = static_cast<Outcome>(telling.kind);
  const dialects::Terms& terms = report.connector->terms;
  report.status = dialects::status(terms, telling.kind);
  dialects::Words words;
  if (telling.kind != rules::VerdictKind::kContinue &&
      !find_words(verdict, *report.connector, telling.kind, words)) {
    return false;
  }
  if (terms.policy != nullptr && terms.policy->debug) [[unlikely]] find_debug(verdict, *report.connector);
  http::OpenResponse response(out, report.status, after, date);
  bool written = response.ok();
  if (written) {
    if (telling.kind != rules::VerdictKind::kContinue) {
      written = dialects::write_message(terms, exchange_, out, telling.kind, words);
    } else if (telling.without_claims || verdict.rule == rules::Verdict::kOtherwise) {
      written = dialects::write_bare_continue(terms, exchange_, out);
    } else {
      written = dialects::write_continue(terms, exchange_, out, evaluation_, report.omitted);
    }
  }
  if (written && response.finish()) return true;
  response.cancel();
  return false;
}

void Gate::report_decisions(const rules::Verdict& verdict, Report& report) const noexcept {
  report.hits = at_hand_.hits();
  report.stale_hits = at_hand_.stale_hits();
  report.source = at_hand_.source();
  report.fallback = at_hand_.fallback();
  report.refresh = at_hand_.refresh_rule();
  report.asks = verdict.ask;
  report.rule = verdict.rule;
}

Report Gate::answer(const http::Request& request, std::string_view date, bool close,
                    http::OutBuffer& out, const Caller& caller) noexcept {
  Report report;
  if (!admit(request, date, close, out, report, caller)) {
    evaluation_.begin(now_s_);  // no shadow rule of the last request is this one's
    return report;
  }
  const http::After after = http::after_answer_to(request, close);
  std::string_view body = request.body;
  if (report.connector->terms.composes) [[unlikely]] {
    if (!compose(request, date, after, out, report)) return report;
    body = composed();
  }
  if (const callers::TokenPolicy* const tokens = report.connector->callers.tokens();
      tokens != nullptr && report.connector->terms.dialect == config::DialectName::kExtId) {
    tenant_ = tokens->tenant;
  }
  report = answer_body(*report.connector, body, after, date, out);
  tenant_ = {};
  return report;
}

/// An event of another tenant than the token's (protocol.md d.2, step 9).
bool Gate::is_of_other_tenant() const noexcept {
  return !tenant_.empty() &&
         !text::equals_ignore_case_ascii(exchange_.event.tenant_id, tenant_);
}

/// Writes the claims of a request that are no JSON object as one. False when an answer was written.
bool Gate::compose(const http::Request& request, std::string_view date, http::After after,
                   http::OutBuffer& out, Report& report) noexcept {
  using dialects::b2c_policy::Fault;
  const dialects::b2c_policy::Contract& contract = *report.connector->terms.policy;
  const Fault fault = dialects::b2c_policy::compose(
      contract, request, snapshot_->read_limits.depth_max, composed_, composed_size_);
  if (fault == Fault::kNone) return true;
  evaluation_.begin(now_s_);
  http::ErrorAnswer error;
  error.after = after;
  report.outcome = Outcome::kBadBody;
  report.status = error.status = 400;
  error.message = dialects::b2c_policy::describe(fault);
  if (!http::write_error(out, error, date)) no_room(after, date, out, report);
  return false;
}

/// Room for what compose() writes, when a connector needs it.
void Gate::size_composed() {
  const bool needed = std::any_of(snapshot_->connectors.begin(), snapshot_->connectors.end(),
                                  [](const Connector& one) { return one.terms.composes; });
  composed_size_ = 0;
  composed_.resize(needed ? dialects::b2c_policy::composed_max(arena_bytes_) : 0);
}

/// Decides about the claims in the evaluation and tells it, or says that a backend has to be asked.
/// False when no answer found room.
[[gnu::always_inline]] inline bool Gate::settle(const Connector& connector, std::string_view body,
                                                http::After after, std::string_view date,
                                                http::OutBuffer& out, rules::Tracer* tracer,
                                                const Known& known, Report& report) noexcept {
  const dialects::Moment moment = dialects::moment(report.step);
  if (moment == dialects::Moment::kApart) [[unlikely]] {
    return carry(body, known, after, date, out, report);
  }
  const bool looks_outside = connector.program.looks_outside();
  if (looks_outside) {
    const auto ms = [](config::milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
    at_hand_.begin({body, known, moment == dialects::Moment::kToken,
                    moment == dialects::Moment::kAfterForm, ms(connector.retry_window),
                    connector.program.asks().empty() ? 0 : ms(connector.deadline) + kLateMs});
  }
  const rules::Verdict verdict = decide(connector, evaluation_, tracer);
  if (looks_outside) report_decisions(verdict, report);
  if (report.asks) return true;
  if (verdict.rule == rules::Verdict::kOtherwise) {
    report.source = Source::kOtherwise;
    if (report.fallback == Fallback::kNone) report.fallback = Fallback::kMemory;
  }
  bool told = tell(verdict, after, date, out, report);
  if (told) {
    report.tags = evaluation_.tags();
    if (connector.shadow_program != nullptr) run_shadow(connector, verdict, report);
  } else {
    report.source = Source::kOtherwise;
    report.fallback = Fallback::kMemory;
    // A text found no room in the scratch memory: the connector's `otherwise` needs less of it.
    told = tell_otherwise(after, date, out, report);
  }
  if (!connector.program.limits().empty()) conclude(told, report);
  return told;
}

/// Behind the answer to a request that may have come to limits.
void Gate::conclude(bool told, Report& report) noexcept {
  report.limits = static_cast<std::uint8_t>(at_hand_.counted().size());
  at_hand_.conclude(told && report.outcome == Outcome::kContinue);
}

Report Gate::answer_body(const Connector& connector, std::string_view body, http::After after,
                         std::string_view date, http::OutBuffer& out, rules::Tracer* tracer,
                         const Known& known) noexcept {
  Report report;
  report.connector = &connector;
  evaluation_.begin(now_s_);
  const claims::ReadOutcome read =
      dialects::read(connector.terms, body, snapshot_->names, snapshot_->read_limits,
                     evaluation_.arena(), evaluation_.claims(), exchange_);
  if (read.error != claims::ReadError::kNone) {
    http::ErrorAnswer error;
    error.after = after;
    report.outcome = Outcome::kBadBody;
    report.status = error.status = 400;
    error.message = claims::describe(read.error);
    if (!connector.terms.composes) error.offset = read.offset;  // of bytes that nobody sent
    if (http::write_error(out, error, date)) return report;
  } else if (is_of_other_tenant()) [[unlikely]] {
    http::ErrorAnswer error;
    error.after = after;
    report.fault = CallerFault::kCredentials;
    refuse_caller(connector.callers, report, error);
    report.status = error.status;
    if (http::write_error(out, error, date)) return report;
  } else {
    report.step = exchange_.step;
    if (settle(connector, body, after, date, out, tracer, known, report)) return report;
  }
  no_room(after, date, out, report);
  return report;
}

/// The `otherwise` of the report's connector, without any claims.
bool Gate::tell_otherwise(http::After after, std::string_view date, http::OutBuffer& out,
                          Report& report) noexcept {
  const Otherwise& otherwise = report.connector->otherwise;
  evaluation_.begin(now_s_);
  evaluation_.claims().clear();
  return tell({otherwise.kind, rules::Verdict::kOtherwise, otherwise.message}, after, date, out,
              report);
}

void Gate::answer_otherwise(Report& report, http::After after, std::string_view date,
                            http::OutBuffer& out) noexcept {
  const Otherwise& otherwise = report.connector->otherwise;
  report.source = Source::kOtherwise;
  report.fallback = Fallback::kState;
  report.omitted = 0;
  const rules::Verdict verdict{otherwise.kind, rules::Verdict::kOtherwise, otherwise.message};
  if (!tell(verdict, after, date, out, report)) no_room(after, date, out, report);
}

void Gate::no_room(http::After after, std::string_view date, http::OutBuffer& out,
                   Report& report) noexcept {
  http::ErrorAnswer error;
  error.after = after;
  report.outcome = Outcome::kOverload;
  report.status = error.status = 503;
  error.message = "no room for an answer";
  error.retry_after_s = 1;
  static_cast<void>(http::write_error(out, error, date));
}

Report Gate::shed(const http::Request& request, std::string_view date, http::OutBuffer& out,
                  const Caller& caller) noexcept {
  Report report;
  if (!admit(request, date, true, out, report, caller)) return report;
  const http::After after = http::after_answer_to(request, true);
  report.source = Source::kOtherwise;
  report.fallback = Fallback::kOverload;
  const dialects::Terms& terms = report.connector->terms;
  report.step = exchange_.step = terms.step;
  // Which event it would have been stands in the body: there is no answer to one that is not known.
  if (terms.dialect == config::DialectName::kExtId ||
      !tell_otherwise(after, date, out, report)) {
    no_room(after, date, out, report);
  }
  return report;
}

Report Gate::answer_kept(const Connector& connector, const claims::KeptClaims& kept,
                         std::string_view body, http::After after, std::string_view date,
                         http::OutBuffer& out, const Known& known) noexcept {
  evaluation_.begin(now_s_);
  kept.restore(evaluation_.claims());
  if (!dialects::restore(connector.terms, evaluation_.claims(), exchange_)) {
    return answer_body(connector, body, after, date, out, nullptr, known);
  }
  Report report;
  report.connector = &connector;
  report.step = exchange_.step;
  if (!settle(connector, body, after, date, out, nullptr, known, report)) {
    no_room(after, date, out, report);
  }
  return report;
}

void Gate::keep_claims(std::string_view body, std::string_view copy, claims::KeptClaims& kept) {
  if (evaluation_.changed().empty()) return kept.keep(evaluation_.claims(), body, copy);
  // The question is made of what the rules have set: that is still to be done.
  evaluation_.step_aside();
  try {
    kept.keep(evaluation_.claims(), body, copy);
  } catch (...) {
    evaluation_.come_back();
    throw;
  }
  evaluation_.come_back();
}

}  // namespace core::gate
