#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/config/diagnostics.h"
#include "core/config/load.h"
#include "core/config/schema.h"
#include "core/config/yaml_tree.h"

/// What every section of the loader reads with: nodes become typed values, mistakes diagnostics.
namespace core::config {

/// One of `rule_groups`, as it was written.
struct RuleGroup {
  Text name;
  std::vector<Text> parameters;
  const Node* rules = nullptr;  // null after a mistake
  bool included = false;
};

/// The rule groups of all files, and the copies of their rules that inclusions have made.
struct RuleGroups {
  std::vector<RuleGroup> groups;
  std::deque<Node> copies;
};

/// Replaces ${env:} and ${file:} and checks types. One for a whole load().
class Reader {
 public:
  Reader(Source& source, Diagnostics& diagnostics) : source_(source), diagnostics_(diagnostics) {}

  Diagnostics& diagnostics() noexcept { return diagnostics_; }
  Source& source() noexcept { return source_; }

  void error(const Node& at, std::string message, std::string suggestion = {});
  void warning(const Node& at, std::string message, std::string suggestion = {});
  /// At byte `offset` of a value: to its end, or one byte at the end of it.
  void error_inside(const Text& text, std::size_t offset, std::string message,
                    std::string suggestion = {});

  /// The text of a scalar, references replaced. Empty after reporting one that cannot be.
  std::optional<Text> resolve(const Node& scalar);

  // A value of the type that `key` has in the table; empty after reporting what is wrong. Members
  // of a list or a map are read with the key of the list or map.
  std::optional<Text> string(const Node& node, const schema::Key& key);
  std::optional<bool> boolean(const Node& node, const schema::Key& key);
  std::optional<std::int64_t> integer(const Node& node, const schema::Key& key);
  std::optional<double> number(const Node& node, const schema::Key& key);
  std::optional<milliseconds> duration(const Node& node, const schema::Key& key);
  std::optional<std::int64_t> size(const Node& node, const schema::Key& key);
  std::optional<std::size_t> choice(const Node& node, const schema::Key& key);
  std::optional<Scalar> scalar(const Node& node, const schema::Key& key);
  std::optional<ListenerAddress> address(const Node& node, const schema::Key& key);
  /// The items of a list that must have at least one; empty after reporting.
  const std::vector<const Node*>& items(const Node& node, const schema::Key& key);
  /// True for a map; reports anything else.
  bool is_map(const Node& node, const schema::Key& key);

  /// A key of the file as a text. References are for values: one in a key is reported.
  Text key_text(const Node& key);

  /// "the integer 5", for a message; a secret is never quoted.
  std::string found(const Node& node) const;
  /// `"name"` for a message, cut when long; "the secret" for one.
  static std::string quote(const Text& text);

  void wrong_type(const Node& node, const schema::Key& key);

  /// Warns of a value without quotation marks that is a text here and a number or boolean to other
  /// readers of YAML. With `texts_only` nothing but a text may stand there.
  void warn_of_yaml(const Node& node, bool texts_only);

  RuleGroups& rule_groups() noexcept { return rule_groups_; }

 private:
  bool replace_reference(const Node& scalar, std::size_t at, std::size_t& end, Text& text);
  Mark mark_in(const Node& scalar, std::size_t offset, std::size_t& length) const;

  Source& source_;
  Diagnostics& diagnostics_;
  RuleGroups rule_groups_;
};

/// A map of the file, read against its table: unknown keys, keys of later releases, missing ones
/// and wrong numbers of alternatives are reported when it is made.
class Fields {
 public:
  /// `named` is the key in front of the map, where what is missing is reported; null in a list.
  /// `check_required` is false for a part of an object: an included file.
  Fields(Reader& reader, const Node& map, const Node* named, const schema::Object& object,
         bool check_required = true);

  const Node* find(std::string_view key) const;
  const Node* key_node(std::string_view key) const;
  const schema::Key& key(std::string_view key) const;

  // Each leaves `out` alone when the key is absent or wrong. True when it was read.
  bool string(std::string_view key, Text& out) const;
  /// The same, and an empty text is wrong.
  bool filled(std::string_view key, Text& out) const;
  bool integer(std::string_view key, std::int64_t& out) const;
  bool number(std::string_view key, double& out) const;
  bool duration(std::string_view key, milliseconds& out) const;
  bool size(std::string_view key, std::int64_t& out) const;
  bool boolean(std::string_view key, bool& out) const;
  template <typename Enum>
  bool choice(std::string_view name, Enum& out) const {
    const Node* const node = find(name);
    if (node == nullptr) return false;
    const auto index = reader_.choice(*node, key(name));
    if (index) out = static_cast<Enum>(*index);
    return index.has_value();
  }

 private:
  void check_key(const Node& key) const;
  void check_exactly_one(const Node& at) const;
  void check_at_least_one(const Node& at) const;
  /// True when an unknown key looks like `name`: that it is missing need not be said as well.
  bool is_misspelt(std::string_view name) const;

  Reader& reader_;
  const Node& map_;
  const schema::Object& object_;
};

// Sections. Each reads one value of the table into `config` or a part of it.
void read_listeners(Reader& reader, const Node& node, const schema::Key& key, Config& config);
/// `tls` of a listener; empty after reporting what is wrong. See listener_tls.cc.
std::optional<ListenerTls> read_listener_tls(Reader& reader, const Node& node, const Node& named,
                                             const schema::Key& key);
/// `auth` of a connector; see auth.cc. Files of authorities go into `config`.
void read_auth(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
               Connector& connector, Config& config);
/// `entra` of `auth`; see auth_entra.cc.
void read_entra(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                Connector& connector, Config& config);
/// Names, each once and not empty, at most `count_max`; `what` they are names of. See events.cc.
void read_names(Reader& reader, const Node& node, const schema::Key& key, std::string_view what,
                std::size_t count_max, std::vector<Text>& names);
/// Calls `take` for a single text, or for each of a list: Shape::kStringOrList and kStrings.
void each_string(Reader& reader, const Node& node, const schema::Key& key,
                 const std::function<void(const Node& at, Text text)>& take);
/// Networks, and "unix" as `local`.
void read_networks(Reader& reader, const Node& node, const schema::Key& key,
                   std::vector<lists::Network>& networks, bool& local);
void read_admin(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                Config& config);
void read_limits(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                 Limits& limits);
void read_access_log(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                     AccessLog& log);
void read_decision_cache(Reader& reader, const Node& node, const Node& named,
                         const schema::Key& key, Config& config);
void read_lists(Reader& reader, const Node& node, const schema::Key& key, Config& config);
/// Texts without a language carry the tag "" until the fallback is known; see load.cc.
void read_messages(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_velocity(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_connectors(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_backends(Reader& reader, const Node& node, const schema::Key& key, Config& config);
/// Reports a credential's field that claimgate itself writes, or that would change what a request is
/// for the hop. `Authorization` may be one: there are schemes besides Basic and Bearer.
void check_credential_field(Reader& reader, const Text& name);
/// `request` and `response` of a backend; see backends_mapping.cc.
void read_backend_request(Reader& reader, const Node& node, const Node& named,
                          const schema::Key& key, Backend& backend);
void read_backend_response(Reader& reader, const Node& node, const schema::Key& key,
                           Backend& backend);
/// Statuses, classes and ranges; see backends_mapping.cc.
std::vector<std::pair<int, int>> read_statuses(Reader& reader, const Node& node,
                                               const schema::Key& key);
/// Names, each with a template. `what` is what they are names of; see backends_mapping.cc.
std::vector<std::pair<Text, Scalar>> read_templates(Reader& reader, const Node& node,
                                                  const schema::Key& key, std::string_view what);
/// See policy.cc.
void read_tests(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_process(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                  Process& process);
void read_approvals(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_invitations(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_state(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                State& state);
void read_capture(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                  Capture& capture);

/// `events`, `sinks`, `outbox`, `pseudonyms` and `audit`; see events.cc and sinks.cc.
void read_events(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_sinks(Reader& reader, const Node& node, const schema::Key& key, Config& config);
void read_outbox(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                 Outbox& outbox);
void read_pseudonyms(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                     Pseudonyms& pseudonyms);
void read_audit(Reader& reader, const Node& node, const Node& named, const schema::Key& key,
                Audit& audit);
/// `on` of a connector.
void read_on(Reader& reader, const Fields& connector, std::array<std::vector<Text>, 3>& on);
/// What only all files together say: events name sinks, and what hashes has a key.
void check_events(Diagnostics& diagnostics, const Config& config);

/// One rule, and the action of `otherwise`. See rules.cc.
void read_rules(Reader& reader, const Node& node, const schema::Key& key, std::vector<Rule>& rules);
/// `rule_groups` and what `include` makes of one; see rule_groups.cc.
void read_rule_groups(Reader& reader, const Node& node, const schema::Key& key);
/// Behind all connectors: rules that nobody includes are not read, and so not checked.
void warn_of_unused_rule_groups(Reader& reader);
/// An inclusion that is under way.
struct Inclusion {
  const Inclusion* around = nullptr;  // the one that this stands in
  const RuleGroup* group = nullptr;
  std::string prefix;  // of the names of its rules
  Mark outermost;      // where a connector includes it
};
/// The rules of the group that `item` includes, with its arguments; null after reporting.
const Node* expand_include(Reader& reader, const Node& item, const Inclusion* around,
                           Inclusion& inclusion);
/// `policy` of a connector; reports what has no meaning beside the rest.
void read_policy_contract(Reader& reader, const Fields& connector, PolicyContract& policy);
void read_tables(Reader& reader, const Node& node, const schema::Key& key, Config& config);
std::optional<Action> read_action(Reader& reader, const Fields& fields,
                                  const schema::Object& object);
/// `when`; see conditions.cc.
Condition read_condition(Reader& reader, const Node& node, const schema::Key& key);

/// Reports a name that is not of letters, digits, '_', '.' and '-', or not small where `small`.
bool check_name(Reader& reader, const Node& key, std::string_view what, bool small);
/// Reports a name defined before; `first` is where.
void report_twice(Reader& reader, const Node& key, std::string_view what, Mark first);

}  // namespace core::config
