#include "core/mapping/value_template.h"

#include "core/rules/evaluation.h"
#include "core/rules/filters.h"

#include <algorithm>
#include <utility>

#include "core/config/diagnostics.h"

namespace core::mapping {
namespace {

using rules::TemplateError;

constexpr std::string_view kBlanks = " \t";

/// Bytes of `text` that stand in quotation marks: an apostrophe counts only where an expression may
/// have one.
class Quotes {
 public:
  explicit Quotes(bool apostrophes) noexcept : apostrophes_(apostrophes) {}
  /// True when `c` is, or closes, a quoted part.
  bool inside(char c) noexcept {
    if (open_ != 0) {
      if (c == open_) open_ = 0;
      return true;
    }
    if (c != '"' && !(c == '\'' && apostrophes_)) return false;
    open_ = c;
    return true;
  }
  void allow_apostrophes() noexcept { apostrophes_ = true; }

 private:
  bool apostrophes_;
  char open_ = 0;
};

/// The closing brace of the place whose inside begins at `from`. Braces in quotation marks do not
/// close it: those of an XPath expression, and those of a filter's argument.
std::size_t find_close(std::string_view text, std::size_t from) {
  const std::size_t name = std::min(text.find_first_not_of(kBlanks, from), text.size());
  const bool expression = text.substr(name, 6) == "xpath:";
  bool quoting = expression;
  Quotes quotes(expression);
  for (std::size_t at = from; at < text.size(); ++at) {
    if (quoting && quotes.inside(text[at])) continue;
    if (text[at] == '}') return at;
    if (text[at] == '|' || text.substr(at, 2) == "??") {
      quoting = true;
      quotes.allow_apostrophes();
    }
  }
  return std::string_view::npos;
}

/// The first `word` outside of quotation marks, npos when there is none.
std::size_t find_outside(std::string_view text, std::string_view word, bool quoting) {
  Quotes quotes(true);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quoting && quotes.inside(text[at])) continue;
    if (text.substr(at, word.size()) == word) return at;
    if (text[at] == '|') quoting = true;
  }
  return std::string_view::npos;
}

struct Prefix {
  std::string_view word;
  Place::Source source;
};
constexpr Prefix kPrefixes[] = {
    {"xpath:", Place::Source::kXpath},
    {"header:", Place::Source::kHeader},
    {"text:", Place::Source::kText},
};

Place::Source source_of(std::string_view name, std::size_t& prefix) {
  prefix = 0;
  if (name.starts_with('/')) return Place::Source::kPointer;
  for (const Prefix& row : kPrefixes) {
    if (!name.starts_with(row.word)) continue;
    prefix = row.word.size();
    return row.source;
  }
  return Place::Source::kClaim;
}

/// Takes `| as_number` and its like off the end of `text`.
Place::As take_type(std::string_view& text) {
  constexpr std::pair<std::string_view, Place::As> kTypes[] = {
      {"as_string", Place::As::kString},
      {"as_number", Place::As::kNumber},
      {"as_boolean", Place::As::kBoolean},
  };
  const std::size_t bar = text.rfind('|');
  if (bar == std::string_view::npos) return Place::As::kItself;
  const std::string_view word = core::text::trim_blanks(text.substr(bar + 1));
  for (const auto& [name, as] : kTypes) {
    if (word != name) continue;
    text = text.substr(0, bar);
    return as;
  }
  return Place::As::kItself;
}

/// Takes the default off the end of `text`: what is behind `??`, without quotation marks around it.
std::optional<std::string> take_fallback(std::string_view& text, bool expression) {
  const std::size_t at = find_outside(text, "??", expression);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view fallback = core::text::trim_blanks(text.substr(at + 2));
  if (fallback.size() >= 2 && (fallback.front() == '"' || fallback.front() == '\'') &&
      fallback.back() == fallback.front()) {
    fallback = fallback.substr(1, fallback.size() - 2);
  }
  text = text.substr(0, at);
  return std::string(fallback);
}

/// RFC 6901, 3: '~' only as ~0 and ~1.
bool is_pointer(std::string_view text) {
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

TemplateError shifted(TemplateError error, std::size_t by) {
  error.offset += by;
  return error;
}

/// The inside of a place, which begins `from` bytes into its text.
Result<Place, TemplateError> parse_place(std::string_view inside, std::size_t from,
                                         ValueTemplate::Side side, rules::Vocabulary names,
                                         std::vector<TemplateError>& remarks) {
  Place place;
  const std::size_t lead = std::min(inside.find_first_not_of(kBlanks), inside.size());
  std::size_t prefix = 0;
  place.source = source_of(inside.substr(lead), prefix);
  const bool expression = place.source == Place::Source::kXpath;
  std::string_view rest = inside;
  place.fallback = take_fallback(rest, expression);
  place.as = take_type(rest);
  if (place.source == Place::Source::kClaim) {
    const std::size_t first = remarks.size();
    auto subject = rules::parse_subject(rest, names, remarks);
    for (std::size_t i = first; i < remarks.size(); ++i) remarks[i].offset += from;
    if (!subject) return shifted(subject.error(), from);
    place.subject = std::move(subject).value();
    return place;
  }
  if (side == ValueTemplate::Side::kRequest) {
    return TemplateError{from + lead, rest.size() - lead,
                         "a value of the backend's answer, before it was asked",
                         "such values are for `response`"};
  }
  const std::size_t bar = std::min(find_outside(rest, "|", expression), rest.size());
  const std::string_view where = core::text::trim_blanks(rest.substr(0, bar)).substr(prefix);
  place.where = core::text::trim_blanks(where);
  if (place.where.empty()) {
    return TemplateError{from + lead, 1, "the place in the answer is missing",
                         "write {/customer/tier}, {xpath:/a/b}, {header:X-Tier} or {text:name}"};
  }
  if (place.source == Place::Source::kPointer && !is_pointer(place.where)) {
    return TemplateError{from + lead, place.where.size(), "no JSON pointer (RFC 6901)",
                         "write ~0 for \"~\" and ~1 for \"/\""};
  }
  if (place.source == Place::Source::kHeader) {
    std::transform(place.where.begin(), place.where.end(), place.where.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
  }
  if (bar == rest.size()) return place;
  // The filters are parsed behind a claim that every table has.
  constexpr std::string_view kStandIn = "email";
  std::vector<TemplateError> ignored;
  auto subject =
      rules::parse_subject(std::string(kStandIn) + std::string(rest.substr(bar)), names, ignored);
  if (!subject) {
    TemplateError error = subject.error();
    error.offset = error.offset >= kStandIn.size() ? error.offset - kStandIn.size() + bar : bar;
    return shifted(std::move(error), from);
  }
  place.subject = std::move(subject).value();
  for (const rules::FilterUse& filter : place.subject.filters) {
    if (filter.subjects.empty() && filter.row->name != "age") continue;
    return TemplateError{from + bar, rest.size() - bar,
                         "the filter \"" + std::string(filter.row->name) +
                             "\" looks at claims or the time, and an answer has neither",
                         filter.row->takes == rules::FilterTakes::kRegion
                             ? "write the region: " + std::string(filter.row->name) + "('SE')"
                             : "let a rule behind `ask` do it"};
  }
  return place;
}

}  // namespace

Result<ValueTemplate, TemplateError> ValueTemplate::parse(std::string_view text, Side side,
                                                          rules::Vocabulary names,
                                                          std::vector<TemplateError>& remarks) {
  ValueTemplate parsed;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) parsed.pieces_.push_back({std::exchange(literal, {}), std::nullopt});
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      literal += c;
      at += 2;
    } else if (c == '}') {
      return TemplateError{at, 1, "\"}\" without a \"{\"", "write }} for the character itself"};
    } else if (c == '{') {
      const std::size_t close = find_close(text, at + 1);
      if (close == std::string_view::npos) {
        return TemplateError{at, 1, "\"{\" without a \"}\"", "write {{ for the character itself"};
      }
      auto place = parse_place(text.substr(at + 1, close - at - 1), at + 1, side, names, remarks);
      if (!place) return std::move(place).error();
      flush();
      parsed.pieces_.push_back({{}, std::move(place).value()});
      parsed.pieces_.back().place->offset = at;
      at = close + 1;
    } else {
      literal += c;
      ++at;
    }
  }
  flush();
  if (parsed.pieces_.size() > kPiecesMax) {
    return TemplateError{0, 1, "more than " + std::to_string(kPiecesMax) + " pieces in one text", ""};
  }
  return parsed;
}

Put ValueTemplate::value_of(const Place& place, Values& values, Value& value) {
  bool memory = false;
  value = values.get(place, memory);
  if (memory) return Put::kMemory;
  if (!value.there()) {
    if (!place.fallback) return Put::kMissing;
    value = {claims::Kind::kString, *place.fallback};
  }
  switch (place.as) {
    case Place::As::kItself:
      return Put::kDone;
    case Place::As::kString:
      value.kind = claims::Kind::kString;
      return Put::kDone;
    case Place::As::kNumber:
      if (!is_json_number(value.text)) return Put::kUnfit;
      value.kind = claims::Kind::kNumber;
      return Put::kDone;
    case Place::As::kBoolean:
      if (value.text != "true" && value.text != "false") return Put::kUnfit;
      value.kind = claims::Kind::kBoolean;
      return Put::kDone;
  }
  return Put::kMissing;
}

rules::Value apply_filters(const rules::Subject& subject, rules::Value value,
                           rules::Evaluation& evaluation) noexcept {
  for (const rules::FilterUse& filter : subject.filters) {
    if (value.text.data() == nullptr && !filter.row->takes_missing) return value;
    value = filter.row->apply(filter, value, evaluation);
    if (evaluation.arena().exhausted()) return {};
  }
  return value;
}

bool is_json_number(std::string_view text) noexcept {
  const auto digits = [&text]() {
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(size);
    return size;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('0')) {
    text.remove_prefix(1);
  } else if (digits() == 0) {
    return false;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

}  // namespace core::mapping
