#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/claims/name_table.h"
#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/lists/list.h"
#include "core/rules/index_builder.h"
#include "core/rules/program.h"

namespace core::rules {

/// What the rules of a configuration may name. Borrowed for the time of the compilation, except for
/// the lists, which the compiled programs go on pointing to.
struct Names {
  claims::NameTable& claims;
  const std::map<std::string, const lists::List*, std::less<>>& lists;
  const std::map<std::string, std::uint32_t, std::less<>>& messages;  // name -> index
  std::size_t lanes;  // workers that will evaluate
  const ValueTables* tables = nullptr;  // null: none
  const std::vector<config::Backend>* backends = nullptr;  // in the order of their numbers
  bool free_names = false;  // see Vocabulary
  const std::vector<config::Approval>* approvals = nullptr;
  const std::vector<config::Invitation>* invitations = nullptr;
  const std::vector<Limit>* limits = nullptr;  // null: none
  const std::vector<config::EventType>* events = nullptr;  // in the order of their numbers
};

/// Resolves the names of one connector's rules and lays them out for evaluation. Mistakes go to
/// `diagnostics`; the program is usable only when there were none.
class Compiler {
 public:
  Compiler(Names names, config::Diagnostics& diagnostics, Indexing indexing = Indexing::kIfItHelps)
      : names_(names), diagnostics_(diagnostics), indexing_(indexing) {}

  /// What answers of a connector's caller can carry.
  struct Caller {
    bool any_is_typed = false;  // numbers and booleans in claims of any name, not only custom attributes
    bool takes_arrays = false;  // of texts, as tokens do
  };
  /// `connector` is the name of theirs, a part of the keys of decisions.
  Program compile(const std::vector<config::Rule>& rules, std::string_view connector = {},
                  Caller caller = {false, false});

  /// Parses a template that stands outside the rules (a message), reporting to the diagnostics.
  Template compile_text(const config::Text& text);

  /// `velocity`: in the order it is written, for Names::limits of another compiler.
  std::vector<Limit> compile_limits(const std::vector<config::VelocityLimit>& limits, const config::State& state);
  /// What an event takes of a request. `name` and `sinks` are left to the caller.
  std::vector<Subject> compile_values(const std::vector<const config::Text*>& texts,
                                      std::vector<std::uint32_t>& places);

  /// The numbers of events; reports unknown ones.
  std::vector<std::uint32_t> resolve_events(const std::vector<config::Text>& names);

  /// The index of a message; reports an unknown one and answers 0.
  std::uint32_t resolve_message(const config::Text& name);

 private:
  void compile_condition(const config::Condition& condition);
  void compile_test(const config::Condition& condition);
  void compile_rare_test(const config::Condition& condition, Node& node);
  void compile_time(const config::Condition& condition);
  void compile_action(const config::Action& action, Rule& rule);
  std::optional<claims::NameId> compile_claim(const config::Text& name, std::string_view verb);
  std::uint32_t compile_tag(const config::Text& tag);
  Vocabulary vocabulary() const { 
    return {names_.claims, names_.tables, names_.lanes, names_.free_names};
  }
  void refuse(const config::Text& text, std::string message, std::string suggestion);
  std::uint32_t compile_subject(const config::Text& text);
  std::vector<Assignment> compile_assignments(const std::vector<config::Assignment>& assignments);
  void compile_approval(const config::Rule& rule, std::string_view connector, Ask& ask);
  void compile_invitation(const config::Rule& rule, std::string_view connector, Ask& ask);
  void finish_workflow(const config::Rule& rule, std::string_view connector, std::shared_ptr<const Workflow> workflow,
                       Ask& ask);
  std::uint32_t compile_limit(const config::Text& name, std::string_view connector);
  std::uint32_t compile_limit_ask(const config::Rule& rule, std::string_view connector);
  std::uint32_t compile_ask(const config::Rule& rule, std::string_view connector);
  void report(const config::Text& text, const TemplateError& error);
  void report_all(const config::Text& text, const std::vector<TemplateError>& remarks);
  std::uint32_t add_strings(const std::vector<config::Scalar>& scalars);
  void warn_unreachable(const std::vector<config::Rule>& rules);

  Names names_;
  config::Diagnostics& diagnostics_;
  Indexing indexing_;
  Caller caller_;
  Program program_;
  std::vector<std::pair<std::uint32_t, lists::Match>> prepared_;  // subject, match
};

/// "email.domain in_list blocked_domains": one test in words. Secrets are not printed.
std::string describe(const config::Condition& condition);

}  // namespace core::rules
