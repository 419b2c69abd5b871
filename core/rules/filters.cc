#include "core/rules/filters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/rules/evaluation.h"
#include "core/rules/moment.h"
#include "core/rules/program.h"
#include "core/text/canonical_email.h"
#include "core/text/country.h"
#include "core/text/date.h"
#include "core/text/phone.h"
#include "core/text/postcode.h"
#include "core/text/text.h"
#include "core/text/transforms.h"

namespace core::rules {
namespace {

using claims::Kind;

Value text_value(std::string_view text) noexcept {
  return text.data() == nullptr ? Value{} : Value{Kind::kString, text};
}

/// A text function that has an answer for every text: only a full arena leaves it without one.
template <std::string_view (*kFunction)(std::string_view, Arena&) noexcept>
Value plain(const FilterUse&, Value value, Evaluation& evaluation) noexcept {
  value.text = kFunction(value.text, evaluation.arena());
  if (value.text.data() == nullptr && !evaluation.arena().exhausted()) value.text = "";
  return value;
}

/// One that may have none: the value is missing then.
template <std::string_view (*kFunction)(std::string_view, Arena&) noexcept>
Value perhaps(const FilterUse&, Value value, Evaluation& evaluation) noexcept {
  const std::string_view text = kFunction(value.text, evaluation.arena());
  return text.empty() ? Value{} : text_value(text);
}

/// The country that e164 and format_postcode read a value by.
std::string_view region_of(const FilterUse& use, Evaluation& evaluation) noexcept {
  if (use.subjects.empty()) return use.arguments[0].text;  // as a code, checked
  return text::country_code(evaluation.text_of(use.subjects[0]));
}

Value e164(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  return text_value(text::phone_e164(value.text, region_of(use, evaluation), evaluation.arena()));
}

Value format_postcode(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  const std::string_view code = region_of(use, evaluation);
  if (code.empty()) return {};
  return text_value(text::format_postcode(value.text, code, evaluation.arena()));
}

std::string_view country_code_of(std::string_view text, Arena&) noexcept {
  return text::country_code(text);
}

Value country_name(const FilterUse& use, Value value, Evaluation&) noexcept {
  const std::string_view code = text::country_code(value.text);
  if (code.empty()) return {};
  const std::string_view language =
      use.arguments.empty() ? std::string_view("en") : std::string_view(use.arguments[0].text);
  const std::string_view name = text::country_name(code, language);
  return name.empty() ? Value{} : text_value(name);
}

Value replace(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  value.text = use.replacement->apply(value.text, evaluation.lane(), evaluation.arena());
  return value;
}

Value substring(const FilterUse& use, Value value, Evaluation&) noexcept {
  constexpr std::size_t kAll = static_cast<std::size_t>(-1);
  const std::size_t count =
      use.arguments.size() > 1 ? static_cast<std::size_t>(use.arguments[1].number) : kAll;
  value.text = text::substring(value.text, use.arguments[0].number, count);
  if (value.text.data() == nullptr) value.text = "";
  return value;
}

Value otherwise(const FilterUse& use, Value value, Evaluation&) noexcept {
  return value.present() && !value.text.empty() ? value : text_value(use.arguments[0].text);
}

Value coalesce(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  if (value.present() && !value.text.empty()) return value;
  for (const Subject& subject : use.subjects) {
    const Value other = evaluation.value_of(subject);
    if (other.present() && !other.text.empty()) return other;
  }
  return {};
}

Value map(const FilterUse& use, Value value, Evaluation&) noexcept {
  const std::string_view found =
      value.present() ? use.table->find(value.text) : std::string_view{};
  if (found.data() != nullptr) return text_value(found);
  return use.arguments.size() > 1 ? text_value(use.arguments[1].text) : Value{};
}

Value join(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  return join_items(value, use.arguments[0].text, evaluation.arena());
}

/// The part number `index` between separators; from the end when it is negative.
Value split(const FilterUse& use, Value value, Evaluation&) noexcept {
  const std::string_view separator = use.arguments[0].text;
  std::int64_t index = use.arguments[1].number;
  std::string_view left = value.text;
  if (index >= 0) {
    for (; index > 0; --index) {
      const std::size_t at = left.find(separator);
      if (at == std::string_view::npos) return {};
      left.remove_prefix(at + separator.size());
    }
    return text_value(left.substr(0, left.find(separator)));
  }
  for (; index < -1; ++index) {
    const std::size_t at = left.rfind(separator);
    if (at == std::string_view::npos) return {};
    left = left.substr(0, at);
  }
  const std::size_t at = left.rfind(separator);
  return text_value(at == std::string_view::npos ? left : left.substr(at + separator.size()));
}

Value format_number(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  return text_value(text::format_number(value.text, static_cast<int>(use.arguments[0].number),
                                        evaluation.arena()));
}

Value format_boolean(const FilterUse& use, Value value, Evaluation&) noexcept {
  const std::optional<bool> truth = text::parse_boolean(value.text);
  if (!truth) return {};
  return text_value(use.arguments[*truth ? 0 : 1].text);
}

Value pad_left(const FilterUse& use, Value value, Evaluation& evaluation) noexcept {
  const char32_t fill =
      use.arguments.size() > 1 ? static_cast<unsigned char>(use.arguments[1].text[0]) : U'0';
  return text_value(text::pad_left(
      value.text, static_cast<std::size_t>(use.arguments[0].number), fill, evaluation.arena()));
}

/// True for a number as JSON writes it (RFC 8259, 6).
bool is_json_number(std::string_view text) noexcept {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - first;
  };
  const std::size_t begin = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[begin] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

/// A number in JSON's form: as it is written where that is one, "+42", "042" and " 42 " put right.
/// Missing when it is beyond what readers of JSON hold (RFC 8259, 6): they would refuse the answer.
Value as_number(const FilterUse&, Value value, Evaluation& evaluation) noexcept {
  std::string_view text = text::trim(value.text, evaluation.arena());
  if (text.data() == nullptr) return {};
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  const std::string_view sign = text.starts_with('-') ? text.substr(0, 1) : std::string_view{};
  std::string_view digits = text.substr(sign.size());
  while (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
    digits.remove_prefix(1);
  }
  char* const room = evaluation.arena().allocate(sign.size() + digits.size());
  if (room == nullptr) return {};
  if (!sign.empty()) *room = '-';
  if (!digits.empty()) std::memcpy(room + sign.size(), digits.data(), digits.size());
  const std::string_view number(room, sign.size() + digits.size());
  double held = 0;
  const bool good = is_json_number(number) && number_in(Kind::kNumber, number, held);
  return good ? Value{Kind::kNumber, number} : Value{};
}

Value as_boolean(const FilterUse&, Value value, Evaluation&) noexcept {
  const std::optional<bool> truth = text::parse_boolean(value.text);
  if (!truth) return {};
  return {Kind::kBoolean, *truth ? "true" : "false"};
}

Value age(const FilterUse&, Value value, Evaluation& evaluation) noexcept {
  const auto birth = text::parse_date(value.text);
  if (!birth) return {};
  const int years = text::age_on(*birth, text::date_of(evaluation.now_s(), 0));
  if (years < 0) return {};
  constexpr std::size_t kRoom = 8;
  char* const room = evaluation.arena().allocate(kRoom);
  if (room == nullptr) return {};
  const char* const end = std::to_chars(room, room + kRoom, years).ptr;
  return {Kind::kNumber, {room, static_cast<std::size_t>(end - room)}};
}

using enum FilterTakes;
constexpr FilterRow kFilters[] = {
    {"trim", kNothing, "trim", "without white space at both ends", false, Kind::kString,
     plain<text::trim>},
    {"collapse_spaces", kNothing, "collapse_spaces",
     "trimmed, inner runs of white space made one space", false, Kind::kString,
     plain<text::collapse_spaces>},
    {"lower", kNothing, "lower", "small letters", false, Kind::kString, plain<text::lower>},
    {"upper", kNothing, "upper", "capital letters", false, Kind::kString, plain<text::upper>},
    {"title_case", kNothing, "title_case", "every word begins with a capital, also after ' and -",
     false, Kind::kString, plain<text::title_case>},
    {"name_case", kNothing, "name_case", "a person's name tidied; mixed case is left alone", false,
     Kind::kString, plain<text::name_case>},
    {"nfc", kNothing, "nfc", "Unicode Normalization Form C", false, Kind::kString,
     plain<text::normalise_nfc>},
    {"remove_accents", kNothing, "remove_accents",
     "Latin and Greek letters without their marks: `José` is `Jose`, `Straße` is `Strasse`", false,
     Kind::kString, plain<text::remove_accents>},
    {"digits_only", kNothing, "digits_only",
     "the digits alone, those of other scripts as 0 to 9", false, Kind::kString,
     plain<text::digits_only>},
    {"replace", kPattern, "replace('[^0-9]', '')",
     "every match of the RE2 pattern replaced; `\\0` to `\\9` stand for the match and its groups",
     false, Kind::kString, replace},
    {"substring", kNumbers, "substring(0, 5)",
     "from the character of that number on, counted from 0 or, negative, from the end; so many "
     "characters, or all the rest",
     false, Kind::kString, substring},
    {"split", kTextNumber, "split('-', 0)",
     "the part of that number between the separators; -1 is the last; missing when there is none",
     false, Kind::kString, split},
    {"join", kText, "join(', ')",
     "the items of an array claim, or of a path with `any` or `all`, as one text", false,
     Kind::kString, join},
    {"default", kText, "default('none')", "this text when the value is missing or empty", true,
     Kind::kString, otherwise},
    {"coalesce", kNames, "coalesce(givenName, displayName)",
     "the first of these that is there and not empty, when the value is neither", true,
     Kind::kString, coalesce},
    {"map", kTable, "map(countries, 'other')",
     "what the table of `tables` has for the value; without a row the second argument, else missing",
     true, Kind::kString, map},
    {"e164", kRegion, "e164('SE')",
     "a phone number as `+46701234567`; missing when it is none. A national number is read as one of "
     "that country, or of the claim that is named; without either of `country`",
     false, Kind::kString, e164},
    {"canonical_email", kNothing, "canonical_email", "as `email.canonical`, of any claim", false,
     Kind::kString, perhaps<text::canonical_email>},
    {"country_code", kNothing, "country_code",
     "the ISO 3166-1 code of a country's code or name; missing when it is unknown", false,
     Kind::kString, perhaps<country_code_of>},
    {"country_name", kOptionText, "country_name('sv')",
     "the name of a country in that language, else in English; missing when it is unknown", false,
     Kind::kString, country_name},
    {"format_postcode", kRegion, "format_postcode('GB')",
     "a postal code as that country writes it; missing when it is none. The country as in `e164`",
     false, Kind::kString, format_postcode},
    {"pad_left", kNumberText, "pad_left(8, '0')",
     "filled up at the front to so many characters (256 at most), with `0` or another ASCII character",
     false, Kind::kString, pad_left},
    {"format_number", kNumber, "format_number(2)",
     "a number with so many decimals, rounded half away from zero; missing when it is none", false,
     Kind::kString, format_number},
    {"format_boolean", kTwoTexts, "format_boolean('yes', 'no')",
     "the first text for true, the second for false (also yes/no, on/off, 1/0); else missing", false,
     Kind::kString, format_boolean},
    {"age", kNothing, "age", "full years since a birth date, as a number; missing when it is none",
     false, Kind::kNumber, age},
    {"as_number", kNothing, "as_number",
     "a number in the answer, not a text; missing when it is none", false, Kind::kNumber,
     as_number},
    {"as_boolean", kNothing, "as_boolean",
     "`true` or `false` in the answer, not a text; missing when it is neither", false,
     Kind::kBoolean, as_boolean},
};

}  // namespace

std::span<const FilterRow> filter_rows() noexcept { return kFilters; }

}  // namespace core::rules
