#include <cstdio>
#include <ctime>
#include <iostream>
#include <iterator>
#include <ctime>
#include <string>
#include <vector>

#include "core/bridge/bodies.h"
#include "core/config/diagnostics.h"
#include "core/config/scalars.h"
#include "core/decisions/encoded.h"
#include "core/gate/gate.h"
#include "core/gate/told_events.h"
#include "core/http/http_date.h"
#include "proxy/commands/commands.h"
#include "proxy/commands/configuration.h"
#include "proxy/commands/explain_dialects.h"
#include "proxy/commands/file_source.h"
#include "proxy/policy/stand_ins.h"
#include "proxy/forward/translate.h"

namespace proxy::commands {
namespace {

namespace rules = core::rules;
namespace gate = core::gate;

constexpr std::size_t kValueShown = 80;
constexpr std::size_t kCounterBytes = 8 << 20;

/// A value on one line of a terminal: control bytes escaped, the end cut off.
std::string shown(std::string_view value) {
  std::string out = "\"";
  for (const char c : value.substr(0, kValueShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + (value.size() > kValueShown ? "\"..." : "\"");
}

/// Collects, rule by rule, what the evaluation did. Values are copied: the evaluation's memory is
/// used again while it goes on.
class Story final : public rules::Tracer {
 public:
  explicit Story(const rules::Program& program)
      : program_(program), told_(program.nodes().size()), rules_(program.rules().size()) {}

  void on_test(std::uint32_t node, std::string_view value, bool present, bool matched) override {
    told_[node] = {true, matched, present ? shown(value) : "missing"};
  }
  void on_rule(std::uint32_t rule, bool matched) override {
    rules_[rule] = {true, matched, {}, {}, false};
  }
  void on_set(std::uint32_t rule, const rules::Assignment& assignment, std::string_view value,
              bool done) override {
    rules_[rule].sets.push_back(
        assignment.name + " = " +
        (done ? shown(value) : std::string("(not set: a claim in its text is missing)")));
  }

  void on_ask(std::uint32_t rule, const rules::Ask& ask,
              const rules::Decisions::Answer& answer) override {
    std::string& told = rules_[rule].asked;
    told = "asks " + ask.backend_name;
    switch (answer.state) {
      case rules::Decisions::State::kAsk: told += ", which has to answer first"; return;
      case rules::Decisions::State::kUnresolved: told += ": unresolved"; return;
      case rules::Decisions::State::kDecision: break;
    }
    const core::decisions::DecisionView decision(answer.decision);
    told += decision.kind() == rules::VerdictKind::kContinue ? ": continue"
            : decision.kind() == rules::VerdictKind::kBlock  ? ": block"
                                                             : ": validation_error";
    decision.for_each_claim([&](const core::decisions::DecisionView::Claim& claim) {
      rules_[rule].sets.push_back(std::string(claim.name) + " = " + shown(claim.value));
      return true;
    });
  }

  void on_limit(std::uint32_t rule, const rules::Limit& limit,
                const rules::Decisions::Limited& limited) override {
    rules_[rule].asked = "limit " + limit.name + ": " + std::to_string(limited.before) + " of " +
                         std::to_string(limit.at_most) + " within " +
                         core::config::format_duration(static_cast<std::int64_t>(limit.window_ms)) +
                         " before this one" + (limited.over ? ", over it" : "");
    rules_[rule].within = !limited.over;
  }

  void print() const {
    for (std::uint32_t i = 0; i < rules_.size(); ++i) print_rule(i);
  }

 private:
  struct Test {
    bool looked = false;
    bool matched = false;
    std::string value;
  };
  struct RuleTold {
    bool reached = false;
    bool matched = false;
    std::vector<std::string> sets;
    std::string asked;
    bool within = false;  // a limit
  };

  static const char* outcome(const rules::Rule& rule, const RuleTold& told) {
    if (!told.reached) return "not reached";
    if (!told.matched) return "no match";
    if (told.within) return "match, within the limit";
    if (rule.shadow) return "match, in shadow: nothing is done";
    switch (rule.action) {
      case rules::Rule::Action::kContinue: return "match: continue";
      case rules::Rule::Action::kBlock: return "match: block";
      case rules::Rule::Action::kValidationError: return "match: validation_error";
      case rules::Rule::Action::kSet: return "match: set";
      case rules::Rule::Action::kRemove: return "match: remove";
      case rules::Rule::Action::kTag: return rule.emits.empty() ? "match: tag" : "match: emit";
      case rules::Rule::Action::kAsk: return "match: ask";
    }
    return "";
  }

  void print_rule(std::uint32_t index) const {
    const rules::Rule& rule = program_.rules()[index];
    const RuleTold& told = rules_[index];
    std::printf("%3u. %-44s %s\n", index + 1, rule.name.c_str(), outcome(rule, told));
    if (!told.reached) return;
    print_node(rule.when, 0, told.matched);
    if (!told.asked.empty()) std::printf("       %s\n", told.asked.c_str());
    for (const std::string& set : told.sets) std::printf("       -> %s\n", set.c_str());
  }

  void print_node(std::uint32_t index, int depth, bool) const {
    const rules::Node& node = program_.nodes()[index];
    const int indent = 7 + depth * 2;
    const bool group = node.op == rules::Op::kAll || node.op == rules::Op::kAny ||
                       node.op == rules::Op::kNot;
    const std::string words(program_.describe(index));
    if (group) {
      std::printf("%*s%s\n", indent, "", words.c_str());
      for (std::uint32_t child = index + 1; child < node.end;
           child = program_.nodes()[child].end) {
        print_node(child, depth + 1, false);
      }
      return;
    }
    const Test& test = told_[index];
    if (!test.looked) {
      std::printf("%*s%s: not looked at\n", indent, "", words.c_str());
    } else {
      std::printf("%*s%s: %s, %s\n", indent, "", words.c_str(), test.value.c_str(),
                  test.matched ? "yes" : "no");
    }
  }

  const rules::Program& program_;
  std::vector<Test> told_;       // by node
  std::vector<RuleTold> rules_;
};

bool read_claims(const std::string& path, std::string& body) {
  if (path == "-") {
    body.assign(std::istreambuf_iterator<char>(std::cin), {});
    return true;
  }
  FileSource source;
  auto contents = source.read_file(path);
  if (!contents) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), contents.error().why.c_str());
    return false;
  }
  body = std::move(contents).value();
  return true;
}

/// What a workflow would be asked: by which record.
std::string key_of(gate::Gate& gate, const rules::Ask& ask) {
  std::string text = "\nquestion to " + ask.backend_name + "\n ";
  for (const rules::Subject& subject : ask.key) {
    const std::string_view value = gate.asking().text_of(subject);
    text += " " + (value.data() == nullptr ? std::string("missing") : shown(value));
  }
  return text + "\n";
}

/// What a backend would be asked, without credentials and secrets.
std::string question_of(const Configuration& read, const gate::Connector& connector,
                        gate::Gate& gate, const rules::Ask& ask, std::string_view body) {
  core::mapping::Question question;
  core::mapping::Kept kept;
  const core::mapping::NotAsked why = forward::make_question(
      *read.snapshot, connector, ask.backend, gate.asking(), body, question, kept);
  std::string text = "\nquestion to " + ask.backend_name + "\n";
  if (why != core::mapping::NotAsked::kNone) {
    return text + "  none: " + std::string(core::mapping::describe(why)) + "\n";
  }
  std::string asked = question.method + " " + question.target + "\n" + question.fields + "\n" +
                      question.body + "\n";
  asked = policy::without_secrets(std::move(asked), read.config.backends[ask.backend]);
  // Indented, control bytes escaped but for the ends of lines.
  text += "  ";
  for (const char c : asked) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\n  ";
    } else if (c != '\r') {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, byte < 0x20 || byte == 0x7f ? "\\x%02x" : "%c", byte);
      text += escaped;
    }
  }
  while (text.back() == ' ' || text.back() == '\n') text.pop_back();
  return text + "\n";
}

/// An event, with the names of what it carries: hashes and tokens are made by serve.
void print_event(const gate::Snapshot& snapshot, gate::Gate& gate, std::uint32_t number) {
  const core::events::Plan& plan = snapshot.events[number];
  std::printf("event      %s (%s) to", plan.name.c_str(), plan.type.c_str());
  for (const std::string& sink : plan.sinks) std::printf(" %s", sink.c_str());
  std::printf("\n");
  for (const core::events::Plan::Member& member : plan.members) {
    const rules::Value value = gate.asking().value_of(plan.subjects[member.value]);
    if (!value.present()) continue;
    const bool plain = member.treatment == core::config::Treatment::kPlain;
    const char* const hidden =
        member.treatment == core::config::Treatment::kHash ? "its hash" : "its token";
    std::printf("       -> %s %s\n", member.name.c_str(), plain ? shown(value.text).c_str() : hidden);
  }
}

std::string decided_by(const gate::Connector& connector, std::int32_t rule) {
  if (rule >= 0) {
    return "by rule \"" + connector.program.rules()[static_cast<std::size_t>(rule)].name + "\"";
  }
  return rule == rules::Verdict::kOtherwise ? "by `otherwise`" : "no rule ended it";
}

/// Has the gate answer so many requests with the same claims, each somebody else's, so that its limits
/// have counted them.
void count_before(gate::Gate& gate, const gate::Connector& connector, std::string_view claims,
                  std::string_view date, core::http::OutBuffer& out,
                  const policy::StandIns& stand_ins, std::uint32_t count) {
  for (std::uint32_t i = 1; i <= count; ++i) {
    gate.use_salt(i);
    std::vector<gate::Given> given;
    for (;;) {
      gate::Known known;
      known.given = given;
      out.clear();
      const gate::Report report = gate.answer_body(connector, claims, core::http::After::kKeepOpen,
                                                   date, out, nullptr, known);
      if (!report.asks) break;
      const gate::Asked asked = gate.at_hand().asked();
      const auto stand_in = stand_ins.decisions.find(asked.ask->backend_name);
      given.push_back({asked.rule, gate::Source::kBackend,
                       stand_in == stand_ins.decisions.end() ? std::string_view{} : stand_in->second,
                       gate::Fallback::kBackend});
    }
  }
  gate.use_salt(0);
  out.clear();
}

}  // namespace

int explain(const std::string& path, const std::string& name, const std::string& claims,
            const std::vector<std::string>& backends, const std::string& dialect,
            std::uint32_t before) {
  if (!dialect.empty() && !is_known_dialect(dialect)) {
    std::fprintf(stderr, "--dialect %s: one of %s\n", dialect.c_str(), known_dialects().c_str());
    return kExitUsage;
  }
  const Configuration read = read_configuration(path, 1);
  const std::string remarks = read.diagnostics.render();
  if (!remarks.empty()) std::fputs(remarks.c_str(), stderr);
  if (read.snapshot == nullptr || read.diagnostics.has_errors()) return kExitUsage;
  const gate::Connector* connector = nullptr;
  std::vector<std::string_view> names;
  for (const gate::Connector& candidate : read.snapshot->connectors) {
    names.push_back(candidate.name);
    if (candidate.name == name) connector = &candidate;
  }
  if (connector == nullptr) {
    std::fprintf(stderr, "no connector \"%s\" in %s: %s\n", name.c_str(), path.c_str(),
                 core::config::suggest(name, names).c_str());
    return kExitUsage;
  }
  policy::StandIns stand_ins;
  for (const std::string& argument : backends) {
    const std::string wrong = stand_ins.add(argument, *read.snapshot);
    if (wrong.empty()) continue;
    std::fprintf(stderr, "--backend %s: %s\n", argument.c_str(), wrong.c_str());
    return kExitUsage;
  }
  std::string body;
  if (!read_claims(claims, body)) return kExitUsage;
  if (body.size() > kBodyBytesMax) {
    std::fprintf(stderr, "the claims are larger than %zu bytes\n", kBodyBytesMax);
    return kExitUsage;
  }
  if (!dialect.empty()) {
    std::printf("connector  %s (%s)\n", connector->name.c_str(), connector->path.c_str());
    return explain_dialects(read, connector->index, body, dialect, stand_ins) ? kExitOk : kExitUsage;
  }
  // Claims that stand alone are an event, where events are expected.
  if (connector->terms.dialect == core::config::DialectName::kExtId &&
      !core::bridge::is_event(body)) {
    if (auto event = core::bridge::event_request(body, core::bridge::step_in(body))) {
      body = std::move(event->json);
    }
  }
  const std::size_t size = body.size();
  body.append(core::claims::kReadPadding, '\0');

  core::velocity::Counters counters(kCounterBytes);
  gate::Gate gate(read.snapshot, 0, kBodyBytesMax);
  gate.adopt_lists(read.lists);
  gate.use_counters(&counters);
  gate.use_time(std::time(nullptr));
  core::http::OutBuffer out(kOutBytesMax);
  Story story(connector->program);
  char date[core::http::kHttpDateBytes];
  core::http::format_http_date(std::time(nullptr), date);
  const std::string_view given_claims = std::string_view(body).substr(0, size);
  std::vector<gate::Given> given;
  if (!read.snapshot->limits.empty()) {
    count_before(gate, *connector, given_claims, {date, sizeof date}, out, stand_ins, before);
  }
  std::string questions;
  const rules::Ask* open = nullptr;  // a backend that nobody stands in for
  gate::Report report;
  for (;;) {
    gate::Known known;
    known.given = given;
    report = gate.answer_body(*connector, given_claims, core::http::After::kKeepOpen,
                              {date, sizeof date}, out, &story, known);
    if (!report.asks) break;
    const gate::Asked asked = gate.at_hand().asked();
    questions += asked.ask->workflow != nullptr
                     ? key_of(gate, *asked.ask)
                     : question_of(read, *connector, gate, *asked.ask, given_claims);
    const auto stand_in = stand_ins.decisions.find(asked.ask->backend_name);
    if (stand_in == stand_ins.decisions.end()) {
      open = asked.ask;
      break;
    }
    given.push_back({asked.rule, gate::Source::kBackend, stand_in->second, gate::Fallback::kBackend});
  }

  std::printf("connector  %s (%s)\n", connector->name.c_str(), connector->path.c_str());
  if (report.asks || report.outcome <= gate::Outcome::kFault) {
    const std::string_view step = core::dialects::name(report.step);
    std::printf("step       %.*s\n\n", static_cast<int>(step.size()), step.data());
    story.print();
    std::fputs(questions.c_str(), stdout);
    if (open != nullptr) {
      std::printf("\nverdict    that of %s\"%s\"; say one with --backend '%s=continue:{...}'\n",
                  open->workflow == nullptr ? "backend " : "", open->backend_name.c_str(),
                  open->backend_name.c_str());
      return kExitOk;
    }
    const std::string_view outcome = gate::name(report.outcome);
    std::printf("\nverdict    %.*s, %s%s\n", static_cast<int>(outcome.size()), outcome.data(),
                decided_by(*connector, report.rule).c_str(),
                report.rewritten ? " (what the rules wanted is illegal at this step)" : "");
    gate::each_event(report, gate.evaluation(), [&](std::uint32_t number, std::int32_t) {
      print_event(*read.snapshot, gate, number);
    });
    if (report.omitted != 0) {
      std::printf("left out   %zu claims that the directory would refuse\n", report.omitted);
    }
  }
  std::printf("\n%.*s\n", static_cast<int>(out.size()), out.view().data());
  return kExitOk;
}

}  // namespace proxy::commands
