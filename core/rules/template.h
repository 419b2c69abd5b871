#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/claims/name_table.h"
#include "core/result.h"
#include "core/rules/derived.h"

namespace core::rules {

class Evaluation;

/// A text function that templates and subjects apply behind a '|'. A row is all there is to one.
struct FilterRow {
  std::string_view name;
  std::string_view meaning;  // one line, for the reference
  std::string_view (*apply)(std::string_view text, Arena& arena) noexcept;
};
std::span<const FilterRow> filter_rows() noexcept;

/// Where a value comes from: a claim or a derived value, then filters in order. "country | lower".
struct Subject {
  bool derived = false;
  std::uint16_t id = 0;  // claims::NameId or Derived
  std::vector<const FilterRow*> filters;
  friend bool operator==(const Subject&, const Subject&) = default;
};

/// What is wrong with a subject or template, and where in it.
struct TemplateError {
  std::size_t offset;
  std::size_t length;
  std::string message;
  std::string suggestion;
  bool warning = false;
};

/// Reads "name | filter | filter". Claim names are interned into `names`. A name with a dot must be
/// a derived value. Remarks about names that no B2C user flow sends go to `remarks` as warnings.
Result<Subject, TemplateError> parse_subject(std::string_view text, claims::NameTable& names,
                                             std::vector<TemplateError>& remarks);

/// Text with places for values: "Hello {givenName | name_case}". "{{" and "}}" are braces.
class Template {
 public:
  static constexpr std::size_t kPiecesMax = 64;  // values and the texts between them

  static Result<Template, TemplateError> parse(std::string_view text, claims::NameTable& names,
                                               std::vector<TemplateError>& remarks);

  /// True when there is no place for a value: the text is then literal().
  bool is_literal() const noexcept { return pieces_.size() == 1 && !pieces_[0].is_value; }
  std::string_view literal() const noexcept { return pieces_[0].text; }

  enum class Missing : std::uint8_t { kFails, kIsEmpty };
  enum class Values : std::uint8_t { kAsTheyAre, kForAPerson };

  /// The text with the request's values, good until the next request; for one value alone it is the
  /// value itself, uncopied. Null data() when a value is missing and `missing` says kFails, or when
  /// the arena is full (evaluation.arena().exhausted()). kForAPerson makes values harmless in a
  /// page: see show_to_person().
  std::string_view render(Evaluation& evaluation, Missing missing, Values values) const noexcept;

 private:
  struct Piece {
    bool is_value;
    std::string text;  // literal
    Subject subject;
  };
  std::vector<Piece> pieces_;
};

/// `value` as a page may show it: control characters and bidirectional overrides are dropped, '<'
/// and '>' become the look-alikes U+2039 and U+203A, and it ends after `shown_max` code points.
/// Block pages are HTML drawn by somebody else; this keeps what a caller typed from being markup.
inline constexpr std::size_t kShownMax = 128;
std::string_view show_to_person(std::string_view value, Arena& arena,
                                std::size_t shown_max = kShownMax) noexcept;

}  // namespace core::rules
