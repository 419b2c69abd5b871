#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/rules/template.h"

namespace re2 {
class RE2;
}

namespace core::rules {

/// What a filter's arguments are, by place.
enum class FilterTakes : std::uint8_t {
  kNothing,
  kText,        // 'a text'
  kOptionText,  // perhaps 'a text'
  kTwoTexts,
  kPattern,  // 'an RE2 pattern', 'what replaces it'
  kNumber,
  kNumbers,     // one number, perhaps a second
  kTextNumber,  // 'a text', a number
  kNumberText,  // a number, perhaps 'a text'
  kRegion,      // perhaps 'SE' or the name of a claim; otherwise the claim `country`
  kNames,       // names of claims or derived values
  kTable,       // the name of a table, perhaps a 'default'
};

/// A function that templates and subjects apply behind a '|'. A row is all there is to one.
struct FilterRow {
  std::string_view name;
  FilterTakes takes;
  std::string_view usage;    // as it is written
  std::string_view meaning;  // one line, for the reference
  bool takes_missing;        // it is asked for a missing value too
  claims::Kind makes;        // what the result is in an answer
  /// The new value. A value without text (null data()) is missing.
  Value (*apply)(const FilterUse& use, Value value, Evaluation& evaluation) noexcept;
};
std::span<const FilterRow> filter_rows() noexcept;

/// Reads one filter, "name" or "name(arguments)", and prepares what its arguments say.
/// `offset` is where `text` stands in the subject; errors are relative to the subject.
Result<FilterUse, TemplateError> parse_filter(std::string_view text, std::size_t offset,
                                              Vocabulary vocabulary,
                                              std::vector<TemplateError>& remarks);

/// The place of the first `wanted` in `text` from `at` on that stands in no quotation marks; npos
/// when there is none.
std::size_t find_unquoted(std::string_view text, char wanted, std::size_t at) noexcept;

/// What `replace` does: every match of an RE2 pattern becomes a text in which \0 to \9 are the match
/// and its groups. One RE2 a lane, see pattern.h.
class Replacement {
 public:
  /// Why it cannot be, for a person; empty when it can.
  static std::string compile(std::string_view pattern, std::string_view by, std::size_t lanes,
                             std::shared_ptr<const Replacement>& out);
  ~Replacement();

  /// In `arena`; null data() when it is full.
  std::string_view apply(std::string_view text, std::size_t lane, Arena& arena) const noexcept;

 private:
  static constexpr int kGroupsMax = 10;
  struct Part {
    int group = -1;  // or
    std::string text;
  };
  Replacement();
  std::vector<Part> parts_;
  int groups_ = 1;
  std::vector<std::unique_ptr<re2::RE2>> lanes_;
};

/// The filters as docs/rules.md has them, in Markdown.
std::string filters_markdown();

}  // namespace core::rules
