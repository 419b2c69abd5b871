#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace load {

/// Members an answer must hold at its top level, as strings: {"givenName", "Anna"}.
using ExpectedClaims = std::vector<std::pair<std::string, std::string>>;

/// What a right answer looks like. The views and the pointer belong to whoever made the request
/// (static text or the request file), which outlives the run.
struct Expectation {
  int status_min = 200;
  int status_max = 200;
  std::string_view action;  // empty: the body is not looked at
  const ExpectedClaims* claims = nullptr;
};

inline constexpr Expectation kExpectContinue{200, 200, "Continue"};
inline constexpr Expectation kExpectBlock{200, 200, "ShowBlockPage"};
inline constexpr Expectation kExpectValidationError{400, 400, "ValidationError"};
inline constexpr Expectation kExpectRefusal{400, 499, {}};

enum class AnswerFault : std::uint8_t { kNone, kStatus, kBody, kAction, kClaims };

/// Compares answers with expectations. Holds a JSON parser, so that checking allocates nothing
/// after the first answers. One per thread.
class AnswerCheck {
 public:
  AnswerCheck();
  ~AnswerCheck();
  AnswerCheck(const AnswerCheck&) = delete;
  AnswerCheck& operator=(const AnswerCheck&) = delete;

  /// kNone when `body` with `status` is what was expected; otherwise the first thing that is not.
  /// An answer with an action that also carries "status" must repeat the HTTP status there
  /// (protocol.md a.6).
  AnswerFault check(int status, std::string_view body, const Expectation& expected);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace load
