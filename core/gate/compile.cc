#include "core/gate/compile.h"

#include <algorithm>
#include <map>

#include "core/dialects/b2b_signup.h"
#include "core/gate/bridges.h"
#include "core/gate/policy.h"
#include "core/lists/compiled.h"
#include "core/rules/ask_version.h"
#include "core/rules/compiler.h"
#include "core/text/json.h"
#include "core/velocity/counters.h"

namespace core::gate {
namespace {

std::string escaped(std::string_view text) {
  constexpr std::size_t kScanSlack = 16;
  std::string out(text::json_escaped_max(text.size()) + kScanSlack, '\0');
  out.resize(static_cast<std::size_t>(text::write_json_escaped(out.data(), text) - out.data()));
  return out;
}

/// The list of entries that stand in the configuration itself; a bad one is a mistake there.
std::shared_ptr<const lists::List> list_of_values(const config::ListSource& source,
                                                  std::uint64_t seed,
                                                  config::Diagnostics& diagnostics) {
  std::vector<std::string> values;
  for (const config::Text& value : source.values) values.push_back(value.value);
  auto list = std::make_shared<lists::List>(
      lists::List::of(values, match_of(source.match), seed));
  for (const lists::BadLine& bad : list->bad_lines()) {
    const config::Mark mark = bad.line == 0 ? source.name.mark : source.values[bad.line - 1].mark;
    diagnostics.error(mark, 1, "list \"" + source.name.value + "\": " + bad.message);
  }
  return list;
}

/// Without a loader of the caller's: files, by way of the configuration's own source.
LoadedList load_file(const config::ListSource& source, const std::string& path, lists::Match match,
                     std::uint64_t seed, config::Source& files) {
  if (!source.url.value.empty()) return {nullptr, "URLs are not fetched here", {}};
  auto contents = files.read_file(path);
  if (!contents) return {nullptr, "cannot read " + path + ": " + contents.error().why, {}};
  const auto owned = std::make_shared<const std::string>(std::move(contents).value());
  auto list = lists::read_list(*owned, owned, match, seed);
  if (!list) return {nullptr, path + ": " + list.error().message, {}};
  return {std::make_shared<const lists::List>(std::move(list).value()), {}, {}};
}

/// Loads one list; null when it could not be had. Bad lines become warnings at the list's place.
std::shared_ptr<const lists::List> load_list(const config::ListSource& source,
                                             const CompileOptions& options, config::Source& files,
                                             config::Diagnostics& diagnostics) {
  if (source.file.value.empty() && source.url.value.empty()) return list_of_values(source, options.seed, diagnostics);
  const bool is_file = source.url.value.empty();
  const config::Text& at = is_file ? source.file : source.url;
  const std::size_t width = at.secret ? 1 : at.value.size();
  const std::string path =
      is_file ? config::path_beside(diagnostics.path(at.mark.file), at.value) : std::string();
  const lists::Match match = match_of(source.match);
  LoadedList loaded = options.load_list ? options.load_list(source, path, match)
                                        : load_file(source, path, match, options.seed, files);
  const std::string prefix = "list \"" + source.name.value + "\": ";
  if (loaded.list == nullptr) {
    diagnostics.error(at.mark, width, prefix + loaded.failure,
                      is_file ? "a list's file is looked for beside the file that names it" : "");
    return nullptr;
  }
  if (!loaded.remark.empty()) diagnostics.warning(at.mark, width, prefix + loaded.remark);
  const std::string from = is_file ? path : "list \"" + source.name.value + "\"";
  for (const lists::BadLine& bad : loaded.list->bad_lines()) {
    diagnostics.warning(at.mark, width,
                        from + ":" + std::to_string(bad.line) + ": left out: " + bad.message);
  }
  // A compiled list knows how many lines were left out when it was built, and no more.
  const std::size_t told = loaded.list->bad_lines().size();
  if (loaded.list->bad_count() > told && told > 0) {
    diagnostics.warning(at.mark, width, from + ": " + std::to_string(loaded.list->bad_count()) +
                                            " lines left out in all");
  }
  return loaded.list;
}

/// Whether a request of `connector` may have to wait. `shares` says that limits are in a Redis.
bool asks(const config::Connector& connector, bool shares) {
  return std::any_of(connector.rules.begin(), connector.rules.end(),
                     [shares](const config::Rule& rule) {
                       return rule.action.kind == config::Action::Kind::kAsk ||
                              (shares && !rule.limit.value.empty());
                     }) ||
         std::any_of(connector.carry.begin(), connector.carry.end(),
                     [](const config::Text& backend) { return !backend.value.empty(); });
}

/// How many requests of a connector may wait where it does not say so: not all that its worker lets wait,
/// when there are others who need places.
std::size_t usual_pending(const config::Config& config) {
  const bool shares = config.state.kind == config::State::Kind::kRedis;
  const auto askers = std::count_if(config.connectors.begin(), config.connectors.end(),
                                    [shares](const auto& connector) { return asks(connector, shares); });
  const auto all = static_cast<std::size_t>(config.limits.pending);
  return askers > 1 ? (all + 1) / 2 : all;
}

Message compile_message(const config::Message& source, std::string_view fallback,
                        rules::Compiler& compiler) {
  std::vector<std::string> tags;
  std::vector<Message::Localised> texts;
  for (const auto& [tag, text] : source.texts) {
    tags.push_back(tag.value);
    rules::Template compiled = compiler.compile_text(text);
    std::string constant;
    if (compiled.is_literal()) constant = escaped(compiled.literal());
    texts.push_back({std::move(compiled), std::move(constant)});
  }
  return Message{source.name.value, text::LocaleChooser(std::move(tags), fallback),
                 std::move(texts)};
}

Otherwise compile_otherwise(const config::Action& action, rules::Compiler& compiler,
                            config::Diagnostics& diagnostics) {
  for (const config::Assignment& assignment : action.assignments) {
    diagnostics.error(assignment.claim.mark, assignment.claim.value.size(),
                      "`otherwise` sets no claims: what they are made of may be what failed",
                      "write continue: {}");
  }
  switch (action.kind) {
    case config::Action::Kind::kBlock:
      return {rules::VerdictKind::kBlock, compiler.resolve_message(action.message)};
    case config::Action::Kind::kValidationError:
      return {rules::VerdictKind::kValidationError, compiler.resolve_message(action.message)};
    default: return {};
  }
}

/// The names that a contract has of claims, interned.
std::shared_ptr<const dialects::b2c_policy::Contract> compile_contract(
    const config::Connector& written, claims::NameTable& names, config::Diagnostics& diagnostics) {
  auto contract = std::make_shared<dialects::b2c_policy::Contract>();
  const config::PolicyContract& policy = written.policy;
  contract->claims_in = policy.claims_in;
  contract->payload = policy.payload.value;
  contract->path = written.path.value;
  while (contract->path.ends_with('/')) contract->path.pop_back();
  if (policy.claims_in == config::ClaimsIn::kUrl && !policy.url.value.empty()) {
    const char* const wrong =
        dialects::b2c_policy::parse_url_template(policy.url.value, contract->url);
    if (wrong != nullptr) {
      diagnostics.error(policy.url.mark, policy.url.value.size(), wrong,
                        "write url: \"/{email}/{tier}?lang={ui_locales}\"");
    }
  }
  for (const auto& [ours, theirs] : policy.names) {
    dialects::b2c_policy::Renamed one{names.intern(ours.value), names.intern(theirs.value),
                                      theirs.value};
    if (one.ours == claims::kNoName || one.theirs == claims::kNoName) {
      diagnostics.error(theirs.mark, theirs.value.size(), "more than 4096 names of claims");
      break;
    }
    if (one.ours != one.theirs || policy.claims_in == config::ClaimsIn::kHeader) {
      contract->names.push_back(std::move(one));
    }
  }
  if (written.api_key && written.api_key->in_query) {
    contract->key_parameter = written.api_key->name.value;
  }
  contract->debug = policy.debug;
  if (!policy.request_id.value.empty()) contract->request_id = names.intern(policy.request_id.value);
  contract->more_info = escaped(policy.more_info.value);
  contract->connector = escaped(written.name.value);
  return contract;
}

dialects::Terms compile_terms(const config::Connector& written, claims::NameTable& names,
                              config::Diagnostics& diagnostics) {
  dialects::Terms terms;
  terms.dialect = written.dialect;
  switch (written.dialect) {
    case config::DialectName::kB2cUserflow: break;
    case config::DialectName::kB2bSignup:
      terms.step = written.step == config::StepOfUrl::kPostFederationSignup
                       ? dialects::Step::kPostFederationSignup
                       : dialects::Step::kPostAttributeCollection;
      // The directory has 4096 names; without a place for this one requests go by `surname` alone.
      terms.last_name = names.intern(dialects::b2b_signup::kLastName);
      break;
    case config::DialectName::kB2cPolicy:
      terms.policy = compile_contract(written, names, diagnostics);
      terms.composes = terms.policy->composes();
      break;
    case config::DialectName::kExtId: break;  // its names are found once all rules are compiled
  }
  return terms;
}

/// Who gets events that are carried: backends that speak them.
void compile_carriers(const config::Connector& written, const std::vector<config::Backend>& backends,
                      Connector& connector, config::Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < written.carry.size(); ++i) {
    const config::Text& name = written.carry[i];
    if (name.value.empty()) continue;
    const auto found = std::find_if(backends.begin(), backends.end(), [&](const auto& backend) {
      return backend.name.value == name.value;
    });
    if (found == backends.end()) {
      std::vector<std::string_view> known;
      for (const config::Backend& backend : backends) known.push_back(backend.name.value);
      diagnostics.error(name.mark, name.value.size(), "unknown backend \"" + name.value + "\"",
                        config::suggest(name.value, known));
      continue;
    }
    if (!found->event_contract) {
      diagnostics.error(name.mark, name.value.size(),
                        "the backend \"" + name.value + "\" does not answer events",
                        "write speaks: ext-id there");
      continue;
    }
    rules::Ask ask;
    ask.backend = static_cast<std::uint32_t>(found - backends.begin());
    ask.backend_name = name.value;
    ask.version = rules::version_of({}, *found, written.name.value);
    connector.carriers[i] = std::make_unique<const rules::Ask>(std::move(ask));
  }
}

/// One of `events`.
events::Plan compile_event(const config::EventType& written, rules::Compiler& compiler) {
  events::Plan plan;
  plan.name = written.name.value;
  plan.type = written.type.value;
  plan.source = written.source.value;
  plan.dataschema = written.dataschema.value;
  for (const config::Text& sink : written.sinks) plan.sinks.push_back(sink.value);
  plan.before_answer = written.commit == config::EventCommit::kBeforeAnswer;
  plan.closed = plan.before_answer && written.when_away == config::WhenAway::kClosed;
  std::vector<const config::Text*> texts;
  for (const auto& [claim, treatment] : written.claims) texts.push_back(&claim);
  for (const config::Text& key : written.key) texts.push_back(&key);
  if (!written.subject.value.empty()) texts.push_back(&written.subject);
  std::vector<std::uint32_t> places;
  plan.subjects = compiler.compile_values(texts, places);
  std::size_t at = 0;
  for (const auto& [claim, treatment] : written.claims) {
    plan.members.push_back({text::json_quoted(claim.value) + ":", treatment, places[at++]});
  }
  for (std::size_t i = 0; i < written.key.size(); ++i) plan.key.push_back(places[at++]);
  if (!written.subject.value.empty()) plan.subject = places[at];
  return plan;
}

/// The events of a connector's verdicts; those of its rules are compiled already.
void compile_on(const config::Connector& written, rules::Compiler& compiler,
                const std::vector<events::Plan>& events, Connector& connector) {
  const auto note = [&](const std::vector<std::uint32_t>& numbers) {
    connector.emits = connector.emits || !numbers.empty();
    for (const std::uint32_t number : numbers) {
      connector.commits = connector.commits || events[number].before_answer;
    }
  };
  for (std::size_t kind = 0; kind < connector.on.size(); ++kind) {
    connector.on[kind] = compiler.resolve_events(written.on[kind]);
    note(connector.on[kind]);
  }
  for (const rules::Rule& rule : connector.program.rules()) note(rule.emits);
}

CallerCheck compile_callers(const config::Connector& written) {
  // Without `auth` the loader has made sure that only this machine can connect.
  if (written.allow_anonymous || !written.has_auth) return CallerCheck::anonymous();
  CallerCheck check;
  for (const config::Credential& credential : written.basic) {
    check.accept_basic(credential.username.value, credential.password.value);
  }
  for (const config::Text& token : written.bearer) check.accept_bearer(token.value);
  if (written.entra) {
    const config::EntraTokens& entra = *written.entra;
    const auto skew = std::chrono::duration_cast<std::chrono::seconds>(entra.clock_skew);
    check.accept_tokens(
        {entra.tenant, entra.audiences, entra.parties, entra.authority, skew.count()});
  }
  for (const config::CallerCertificate& one : written.certificates) {
    static_assert(config::CallerCertificate::kListener == AcceptedCertificate::kListener);
    AcceptedCertificate accepted;
    accepted.pinned = one.sha256.has_value();
    accepted.sha256 = one.sha256.value_or(accepted.sha256);
    accepted.authority = one.authority;
    accepted.subject = one.subject.value;
    accepted.issuer = one.issuer.value;
    accepted.name = one.name.value;
    check.accept_certificate(std::move(accepted));
  }
  if (written.api_key) {
    std::vector<std::string> values;
    for (const config::Text& value : written.api_key->values) values.push_back(value.value);
    check.want_key(written.api_key->name.value, written.api_key->in_query, values);
    if (written.dialect == config::DialectName::kB2cPolicy) check.take_key_alone();
  }
  if (!written.addresses.empty() || written.local_addresses) {
    callers::AddressSet addresses;
    for (const lists::Network& network : written.addresses) addresses.add(network);
    if (written.local_addresses) addresses.add_unix();
    check.want_addresses(std::move(addresses));
  }
  return check;
}

/// What can be said of limits when the whole configuration is known: one that no rule names, and one
/// that its memory has no room for.
void check_limits(const config::Config& config, config::Diagnostics& diagnostics) {
  if (config.velocity.empty()) return;
  const std::uint32_t most =
      velocity::Counters::at_most_max(static_cast<std::size_t>(config.limits.velocity));
  for (const config::VelocityLimit& limit : config.velocity) {
    const auto names_it = [&limit](const config::Rule& rule) {
      return rule.limit.value == limit.name.value;
    };
    const auto uses_it = [&](const config::Connector& connector) {
      return std::any_of(connector.rules.begin(), connector.rules.end(), names_it);
    };
    if (std::none_of(config.connectors.begin(), config.connectors.end(), uses_it)) {
      diagnostics.warning(limit.name.mark, limit.name.value.size(),
                          "no rule has the limit \"" + limit.name.value + "\"",
                          "write limit: " + limit.name.value + " beside block or validation_error");
    }
    if (limit.at_most <= most) continue;
    diagnostics.error(limit.at_most_mark, std::to_string(limit.at_most).size(),
                      "the counters have room for at most " + std::to_string(most),
                      "write more for limits.velocity, or less here");
  }
}

}  // namespace

lists::Match match_of(config::ListMatch match) {
  switch (match) {
    case config::ListMatch::kExact: return lists::Match::kExact;
    case config::ListMatch::kEmail: return lists::Match::kEmail;
    case config::ListMatch::kDomain: return lists::Match::kDomain;
    case config::ListMatch::kNetwork: return lists::Match::kNetwork;
  }
  return lists::Match::kExact;
}

std::shared_ptr<const Snapshot> compile(const config::Config& config, const CompileOptions& options,
                                        config::Source& source, config::Diagnostics& diagnostics) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->lanes = std::max<std::size_t>(options.lanes, 1);
  snapshot->read_limits.depth_max = static_cast<std::size_t>(config.limits.json_depth);
  snapshot->read_limits.members_max = static_cast<std::size_t>(config.limits.json_members);
  snapshot->read_limits.seed = options.seed;

  std::map<std::string, const lists::List*, std::less<>> lists;
  auto table = std::make_shared<lists::Table>();
  for (const config::ListSource& list : config.lists) {
    std::shared_ptr<const lists::List> loaded = load_list(list, options, source, diagnostics);
    if (loaded == nullptr) {
      // An empty list stands in, so that the rules that name it are not reported as well.
      loaded = std::make_shared<const lists::List>(
          lists::List::of({}, match_of(list.match), options.seed));
    }
    snapshot->list_stands.push_back(std::make_unique<lists::List>(
        lists::List::stand_in(loaded->match(), static_cast<std::uint32_t>(table->size()))));
    snapshot->list_names.push_back(list.name.value);
    lists.emplace(list.name.value, snapshot->list_stands.back().get());
    table->emplace_back(std::move(loaded));
  }
  (options.lists != nullptr ? *options.lists : snapshot->lists) = std::move(table);

  std::map<std::string, std::uint32_t, std::less<>> messages;
  for (const config::Message& message : config.messages) {
    if (message.texts.empty()) continue;  // already reported
    messages.emplace(message.name.value, static_cast<std::uint32_t>(messages.size()));
  }
  rules::ValueTables tables;
  for (const config::ValueTable& values : config.tables) {
    auto rows = std::make_shared<rules::ValueTable>();
    for (const auto& [value, becomes] : values.rows) rows->add(value.value, becomes.value);
    tables.emplace(values.name.value, std::move(rows));
  }
  const auto is_policy = [](const config::Connector& one) {
    return one.dialect == config::DialectName::kB2cPolicy;
  };
  const auto caller_of = [&is_policy](const config::Connector& one) {
    return rules::Compiler::Caller{is_policy(one), one.dialect == config::DialectName::kExtId};
  };
  const bool free_names = std::any_of(config.connectors.begin(), config.connectors.end(), is_policy);
  rules::Compiler compiler({snapshot->names, lists, messages, snapshot->lanes, &tables,
                            &config.backends, free_names, &config.approvals, &config.invitations,
                            &snapshot->limits, &config.events},
                           diagnostics);
  snapshot->limits = compiler.compile_limits(config.velocity, config.state);
  check_limits(config, diagnostics);
  for (const config::Message& message : config.messages) {
    if (message.texts.empty()) continue;
    snapshot->messages.push_back(compile_message(message, config.fallback_locale.value, compiler));
  }

  for (const config::Backend& written : config.backends) {
    const auto tries = static_cast<std::uint64_t>(1 + written.retries);
    snapshot->backends.push_back(
        {written.name.value,
         mapping::compile_mapping(written, {snapshot->names, messages, snapshot->lanes, &tables, free_names},
                                  diagnostics),
         static_cast<std::uint64_t>(written.timeout.count()) * tries, written.connector_contract,
         written.event_contract});
  }
  for (const config::Approval& approval : config.approvals) {
    snapshot->approvals.push_back(approval.name.value);
    auto& events = snapshot->approval_events.emplace_back();
    for (std::size_t i = 0; i < events.size(); ++i) events[i] = compiler.resolve_events(approval.on[i]);
  }
  for (const config::Invitation& invitation : config.invitations) {
    snapshot->invitations.push_back({invitation.name.value, invitation.valid.count() / 1000,
                                     invitation.forget.count() / 1000});
  }
  const std::size_t pending_usually = usual_pending(config);
  for (const config::EventType& event : config.events) {
    snapshot->events.push_back(compile_event(event, compiler));
  }
  std::vector<const config::Text*> person;
  for (const config::Text& text : config.audit.person) person.push_back(&text);
  std::vector<std::uint32_t> places;
  snapshot->person = compiler.compile_values(person, places);
  for (const config::Connector& written : config.connectors) {
    Connector connector;
    connector.index = snapshot->connectors.size();
    connector.name = written.name.value;
    connector.path = written.path.value;
    connector.terms = compile_terms(written, snapshot->names, diagnostics);
    connector.callers = compile_callers(written);
    connector.program = compiler.compile(written.rules, written.name.value, caller_of(written));
    if (written.otherwise) connector.otherwise = compile_otherwise(*written.otherwise, compiler, diagnostics);
    if (!written.block_title.value.empty()) {
      connector.block_title = compiler.resolve_message(written.block_title);
    }
    compile_carriers(written, config.backends, connector, diagnostics);
    compile_on(written, compiler, snapshot->events, connector);
    for (const rules::Rule& rule : connector.program.rules()) {
      snapshot->claim_words_max = std::max(snapshot->claim_words_max, rule.claim_messages.size());
    }
    warn_of_bridges(written, config.backends, diagnostics);
    connector.token_fault = written.token_fault;
    connector.deadline = written.deadline;
    connector.retry_window = written.retry_window;
    connector.pending_max =
        written.pending ? static_cast<std::size_t>(*written.pending) : pending_usually;
    snapshot->prepared_max =
        std::max(snapshot->prepared_max, connector.program.prepared_count());
    snapshot->candidates_max.raise_to(connector.program.index().counts());
    if (!written.shadow_rules.empty()) {
      for (const config::Rule& rule : written.shadow_rules) {
        if (!rule.limit.value.empty()) {
          diagnostics.error(rule.limit.mark, rule.limit.value.size(),
                            "rules of `shadow_rules` count nothing",
                            "leave it out, or write mode: shadow in `rules`");
        }
        for (const config::Text& name : rule.emits) {
          diagnostics.error(name.mark, name.value.size(), "rules of `shadow_rules` tell nobody",
                            "leave it out, or write mode: shadow in `rules`");
        }
        if (rule.action.kind != config::Action::Kind::kAsk) continue;
        diagnostics.error(rule.action.mark, 3, "rules of `shadow_rules` ask nobody",
                          "leave it out, or write mode: shadow in `rules`");
      }
      rules::Program shadow = compiler.compile(written.shadow_rules, {}, caller_of(written));
      snapshot->prepared_max = std::max(snapshot->prepared_max, shadow.prepared_count());
      snapshot->candidates_max.raise_to(shadow.index().counts());
      connector.shadow_program = std::make_unique<const rules::Program>(std::move(shadow));
    }
    snapshot->connectors.push_back(std::move(connector));
  }
  for (Connector& connector : snapshot->connectors) {
    connector.terms.event_names = claims::EventNames::of(snapshot->names);
  }
  snapshot->message_numbers = std::move(messages);
  for (const Connector& connector : snapshot->connectors) snapshot->by_path.push_back(&connector);
  std::sort(snapshot->by_path.begin(), snapshot->by_path.end(),
            [](const Connector* a, const Connector* b) { return a->path < b->path; });
  for (const Connector* connector : snapshot->by_path) {
    const dialects::Terms& terms = connector->terms;
    if (terms.policy != nullptr && terms.policy->claims_in == config::ClaimsIn::kUrl) {
      snapshot->with_claims_below.push_back(connector);
    }
  }
  std::stable_sort(snapshot->with_claims_below.begin(), snapshot->with_claims_below.end(),
                   [](const Connector* a, const Connector* b) {
                     return a->path.size() > b->path.size();
                   });
  resolve_policy(config, *snapshot, diagnostics);
  if (diagnostics.has_errors()) return nullptr;
  return snapshot;
}

}  // namespace core::gate
