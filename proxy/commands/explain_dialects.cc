// `explain --dialect all`: one set of claims as each caller would send it, and what each is told.
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bridge/bodies.h"
#include "core/gate/compile.h"
#include "core/gate/gate.h"
#include "core/http/http_date.h"
#include "proxy/commands/explain_dialects.h"
#include "proxy/commands/file_source.h"

namespace proxy::commands {
namespace {

namespace gate = core::gate;
using core::config::DialectName;
using core::dialects::Step;

struct Caller {
  DialectName dialect;
  std::string_view name;
};
constexpr Caller kCallers[] = {{DialectName::kB2cUserflow, "b2c-userflow"},
                               {DialectName::kB2bSignup, "b2b-signup"},
                               {DialectName::kB2cPolicy, "b2c-policy"},
                               {DialectName::kExtId, "ext-id"}};

/// The connector as if another caller called it.
std::shared_ptr<const gate::Snapshot> compile_for(const Configuration& read, std::size_t connector,
                                                  DialectName dialect, Step step) {
  core::config::Config config = read.config;
  core::config::Connector& changed = config.connectors[connector];
  changed.dialect = dialect;
  changed.step.reset();
  if (dialect == DialectName::kB2bSignup) {
    changed.step = step == Step::kPostFederationSignup
                       ? core::config::StepOfUrl::kPostFederationSignup
                       : core::config::StepOfUrl::kPostAttributeCollection;
  }
  if (dialect != DialectName::kB2cPolicy) changed.policy = {};
  if (dialect != DialectName::kExtId) {
    changed.block_title = {};
    changed.carry = {};
  }
  FileSource source;
  core::config::Diagnostics ignored;  // told already of the connector as it is written
  std::shared_ptr<const core::lists::Table> lists;
  gate::CompileOptions options;
  options.lists = &lists;
  std::size_t next = 0;
  options.load_list = [&](const core::config::ListSource& list, const std::string&,
                          core::lists::Match) -> gate::LoadedList {
    while (next < read.config.lists.size() && read.config.lists[next].name.value != list.name.value) {
      ++next;
    }
    return {(*read.lists)[next].shared_source(), {}, {}};
  };
  return gate::compile(config, options, source, ignored);
}

}  // namespace

std::string known_dialects() {
  std::string names = "all";
  for (const Caller& caller : kCallers) names += ", " + std::string(caller.name);
  return names;
}

bool is_known_dialect(std::string_view name) {
  for (const Caller& caller : kCallers) {
    if (caller.name == name) return true;
  }
  return name == "all";
}

bool explain_dialects(const Configuration& read, std::size_t connector, std::string_view body,
                      std::string_view dialect, const policy::StandIns& stand_ins) {
  std::string flow(body);
  if (core::bridge::is_event(body)) {
    const auto other = core::bridge::flow_request(body);
    if (!other) {
      std::fprintf(stderr, "no other caller has this event\n");
      return false;
    }
    flow = other->json;
  }
  const Step step = core::bridge::step_in(flow);
  char date[core::http::kHttpDateBytes];
  core::http::format_http_date(std::time(nullptr), date);
  for (const Caller& caller : kCallers) {
    if (dialect != "all" && dialect != caller.name) continue;
    std::printf("\n== %.*s\n", static_cast<int>(caller.name.size()), caller.name.data());
    if (caller.dialect == DialectName::kB2bSignup && step == Step::kPreTokenIssuance) {
      std::printf("\nhas no step before a token\n");
      continue;
    }
    std::string request = flow;
    if (caller.dialect == DialectName::kExtId) {
      const auto event = core::bridge::event_request(flow, step);
      if (!event) {
        std::fprintf(stderr, "the claims are no JSON object\n");
        return false;
      }
      request = event->json;
    }
    const std::size_t size = request.size();
    request.append(core::claims::kReadPadding, '\0');
    const auto snapshot = compile_for(read, connector, caller.dialect, step);
    if (snapshot == nullptr) {
      std::fprintf(stderr, "the connector cannot be called so\n");
      return false;
    }
    gate::Gate gate(snapshot, 0, kBodyBytesMax);
    gate.adopt_lists(read.lists);
    gate.use_time(std::time(nullptr));
    core::http::OutBuffer out(kOutBytesMax);
    std::vector<gate::Given> given;
    gate::Known known;
    gate::Report report;
    for (;;) {
      known.given = given;
      report = gate.answer_body(snapshot->connectors[connector],
                                std::string_view(request).substr(0, size),
                                core::http::After::kKeepOpen, {date, sizeof date}, out, nullptr, known);
      if (!report.asks) break;
      const gate::Asked asked = gate.at_hand().asked();
      const auto stand_in = stand_ins.decisions.find(asked.ask->backend_name);
      if (stand_in == stand_ins.decisions.end()) {
        known.give_up = gate::Fallback::kBackend;
        continue;
      }
      given.push_back(
          {asked.rule, gate::Source::kBackend, stand_in->second, gate::Fallback::kBackend});
    }
    const std::string_view name = core::dialects::name(report.step);
    const std::string_view outcome = gate::name(report.outcome);
    std::printf("step       %.*s\nverdict    %.*s%s\n", static_cast<int>(name.size()), name.data(),
                static_cast<int>(outcome.size()), outcome.data(),
                report.rewritten ? " (what the rules wanted is illegal at this step)" : "");
    if (report.omitted != 0) {
      std::printf("left out   %zu claims that this caller would refuse or ignore\n", report.omitted);
    }
    std::printf("\n%.*s\n", static_cast<int>(out.size()), out.view().data());
  }
  return true;
}

}  // namespace proxy::commands
