#include "core/mapping/response_rows.h"

#include <algorithm>

#include "core/text/code_points.h"

namespace core::mapping {
namespace {

using claims::Kind;
using config::ReplyTest;
using Verdict = config::ResponseRow::Verdict;

Value value_at(const RowTest& test, ReplyValues& values, Unresolved& why) {
  switch (test.part) {
    case ReplyTest::Part::kHeader: return values.header(test.where);
    case ReplyTest::Part::kJson: return values.pointer(test.where, why);
    case ReplyTest::Part::kXpath: return values.xpath(test.xpath, why);
    case ReplyTest::Part::kText: return values.whole_text(why);
  }
  return {};
}

bool any_equals(const RowTest& test, const Value& value) {
  return std::any_of(test.operands.begin(), test.operands.end(), [&](const rules::Operand& operand) {
    return rules::equals(value.kind, value.text, operand);
  });
}

bool within(const RowTest& test, const Value& value) {
  double number = 0;
  if (!rules::parse_number(value.text, number)) return false;
  const double bound = test.operands[0].number;
  return test.test == ReplyTest::Test::kAtLeast ? number >= bound : number <= bound;
}

bool any_matches(const RowTest& test, const Value& value, ReplyValues& values) {
  for (const GroupPattern& pattern : test.groups) {
    if (pattern.match(value.text, values.lane(), values.groups())) return true;
  }
  return std::any_of(test.patterns.begin(), test.patterns.end(), [&](const rules::Pattern& pattern) {
    return pattern.matches(value.text, values.lane());
  });
}

bool holds(const RowTest& test, ReplyValues& values) {
  Unresolved why = Unresolved::kNone;
  const Value value = value_at(test, values, why);
  if (why != Unresolved::kNone) return false;  // not even `missing`: nobody knows
  if (test.test == ReplyTest::Test::kMissing) return !value.there();
  if (!value.there()) return false;
  bool result = false;
  switch (test.test) {
    case ReplyTest::Test::kExists:
      return true;
    case ReplyTest::Test::kMissing:
      return false;
    case ReplyTest::Test::kEquals:
    case ReplyTest::Test::kIn:
      result = any_equals(test, value);
      break;
    case ReplyTest::Test::kContains:
      result = std::any_of(test.operands.begin(), test.operands.end(), [&](const auto& operand) {
        return value.text.find(operand.text) != std::string_view::npos;
      });
      break;
    case ReplyTest::Test::kMatches:
      result = any_matches(test, value, values);
      break;
    case ReplyTest::Test::kAtLeast:
    case ReplyTest::Test::kAtMost:
      return within(test, value);
  }
  return result != test.negated;
}

bool append(std::string& out, std::string_view value) {
  out += value;
  return true;
}

/// False when the row cannot do without a value that was too large to be had.
bool take_claim(const RowClaim& claim, ReplyValues& values, decisions::Decision& decision) {
  decisions::DecidedClaim& decided = decision.claims.add();
  if (!claim.text) {
    decided = claim.constant;
    return true;
  }
  decided.name = claim.name;
  Put put = Put::kDone;
  if (claim.text->is_lone()) {
    Value value;
    put = claim.text->lone(values, value);
    if (put == Put::kDone) {
      decided.kind = value.kind;
      decided.value = value.text;
      // A claim that was kept may be an array or object: no claim of an answer is one.
      if (value.kind == Kind::kArray || value.kind == Kind::kObject) put = Put::kMissing;
    }
  } else {
    put = claim.text->render(values, false, decided.value, append);
  }
  if (put != Put::kDone) decision.claims.drop_last();
  return put != Put::kMemory;
}

}  // namespace

bool holds(const Row& row, int status, ReplyValues& values) {
  const bool fits =
      row.statuses.empty() ||
      std::any_of(row.statuses.begin(), row.statuses.end(), [&](const std::pair<int, int>& range) {
        return status >= range.first && status <= range.second;
      });
  if (!fits) return false;
  values.begin_row();
  return std::all_of(row.tests.begin(), row.tests.end(),
                     [&](const RowTest& test) { return holds(test, values); });
}

void decide(const Row& row, ReplyValues& values, Answer& answer) {
  decisions::Decision& decision = answer.decision;
  const auto settle_nothing = [&](Unresolved why) {
    answer.why = values.trouble() != Unresolved::kNone ? values.trouble() : why;
    decision.renew();
  };
  switch (row.verdict) {
    case Verdict::kUnresolved:
      answer.why = Unresolved::kRow;
      return;
    case Verdict::kContinue:
      decision.kind = rules::VerdictKind::kContinue;
      for (const RowClaim& claim : row.claims) {
        if (!take_claim(claim, values, decision)) return settle_nothing(Unresolved::kTooLarge);
      }
      // The claims of a body that could not be read are not simply left out: the person would go on
      // without them, and the next step would not know.
      if (values.trouble() != Unresolved::kNone) settle_nothing(values.trouble());
      return;
    case Verdict::kBlock:
      decision.kind = rules::VerdictKind::kBlock;
      break;
    case Verdict::kValidationError:
      decision.kind = rules::VerdictKind::kValidationError;
      break;
  }
  if (row.text) {
    std::string text;
    if (row.text->render(values, false, text, append) == Put::kDone) {
      decision.text = person_text(text);
    }
  }
  if (!decision.text.empty()) return;
  if (row.message.empty()) return settle_nothing(Unresolved::kMissing);
  decision.message = row.message;
}

std::string person_text(std::string_view text) {
  std::string out;
  std::size_t shown = 0;
  bool space = false;  // one is due before the next character
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && shown < kPersonTextMax) {
    const text::CodePoint point = text::decode(at, end);
    at += point.size;
    const char32_t c = point.value;
    if (c == text::kNoCodePoint) continue;
    if (text::is_white_space(c)) {
      space = !out.empty();
      continue;
    }
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool direction = c == 0x200E || c == 0x200F || c == 0x061C || (c >= 0x202A && c <= 0x202E) ||
                           (c >= 0x2066 && c <= 0x2069);
    if (control || direction) continue;
    if (space) {
      out += ' ';
      if (++shown == kPersonTextMax) break;
      space = false;
    }
    char bytes[4];
    out.append(bytes, static_cast<std::size_t>(text::encode(c, bytes) - bytes));
    ++shown;
  }
  return out;
}

}  // namespace core::mapping
