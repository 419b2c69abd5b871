// The tests whose operands mean something: numbers, dates, networks, countries, scripts.
#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "core/lists/network.h"
#include "core/rules/compiler.h"
#include "core/text/country.h"
#include "core/text/phone.h"

namespace core::rules {
namespace {

using config::Condition;
using config::Scalar;
using config::Test;

double number_of(const Scalar& scalar) {
  double number = 0;
  const std::string& text = scalar.text.value;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

NumberRange range_of(Test test, double number) {
  NumberRange range;
  switch (test) {
    case Test::kLessThan: range.max = number; range.max_in = false; break;
    case Test::kAtMost: range.max = number; break;
    case Test::kGreaterThan: range.min = number; range.min_in = false; break;
    default: range.min = number; break;
  }
  return range;
}

template <typename Vector>
std::uint32_t next_of(const Vector& vector) {
  return static_cast<std::uint32_t>(vector.size());
}

}  // namespace

void Compiler::compile_rare_test(const Condition& condition, Node& node) {
  const std::vector<Scalar>& operands = condition.operands;
  switch (node.op) {
    case Op::kRange:
      node.operand = next_of(program_.ranges_);
      program_.ranges_.push_back(range_of(condition.test, number_of(operands[0])));
      break;
    case Op::kBefore:
    case Op::kAfter: {
      node.operand = next_of(program_.moments_);
      const auto moment = parse_moment(operands[0].text.value);
      if (!moment) {
        refuse(operands[0].text, "no date, instant or offset",
               "as in 2026-12-01, 2026-12-01T08:00Z, today or now-18y");
      }
      program_.moments_.push_back(moment.value_or(Moment{}));
      break;
    }
    case Op::kInNetwork:
      node.operand = next_of(program_.networks_);
      for (const Scalar& operand : operands) {
        const lists::NetworkText read = lists::read_network(operand.text.value);
        if (!read.network) refuse(operand.text, read.wrong, "");
        program_.networks_.push_back(read.network.value_or(lists::Network{}));
      }
      break;
    case Op::kIsPhone:
    case Op::kIsPossiblePhone:
    case Op::kIsPostcode: {
      // Tables are loaded now, and not with the first request.
      static_cast<void>(text::load_countries());
      if (node.op != Op::kIsPostcode) static_cast<void>(text::load_phones());
      RegionOf region;
      if (operands.size() == 1) {
        region.code = text::country_code(operands[0].text.value);
        if (operands[0].text.value.size() != 2 || region.code.empty()) {
          refuse(operands[0].text, "no ISO 3166-1 code of a country", "as in SE; the name of a claim "
                 "is written { claim: extension_country }");
        }
      } else {
        const config::Text country{"country", condition.test_mark, false};
        region.subject = compile_subject(operands.empty() ? country : operands[1].text);
      }
      node.operand = next_of(program_.regions_);
      program_.regions_.push_back(std::move(region));
      break;
    }
    case Op::kSameAs:
      node.operand = compile_subject(operands[0].text);
      if (program_.subjects_[node.operand].of != Subject::Of::kOne) {
        refuse(operands[0].text, "several values where one is needed", "write identities[0], say");
      }
      break;
    case Op::kScripts: {
      node.operand = next_of(program_.scripts_);
      text::ScriptSet& set = program_.scripts_.emplace_back();
      for (const Scalar& operand : operands) {
        if (!set.add(operand.text.value)) {
          refuse(operand.text, "unknown script \"" + operand.text.value + "\"",
                 "by its Unicode name or ISO 15924 code, as in Latin, Greek or Cyrl");
        }
      }
      break;
    }
    case Op::kMixedScripts:
      static_cast<void>(text::load_scripts());
      break;
    case Op::kLooksLike:
      static_cast<void>(text::load_scripts());
      node.operand = next_of(program_.texts_);
      program_.texts_.push_back(compile_text(operands[0].text));
      break;
    case Op::kAge: {
      node.operand = next_of(program_.ages_);
      const int years = static_cast<int>(number_of(operands[0]));
      Ages ages;
      if (condition.test == Test::kAgeAtLeast) {
        ages.least = years;
      } else {
        ages.least = std::numeric_limits<int>::min();  // below 0: a birth that is to come
        ages.most = years - 1;
      }
      program_.ages_.push_back(ages);
      break;
    }
    case Op::kPercent:
      node.operand = next_of(program_.samples_);
      program_.samples_.push_back({number_of(operands[0]) / 100, operands[1].text.value});
      break;
    case Op::kTime:
      node.operand = next_of(program_.windows_);
      compile_time(condition);
      break;
    default: break;
  }
}

void Compiler::compile_time(const Condition& condition) {
  Window window;
  unsigned days = 0;
  for (std::size_t i = 0; i + 1 < condition.operands.size(); i += 2) {
    const std::string_view key = condition.operands[i].text.value;
    const config::Text& text = condition.operands[i + 1].text;
    if (key == "from" || key == "until") {
      const auto instant = parse_lax_instant(text.value);
      if (!instant) refuse(text, "no date or instant", "as in 2026-12-01 or 2026-12-01T08:00Z");
      (key == "from" ? window.from_s : window.until_s) = instant;
    } else if (key == "days") {
      const std::uint8_t some = parse_days(text.value);
      if (some == 0) refuse(text, "no day of the week", "as in mon, or mon-fri");
      days |= some;
    } else if (key == "hours") {
      if (!parse_hours(text.value, window)) {
        refuse(text, "no hours of the day", "write hours: \"08:00-18:00\"");
      }
    } else if (const auto offset = parse_utc_offset(text.value)) {
      window.utc_offset_minutes = *offset;
    } else {
      refuse(text, "no offset from UTC", "write utc_offset: \"+01:00\"");
    }
  }
  if (days != 0) window.days = static_cast<std::uint8_t>(days);
  if (window.from_s && window.until_s && *window.from_s >= *window.until_s) {
    diagnostics_.error(condition.test_mark, 4, "`from` is not before `until`", "exchange them");
  }
  program_.windows_.push_back(window);
}

}  // namespace core::rules
