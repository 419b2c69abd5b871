#include "proxy/policy/tests.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/config/place.h"

namespace proxy::policy {
namespace {

namespace config = core::config;
using config::Mark;
using config::Text;

constexpr std::size_t kShownMax = 200;  // bytes of a value in a message
constexpr const char* kSecretShown = "a value that holds a secret";

std::string shown(std::string_view value) {
  if (value.size() <= kShownMax) return std::string(value);
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80) --end;
  return std::string(value.substr(0, end)) + "...";
}

/// A text on one line of a terminal.
std::string in_quotes(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return "\"" + shown(line) + "\"";
}

/// True when a rule of the connector gives the claim a value that came from outside the file.
bool holds_secret(const config::Config& config, const Text& connector, std::string_view claim) {
  for (const config::Connector& written : config.connectors) {
    if (written.name.value != connector.value) continue;
    for (const config::Rule& rule : written.rules) {
      for (const config::Assignment& assignment : rule.action.assignments) {
        if (assignment.text.secret && assignment.claim.value == claim) return true;
      }
    }
  }
  return false;
}

bool messages_hold_secret(const config::Config& config) {
  for (const config::Message& message : config.messages) {
    for (const auto& [tag, text] : message.texts) {
      if (text.secret) return true;
    }
  }
  return false;
}

/// One test on its way through its expectations.
class Expectation {
 public:
  Expectation(const config::Config& config, const config::PolicyTest& test, const Told& told,
             config::Diagnostics& diagnostics)
      : config_(config), test_(test), told_(told), diagnostics_(diagnostics) {}

  bool met() {
    const config::Expectation& expect = test_.expect;
    if (expect.verdict && told_.verdict != expect.verdict) {
      report(expect.verdict_mark, name(*expect.verdict).size(),
             "expected the verdict " + std::string(name(*expect.verdict)) + ", came " + came());
    }
    if (expect.rule && told_.rule != expect.rule->value) {
      report(*expect.rule, expect.rule->value.empty()
                               ? "expected that no rule ends it, came " + came()
                               : "expected " + ended_by(expect.rule->value) + ", came " + came());
    }
    if (expect.message && told_.message != expect.message->value) {
      report(*expect.message, told_.message.empty() ? "expected this message, came none: " + came()
                              : messages_hold_secret(config_)
                                  ? std::string("expected this message, came ") + kSecretShown
                                  : "expected this message, came " + in_quotes(told_.message));
    }
    if (expect.claims) {
      compare_claims(*expect.claims);
      for (const auto& [claim, value] : told_.claims) {
        const auto is_it = [&claim = claim](const auto& one) { return one.first.value == claim; };
        if (std::any_of(expect.claims->begin(), expect.claims->end(), is_it)) continue;
        report(expect.claims_mark, 1,
               "expected no claim " + in_quotes(claim) + ", came " + value_of(claim, value));
      }
    }
    compare_claims(expect.claims_include);
    if (expect.shadowed) {
      compare_names(*expect.shadowed, told_.shadowed, expect.shadowed_mark,
                    {"expected that rule ", " would have acted, it would not"},
                    {"expected no rule ", " in shadow, it would have acted"});
    }
    if (expect.tags) {
      compare_names(*expect.tags, told_.tags, expect.tags_mark,
                    {"expected the tag ", ", no rule has put it on: " + came()},
                    {"expected no tag ", ", a rule has put it on: " + came()});
    }
    if (expect.events) {
      compare_names(*expect.events, told_.events, expect.events_mark,
                    {"expected the event ", ", nothing emits it: " + came()},
                    {"expected no event ", ", it is emitted: " + came()});
    }
    return met_;
  }

 private:
  void report(Mark mark, std::size_t length, std::string message) {
    met_ = false;
    diagnostics_.error(mark, length, "test \"" + test_.name.value + "\": " + std::move(message));
  }
  void report(const Text& text, std::string message) {
    report(text.mark, config::written_length(diagnostics_, text), std::move(message));
  }

  static std::string ended_by(const std::string& rule) {
    return rule == "otherwise" ? "the connector's `otherwise`" : "rule \"" + rule + "\" to end it";
  }

  /// "block by rule "blocked domains"".
  std::string came() const {
    if (!told_.verdict) return "no answer: there was no room for one";
    std::string words(name(*told_.verdict));
    if (told_.verdict == config::ToldVerdict::kRefused) return words;
    if (told_.report.rewritten) words += ", as this step allows nothing else,";
    return words + (told_.rule.empty()          ? ", no rule ended it"
                    : told_.rule == "otherwise" ? " by the connector's `otherwise`"
                                                : " by rule \"" + told_.rule + "\"");
  }

  std::string value_of(const std::string& claim, const std::string& value) const {
    return holds_secret(config_, test_.connector, claim) ? kSecretShown : shown(value);
  }

  void compare_claims(const std::vector<config::WantedClaim>& wanted) {
    for (const auto& [claim, value] : wanted) {
      const auto found =
          std::find_if(told_.claims.begin(), told_.claims.end(),
                       [&claim = claim](const auto& one) { return one.first == claim.value; });
      const std::string expected = canonical_json(value.value);
      const std::string words = value.secret ? "the secret" : shown(expected);
      if (found == told_.claims.end()) {
        report(claim, "expected the claim to be " + words + ", it is not in the answer: " + came());
      } else if (canonical_json(found->second) != expected) {
        report(value.mark, std::max<std::size_t>(words.size(), 1),
               "expected " + words + ", came " + value_of(claim.value, found->second));
      }
    }
  }

  /// What a name that is missing, or too many, is told with: around the name.
  struct Words {
    std::string before, behind;
  };
  void compare_names(const std::vector<Text>& wanted, const std::vector<std::string>& came_names,
                     Mark mark, const Words& missing, const Words& unexpected) {
    for (const Text& name : wanted) {
      if (std::find(came_names.begin(), came_names.end(), name.value) == came_names.end()) {
        report(name, missing.before + in_quotes(name.value) + missing.behind);
      }
    }
    for (const std::string& name : came_names) {
      const auto is_it = [&name](const Text& one) { return one.value == name; };
      if (std::any_of(wanted.begin(), wanted.end(), is_it)) continue;
      report(mark, 1, unexpected.before + in_quotes(name) + unexpected.behind);
    }
  }

  const config::Config& config_;
  const config::PolicyTest& test_;
  const Told& told_;
  config::Diagnostics& diagnostics_;
  bool met_ = true;
};

/// The body to send, written here or in a file; false after reporting that there is none.
bool body_of(const config::PolicyTest& test, const Text& written, const Text& file,
             config::Source& source, config::Diagnostics& diagnostics, std::string& body) {
  const Text& at = file.value.empty() ? written : file;
  std::string why;
  if (file.value.empty()) {
    body = written.value;
  } else if (auto read = source.read_file(file.value)) {
    body = std::move(read).value();
  } else {
    why = "cannot read " + file.value + ": " + read.error().why;
  }
  if (body.size() > Rehearsal::kBodyBytesMax) why = "the body is larger than 16 MiB";
  if (why.empty()) return true;
  diagnostics.error(at.mark, 1, "test \"" + test.name.value + "\": " + why);
  return false;
}

/// What stands in for backends; false after reporting a verdict that is none.
bool read_stand_ins(const config::PolicyTest& test, const core::gate::Snapshot& snapshot,
                    config::Diagnostics& diagnostics, StandIns& stand_ins) {
  bool good = true;
  for (const auto& [backend, verdict] : test.backends) {
    const std::string wrong = stand_ins.add(backend.value, verdict.value, snapshot);
    if (wrong.empty()) continue;
    diagnostics.error(verdict.mark, 1, "test \"" + test.name.value + "\": " + wrong);
    good = false;
  }
  return good;
}

/// Has the connector answer what came before the test's request at `moment`; false after reporting a
/// body that is not there.
bool ask_before(const config::PolicyTest& test, const core::gate::Connector& connector,
                Rehearsal& rehearsal, config::Source& source, config::Diagnostics& diagnostics,
                std::int64_t moment, const StandIns& stand_ins) {
  rehearsal.forget_counts();
  for (const config::EarlierRequests& earlier : test.before) {
    std::string body;
    if (!body_of(test, earlier.body, earlier.file, source, diagnostics, body)) return false;
    for (std::int64_t i = 0; i < earlier.times; ++i) {
      rehearsal.next_person();
      rehearsal.ask(connector, body, moment - earlier.ago_ms, nullptr, &stand_ins);
    }
  }
  rehearsal.next_person();
  return true;
}

}  // namespace

TestRun run_tests(const config::Config& config, Rehearsal& rehearsal, config::Source& source,
                  config::Diagnostics& diagnostics, Coverage* coverage) {
  TestRun run;
  for (const config::PolicyTest& test : config.tests) {
    std::string body;
    const core::gate::Connector* const connector = rehearsal.find(test.connector.value);
    if (connector == nullptr || !body_of(test, test.body, test.file, source, diagnostics, body)) {
      ++run.failed;
      continue;
    }
    const std::int64_t moment = test.now.value_or(now_ms());
    StandIns stand_ins;
    if (!read_stand_ins(test, rehearsal.snapshot(), diagnostics, stand_ins) ||
        !ask_before(test, *connector, rehearsal, source, diagnostics, moment, stand_ins)) {
      ++run.failed;
      continue;
    }
    const Told told = rehearsal.ask(*connector, body, moment, nullptr, &stand_ins);
    if (coverage != nullptr) {
      rehearsal.ask(*connector, body, moment, &coverage->connectors[connector->index], &stand_ins);
    }
    if (!told.asked.empty()) {
      diagnostics.error(test.name.mark, test.name.value.size(),
                        "test \"" + test.name.value + "\": rule \"" + told.asking +
                            "\" asks \"" + told.asked + "\", which is not called here",
                        "say what it decides: backends: { " + told.asked + ": continue }");
      ++run.failed;
      continue;
    }
    ++(Expectation(config, test, told, diagnostics).met() ? run.passed : run.failed);
  }
  return run;
}

}  // namespace proxy::policy
