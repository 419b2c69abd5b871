#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/backend.h"
#include "core/mapping/answer.h"
#include "core/mapping/reply_values.h"
#include "core/rules/pattern.h"
#include "core/rules/program.h"

namespace core::mapping {

/// One look at a part of a reply, compiled.
struct RowTest {
  config::ReplyTest::Part part = config::ReplyTest::Part::kJson;
  config::ReplyTest::Test test = config::ReplyTest::Test::kExists;
  bool negated = false;
  std::string where;       // a field's name in small letters, or a pointer
  std::size_t xpath = 0;   // index of the table
  std::vector<rules::Operand> operands;
  std::vector<rules::Pattern> patterns;   // kMatches
  std::vector<GroupPattern> groups;       // kMatches of the text, not negated
};

struct RowClaim {
  std::string name;
  std::optional<ValueTemplate> text;  // absent: the constant
  decisions::DecidedClaim constant;
};

struct Row {
  config::Mark mark;
  std::vector<std::pair<int, int>> statuses;
  std::vector<RowTest> tests;
  config::ResponseRow::Verdict verdict = config::ResponseRow::Verdict::kUnresolved;
  std::vector<RowClaim> claims;
  std::optional<ValueTemplate> text;
  std::string message;
};

/// True when all tests of `row` hold. The values' groups are those of its patterns then.
bool holds(const Row& row, int status, ReplyValues& values);

/// Makes `answer` what `row` says.
void decide(const Row& row, ReplyValues& values, Answer& answer);

/// A text of a backend's as a decision keeps it: control characters are taken out, white space ones
/// become a space, overrides of the writing direction are taken out, and it ends after
/// kPersonTextMax code points. What a page shows goes through rules::show_to_person() as well.
inline constexpr std::size_t kPersonTextMax = 500;
std::string person_text(std::string_view text);

}  // namespace core::mapping
