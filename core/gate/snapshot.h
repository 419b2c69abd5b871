#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/claims/claims.h"
#include "core/config/config.h"
#include "core/dialects/dialect.h"
#include "core/events/plan.h"
#include "core/gate/caller.h"
#include "core/lists/list.h"
#include "core/lists/live.h"
#include "core/mapping/mapping.h"
#include "core/rules/program.h"
#include "core/rules/template.h"
#include "core/text/locale.h"

namespace core::gate {

/// A text for the person, in each of its languages.
struct Message {
  struct Localised {
    rules::Template text;
    std::string escaped;  // the inside of a JSON string, when the text has no place for a value
  };
  std::string name;
  text::LocaleChooser locales;
  std::vector<Localised> texts;  // parallel to locales.available()
};

/// What a connector answers when its rules cannot be brought to an end.
struct Otherwise {
  rules::VerdictKind kind = rules::VerdictKind::kContinue;
  std::uint32_t message = 0;
};

struct Connector {
  std::string name;
  std::string path;
  dialects::Terms terms;
  CallerCheck callers;
  rules::Program program;
  std::unique_ptr<const rules::Program> shadow_program;  // `shadow_rules`; null: none
  Otherwise otherwise;
  std::optional<std::uint32_t> block_title;  // a message: above block pages, where there is a place
  /// Events that are carried to a backend unread; null: refused. See carrier().
  std::array<std::unique_ptr<const rules::Ask>, 3> carriers;
  config::TokenFault token_fault = config::TokenFault::kContinue;
  config::milliseconds deadline{4000};
  config::milliseconds retry_window{12'000};
  std::size_t pending_max = 4096;  // its requests that wait for a backend, in one worker
  /// Events of verdicts that are told, by rules::VerdictKind: numbers into Snapshot::events.
  std::array<std::vector<std::uint32_t>, 3> on;
  bool emits = false;     // its rules, or `on`
  bool commits = false;   // one of those events is committed before the answer
  std::size_t index = 0;  // in Snapshot::connectors

  /// Who gets the events of a step at dialects::Moment::kApart; null when nobody does.
  const rules::Ask* carrier(dialects::Step step) const noexcept {
    const auto first = static_cast<std::size_t>(dialects::Step::kEmailOtpSend);
    return carriers[static_cast<std::size_t>(step) - first].get();
  }
};

struct Backend {
  std::string name;
  mapping::Mapping mapping;
  std::uint64_t whole_ms = 0;  // the longest that a call takes, all its tries together
  bool speaks_flow = false, speaks_events = false;  // what its requests are: see core/bridge
};

/// What new codes of an invitation are made by.
struct InvitationTerms {
  std::string name;
  std::int64_t valid_s = 0;   // how long one may be redeemed when nothing is said about it
  std::int64_t forget_s = 0;  // how long one is kept behind its end
};

/// One compiled configuration: everything a request needs, immutable, shared by all workers.
/// Replaced as a whole by a reload and freed with the last request that uses it.
struct Snapshot {
  claims::NameTable names;
  claims::ReadLimits read_limits;
  /// What rules point to: stand-ins, whose contents are in a table by their slot. `lists` is the
  /// table as it was compiled (null: whoever had it compiled has it); gates take others.
  std::vector<std::unique_ptr<lists::List>> list_stands;
  std::vector<std::string> list_names;
  std::shared_ptr<const lists::Table> lists;
  std::vector<Message> messages;
  std::map<std::string, std::uint32_t, std::less<>> message_numbers;  // by name
  std::vector<Backend> backends;  // in the configuration's order
  std::vector<std::string> approvals;  // names, in the configuration's order
  std::vector<InvitationTerms> invitations;  // in the configuration's order
  /// Of each of them, the events of its changes: numbers into `events`.
  std::vector<std::array<std::vector<std::uint32_t>, config::kApprovalChanges.size()>> approval_events;
  std::vector<rules::Limit> limits;  // in the configuration's order
  std::vector<events::Plan> events;  // in the configuration's order
  std::vector<rules::Subject> person;  // `audit`: whose hash says who it was
  std::vector<Connector> connectors;
  std::size_t prepared_max = 0;  // over all connectors
  std::size_t claim_words_max = 0;  // messages for single claims of one rule, over all connectors
  rules::CandidateCounts candidates_max;  // the same
  std::size_t lanes = 1;         // workers that may evaluate at once

  /// The connector at `path`, byte for byte, else the one whose URL template `path` fits; null when
  /// there is none.
  const Connector* find(std::string_view path) const noexcept;

  /// Those whose URL has claims behind the path, the longest path first.
  std::vector<const Connector*> with_claims_below;
  /// Sorted by path; filled by the compiler.
  std::vector<const Connector*> by_path;
};

}  // namespace core::gate
