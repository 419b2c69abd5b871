#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/written.h"

/// What surrounds the rules of a configuration without taking part in answers: its own tests, and
/// the capture of requests that `replay` reads.
namespace core::config {

/// What a test says the caller is told: Continue, ShowBlockPage, ValidationError; the HTTP error of
/// `token_fault: fail`; or the refusal of a body that holds no claims.
enum class ToldVerdict : std::uint8_t { kContinue, kBlock, kValidationError, kFault, kRefused };

/// A claim and the value it has to have, as JSON text.
using WantedClaim = std::pair<Text, Text>;

/// What a test expects; whatever is absent is not looked at. Places are those of the values.
struct Expectation {
  std::optional<ToldVerdict> verdict;
  Mark verdict_mark;
  std::optional<Text> rule;     // empty value: no rule ended it; "otherwise": the connector's
  std::optional<Text> message;  // the text for the person, exactly
  std::optional<std::vector<WantedClaim>> claims;  // all that the answer carries
  Mark claims_mark;
  std::vector<WantedClaim> claims_include;    // some of them
  std::optional<std::vector<Text>> shadowed;  // the rules in shadow that would have acted
  Mark shadowed_mark;
  std::optional<std::vector<Text>> tags;      // the labels that rules have put on the request
  Mark tags_mark;
  std::optional<std::vector<Text>> events;    // the names of those that it emits, in any order
  Mark events_mark;
};

/// Requests that came before the one of a test.
struct EarlierRequests {
  Mark mark;
  Text body, file;  // as PolicyTest's
  std::int64_t times = 1;
  std::int64_t ago_ms = 0;  // before the test's
};

/// One item of `tests`.
struct PolicyTest {
  Text name;
  Mark mark;
  Text connector;
  Text body;  // the request's body: from `claims` (with `locale`), or as written
  Text file;  // or the file it stands in, resolved; empty: it is in `body`
  std::optional<std::int64_t> now;  // milliseconds since 1970, UTC
  std::vector<std::pair<Text, Text>> backends;  // what stands in for them: name, verdict
  std::vector<EarlierRequests> before;  // to the same connector, in the order they came
  Expectation expect;
};

/// `capture`: requests kept for `replay`, personal data replaced.
struct Capture {
  enum class WhenFull : std::uint8_t { kStop, kRotate };
  Text file;  // empty: off
  Mark mark;
  double share = 1.0;             // of the requests, 0 to 1
  std::vector<Text> connectors;   // empty: all
  std::vector<Text> keep;         // claims whose values are written as they are
  Text secret;                    // keys the pseudonyms; empty: a random one for each process
  std::int64_t bytes = 64 << 20;  // of one file
  WhenFull when_full = WhenFull::kStop;
};

/// The derived value that `keep` may name: the domain of an address whose local part stays hidden.
inline constexpr const char* kKeptDomain = "email.domain";

/// The moment that `text` names (RFC 3339, 5.6), in milliseconds since 1970; empty when it is none.
/// Leap seconds are refused, fractions below milliseconds cut.
std::optional<std::int64_t> parse_moment(std::string_view text);

}  // namespace core::config
