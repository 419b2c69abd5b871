#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.h"
#include "core/claims/claims.h"
#include "core/claims/name_table.h"
#include "core/result.h"
#include "core/rules/template.h"

namespace core::mapping {

/// A value on its way from one side to the other: a string unescaped, a number or boolean as its
/// JSON text, an array or object as JSON. kAbsent: there is none. The text is owned by whoever was
/// asked.
struct Value {
  claims::Kind kind = claims::Kind::kAbsent;
  std::string_view text;
  bool there() const noexcept { return kind != claims::Kind::kAbsent; }
};

/// How a place for a value came out.
enum class Put : std::uint8_t { kDone, kMissing, kUnfit, kMemory };

/// What stands between two braces.
struct Place {
  enum class Source : std::uint8_t {
    kClaim,    // a claim or derived value
    kPointer,  // "/customer/tier": of a JSON reply
    kXpath,    // "xpath:/a/b": of an XML reply
    kHeader,   // "header:X-Tier": a field of a reply
    kText,     // "text:name": a named group of the row's patterns
  };
  enum class As : std::uint8_t { kItself, kString, kNumber, kBoolean };

  Source source = Source::kClaim;
  std::string where;       // the pointer, expression, field name (small letters) or group
  rules::Subject subject;  // kClaim: the value with its filters; else only the filters count
  As as = As::kItself;     // behind the filters: `| as_number`
  std::optional<std::string> fallback;  // behind `??`
  std::size_t slot = 0;    // for whoever keeps something for each place
  std::size_t offset = 0;  // of its opening brace in the text
};

/// Where the values of places come from.
class Values {
 public:
  virtual ~Values() = default;
  /// The value with the place's filters applied; kAbsent when there is none. `memory` becomes true
  /// when scratch memory was missing.
  virtual Value get(const Place& place, bool& memory) = 0;
};

/// Text with places for values, as rules::Template, and besides: values of a reply (where they are
/// allowed), types and defaults. "{country | upper ?? SE}", "{/score | as_number}".
class ValueTemplate {
 public:
  enum class Side : std::uint8_t { kRequest, kResponse };
  static constexpr std::size_t kPiecesMax = 256;

  static Result<ValueTemplate, rules::TemplateError> parse(
      std::string_view text, Side side, rules::Vocabulary names,
      std::vector<rules::TemplateError>& remarks);

  /// A place and nothing else: its value may keep its type.
  bool is_lone() const noexcept { return pieces_.size() == 1 && pieces_[0].place.has_value(); }
  bool is_literal() const noexcept {
    return pieces_.empty() || (pieces_.size() == 1 && !pieces_[0].place);
  }
  std::string_view literal() const noexcept {
    return pieces_.empty() ? std::string_view() : std::string_view(pieces_[0].text);
  }

  struct Piece {
    std::string text;            // literal
    std::optional<Place> place;  // or a value
  };
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  std::vector<Piece>& pieces() noexcept { return pieces_; }

  /// The value of a lone place: typed, its default in place of what is missing.
  Put lone(Values& values, Value& value) const { return value_of(*pieces_[0].place, values, value); }

  /// Appends the text to `out`. Literals are written as they are and values by `write`, which may
  /// refuse one: bool(std::string& out, std::string_view value). A missing value is empty when
  /// `missing_is_empty`; else the result says so and `out` is as it was.
  template <typename Write>
  Put render(Values& values, bool missing_is_empty, std::string& out, Write write) const {
    const std::size_t before = out.size();
    for (const Piece& piece : pieces_) {
      if (!piece.place) {
        out += piece.text;
        continue;
      }
      Value value;
      Put put = value_of(*piece.place, values, value);
      if (put == Put::kMissing && missing_is_empty) continue;
      if (put == Put::kDone && !write(out, value.text)) put = Put::kUnfit;
      if (put != Put::kDone) {
        out.resize(before);
        return put;
      }
    }
    return Put::kDone;
  }

 private:
  static Put value_of(const Place& place, Values& values, Value& value);
  std::vector<Piece> pieces_;
};

/// `value`, of an answer, after the filters of `subject`: those that look at nothing but their value
/// (parse() refuses others). `evaluation` has no claims; it lends its arena and its lane.
rules::Value apply_filters(const rules::Subject& subject, rules::Value value,
                           rules::Evaluation& evaluation) noexcept;

/// True for a number by RFC 8259, 6, from the first byte to the last.
bool is_json_number(std::string_view text) noexcept;

}  // namespace core::mapping
