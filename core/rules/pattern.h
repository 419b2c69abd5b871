#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace re2 {
class RE2;
}

namespace core::rules {

/// A pattern that RE2 refuses.
struct PatternError {
  std::string why;  // RE2's words
};

/// One `matches` pattern: RE2's syntax and meaning, found anywhere in the text unless anchored,
/// always in linear time.
///
/// Most patterns of sign-up rules are a row of character classes between ^ and $, such as
/// ^\d{3} ?\d{2}$. Those are matched by a byte loop of a few ns (`is_simple`); the rest by RE2,
/// about 100 ns. A loop is used only where greedy matching cannot differ from RE2: no class may
/// begin what can follow a repetition of a class it overlaps with. tests/core/rules compares the
/// two on random patterns and texts.
///
/// RE2 takes a reader lock that is one cache line for all threads, so each lane (a worker) has
/// its own RE2. Immutable; any thread, but one thread a lane at a time.
class Pattern {
 public:
  /// Compiles `expression` for lanes 0 to `lanes` - 1.
  static Result<Pattern, PatternError> compile(std::string_view expression, std::size_t lanes);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// True when the pattern is found in `text`. May allocate inside RE2 until its automaton is warm.
  bool matches(std::string_view text, std::size_t lane) const noexcept;

  /// True when the byte loop is used.
  bool is_simple() const noexcept { return lanes_.empty(); }
  std::string_view expression() const noexcept { return expression_; }

 private:
  /// A class of ASCII bytes, repeated.
  struct Item {
    std::array<std::uint64_t, 2> set;
    std::uint32_t min, max;
    bool has(unsigned char byte) const noexcept {
      return byte < 128 && ((set[byte >> 6] >> (byte & 63)) & 1) != 0;
    }
  };
  Pattern() = default;
  static bool parse_simple(std::string_view expression, std::vector<Item>& items);
  bool run_simple(std::string_view text) const noexcept;

  std::string expression_;
  std::vector<Item> items_;
  std::vector<std::unique_ptr<re2::RE2>> lanes_;
};

}  // namespace core::rules
