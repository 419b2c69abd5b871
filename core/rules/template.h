#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/arena.h"
#include "core/claims/name_table.h"
#include "core/result.h"
#include "core/rules/derived.h"
#include "core/rules/json_path.h"

namespace core::rules {

class Evaluation;
struct FilterRow;
struct Subject;
class Replacement;

/// One of the configuration's `tables`: what the filter `map` looks up, byte for byte.
class ValueTable {
 public:
  void add(std::string value, std::string becomes) {
    rows_.emplace(std::move(value), std::move(becomes));
  }
  /// Null data() when the table has no such value. Never allocates.
  std::string_view find(std::string_view value) const noexcept {
    const auto row = rows_.find(value);
    return row == rows_.end() ? std::string_view{} : std::string_view(row->second);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> rows_;
};
using ValueTables = std::map<std::string, std::shared_ptr<const ValueTable>, std::less<>>;

/// What subjects and templates may name. Converts from a table of names alone.
struct Vocabulary {
  Vocabulary(claims::NameTable& known) noexcept : names(known) {}  // NOLINT: a name table is one
  Vocabulary(claims::NameTable& known, const ValueTables* maps, std::size_t workers,
             bool any_name = false) noexcept
      : names(known), tables(maps), lanes(workers), free_names(any_name) {}

  claims::NameTable& names;
  const ValueTables* tables = nullptr;
  std::size_t lanes = 1;  // workers that will evaluate
  bool free_names = false;  // a caller may name claims as it likes: no name is unlikely
};

/// An argument of a filter: 'text', a number, or the name of a claim or derived value.
struct FilterArgument {
  enum class Kind : std::uint8_t { kText, kNumber, kName };
  Kind kind = Kind::kText;
  std::string text;  // as written, without quotation marks
  std::int64_t number = 0;
  friend bool operator==(const FilterArgument&, const FilterArgument&) = default;
};

/// A filter with its arguments, as one subject uses it.
struct FilterUse {
  const FilterRow* row = nullptr;
  std::vector<FilterArgument> arguments;
  std::vector<Subject> subjects;                   // the arguments that are names
  std::shared_ptr<const Replacement> replacement;  // of `replace`
  std::shared_ptr<const ValueTable> table;         // of `map`
  friend bool operator==(const FilterUse& a, const FilterUse& b) {
    return a.row == b.row && a.arguments == b.arguments;
  }
};

/// Where a value comes from: a claim, a value inside a claim, or a derived value; then filters in
/// order. "country | lower", "identities[0].issuer", "identities.any.issuer".
struct Subject {
  enum class Of : std::uint8_t { kOne, kAny, kAll };  // kAny, kAll: of several values

  bool derived = false;
  bool computed = false;  // more than a claim as it came
  Of of = Of::kOne;
  std::uint16_t id = 0;  // claims::NameId or Derived
  std::vector<PathStep> path;
  std::vector<FilterUse> filters;
  std::vector<claims::NameId> own;    // derived: what its row reads, in the row's order
  std::vector<claims::NameId> reads;  // every claim that the value depends on
  friend bool operator==(const Subject& a, const Subject& b) {
    return a.derived == b.derived && a.id == b.id && a.of == b.of && a.path == b.path &&
           a.filters == b.filters;
  }
};

/// What is wrong with a subject or template, and where in it.
struct TemplateError {
  std::size_t offset;
  std::size_t length;
  std::string message;
  std::string suggestion;
  bool warning = false;
};

/// Reads "name | filter | filter('argument')". Claim names are interned. A name with a dot is a
/// derived value or a member of a claim that is an object. Remarks about names that no B2C user flow
/// sends go to `remarks` as warnings.
Result<Subject, TemplateError> parse_subject(std::string_view text, Vocabulary vocabulary,
                                             std::vector<TemplateError>& remarks);

/// Text with places for values: "Hello {givenName | name_case}". "{{" and "}}" are braces; what stands
/// in quotation marks inside a place is a filter's.
class Template {
 public:
  static constexpr std::size_t kPiecesMax = 64;  // values and the texts between them

  static Result<Template, TemplateError> parse(std::string_view text, Vocabulary vocabulary,
                                               std::vector<TemplateError>& remarks);

  /// True when there is no place for a value: the text is then literal().
  bool is_literal() const noexcept { return pieces_.size() == 1 && !pieces_[0].is_value; }
  std::string_view literal() const noexcept { return pieces_[0].text; }

  /// What the text is in an answer: kString but for one value alone whose last filter makes a number
  /// or boolean of it.
  claims::Kind kind() const noexcept;
  /// Every claim it depends on.
  std::vector<claims::NameId> reads() const;

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
